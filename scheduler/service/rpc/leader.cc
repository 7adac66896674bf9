#include "scheduler/service/rpc/server.h"

#include <grpcpp/health_check_service_interface.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <future>
#include <optional>

#include "proto/http/metrics_text.h"
#include "proto/http/server.h"
#include "scheduler/base/log.h"
#include "scheduler/service/agents/agent_service.h"
#include "scheduler/service/config/scheduler_config.h"
#include "scheduler/service/identity/atomic_file.h"
#include "scheduler/service/metrics/state_metrics.h"
#include "scheduler/service/rpc/first_start.h"
#include "scheduler/service/rpc/identity_service.h"
#include "scheduler/service/rpc/job_service.h"
#include "scheduler/service/rpc/listening.h"
#include "scheduler/service/rpc/node_service.h"
#include "scheduler/service/rpc/reservation_service.h"
#include "scheduler/service/rpc/status_service.h"
#include "scheduler/service/rpc/tenant_service.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_journal.h"

namespace gusu::service {
namespace {

namespace fs = std::filesystem;
using config::v1::SchedulerConfig;
using Clock = std::chrono::system_clock;

// Calls and streams have so long to end by themselves; the rest of the 5 s is for the journal.
constexpr std::chrono::milliseconds kEndOfCalls{1500};
constexpr std::chrono::seconds kPatience{2};

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(duration.seconds() * 1000 + duration.nanos() / 1'000'000);
}

std::vector<core::Accelerator> to_catalogue(const SchedulerConfig& config) {
    std::vector<core::Accelerator> catalogue;
    for (const v1::Accelerator& each : config.accelerators()) {
        catalogue.push_back(
            {.name = each.name(),
             .vendor = each.vendor(),
             .memory = Amount(each.memory()),
             .fp16_gflops = std::llround(each.fp16_tflops() * 1000),
             .origin = each.domestic() ? core::Origin::Domestic : core::Origin::Abroad,
             .milli_equivalents = std::llround(each.gpu_equivalents() * 1000)});
    }
    return catalogue;
}

EngineOptions engine_options(const SchedulerConfig& config, ProcessMetrics& metrics) {
    return {.retention = {.keep_for = to_duration(config.keep_ended_for()),
                          .keep_at_most = static_cast<std::size_t>(config.keep_ended_jobs())},
            .lease = to_duration(config.agent_lease()) + LinkOptions{}.kill_time,
            .policy = to_policy(config.policy()),
            .pass_took = [&metrics](double seconds) { metrics.pass_took(seconds); },
            .commit_took = [&metrics](double seconds) { metrics.commit_took(seconds); },
            .full_pass_started = [&metrics](int jobs) { metrics.full_pass_started(jobs); }};
}

AgentServiceOptions agent_options(const SchedulerConfig& config, const TlsFiles& tls) {
    AgentServiceOptions options;
    options.links.lease = to_duration(config.agent_lease());
    options.authority = {.certificate = tls.authority, .key = tls.authority_key};
    return options;
}

// What listens on all addresses is found on this machine's own.
std::string reachable(HostPort address) {
    if (address.host == "0.0.0.0" || address.host == "::") {
        address.host = "127.0.0.1";
    }
    return format_host_port(address);
}

}  // namespace

class Server::Parts {
public:
    Parts(const SchedulerConfig& config, std::unique_ptr<store::Journal> journal,
          std::unique_ptr<store::History> history, TlsFiles tls)
        : config_(config),
          journal_(std::move(journal)),
          history_(std::move(history)),
          tls_(std::move(tls)),
          engine_(*journal_, engine_options(config, metrics_)),
          agents_(engine_, agent_options(config, tls_)),
          platform_{engine_,        *history_, worker_,  forecaster_,
                    authenticator_, hub_,      metrics_, agents_.logs()} {}
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
    ~Parts() { stop(); }

    Status start() {
        listen_to_engine();
        if (Status started = engine_.start(to_catalogue(config_)); !started) {
            return started;
        }
        know_people();
        for (const auto step :
             {&Parts::serve_grpc, &Parts::found, &Parts::serve_http, &Parts::tell_ready}) {
            if (Status done = (this->*step)(); !done) {
                return done;
            }
        }
        return Done{};
    }

    void stop() {
        if (stopped_.exchange(true)) {
            return;
        }
        ready_ = false;
        if (http_ != nullptr) {
            http_->stop();
        }
        hub_.stop();
        agents_.shutdown();
        stop_grpc();
        forecaster_.stop();
        worker_.stop();
        engine_.stop();
    }

    std::string grpc_address() const { return reachable(listening_.address); }
    std::string http_address() const { return reachable(http_->address()); }

private:
    void listen_to_engine() {
        engine_.listen([this](core::Scheduler&, const core::Events& events, Time now) -> Release {
            authenticator_.see(events, now);
            return {};
        });
        engine_.listen([this](core::Scheduler& scheduler, const core::Events& events, Time now) {
            return hub_.see(scheduler, events, now);
        });
        engine_.listen([this](core::Scheduler& scheduler, const core::Events& events, Time) {
            return metrics_.see(scheduler.state(), events);
        });
    }

    void know_people() {
        std::promise<void> known;
        engine_.read([this, &known](core::Scheduler& scheduler, Time now) -> Release {
            authenticator_.know(scheduler.state(), now);
            leadership_.started = now;
            return [&known](const Status&) { known.set_value(); };
        });
        known.get_future().get();
    }

    Status serve_grpc() {
        const auto address = parse_host_port(config_.listen());
        if (!address) {
            return Error{address.error().code, "listen: " + address.error().message};
        }
        auto listening =
            listen(*address, tls_,
                   {&jobs_, &tenants_, &nodes_, &reservations_, &identity_, &status_, &agents_});
        if (!listening) {
            return listening.error();
        }
        listening_ = std::move(*listening);
        leadership_.address = grpc_address();
        leadership_.version = kVersion;
        return Done{};
    }

    Status found() {
        return found_platform(engine_, {.state_dir = config_.state_dir(),
                                        .scheduler = grpc_address(),
                                        .authority = tls_.authority});
    }

    Status serve_http() {
        const auto address = parse_host_port(config_.http().listen());
        if (!address) {
            return Error{address.error().code, "http.listen: " + address.error().message};
        }
        const auto security = http_security(config_.http().insecure(), *address);
        if (!security) {
            return security.error();
        }
        auto started = HttpServer::start(
            {.listen = *address,
             .security = *security,
             .certificate = tls_.certificate,
             .key = tls_.key,
             .routes = [this](std::string_view target) { return reply(target); }});
        if (!started) {
            return started.error();
        }
        http_ = std::move(*started);
        return Done{};
    }

    Status tell_ready() {
        for (const char* service :
             {v1::JobService::service_full_name(), v1::TenantService::service_full_name(),
              v1::NodeService::service_full_name(), v1::ReservationService::service_full_name(),
              v1::IdentityService::service_full_name(), v1::StatusService::service_full_name(),
              v1::AgentService::service_full_name()}) {
            listening_.server->GetHealthCheckService()->SetServingStatus(service, true);
        }
        ready_ = true;
        if (!config_.ready_file().empty()) {
            const std::string json = "{\"grpc\":\"" + grpc_address() + "\",\"http\":\"" +
                                     http_address() + "\",\"pid\":" + std::to_string(::getpid()) +
                                     "}\n";
            constexpr mode_t kReadable = 0644;
            if (Status written = write_file_atomically(config_.ready_file(), json, kReadable);
                !written) {
                return written;
            }
        }
        spdlog::info("ready grpc={} http={} state_dir={} epoch={}", grpc_address(), http_address(),
                     config_.state_dir(), engine_.epoch());
        return Done{};
    }

    HttpReply reply(std::string_view target) {
        if (target == "/metrics") {
            const prometheus::Collectable* const sources[] = {&metrics_.source(), &state_metrics_};
            return metrics_reply(sources);
        }
        if (target == "/healthz") {
            return {.status = 200, .body = "alive\n"};
        }
        return target == "/readyz" ? readiness() : http_not_found(target);
    }

    HttpReply readiness() {
        const std::string trouble = engine_.trouble();
        if (!trouble.empty()) {
            return {.status = 503, .body = "the journal cannot be written: " + trouble + "\n"};
        }
        if (!ready_) {
            return {.status = 503, .body = "starting or stopping\n"};
        }
        if (!answers(engine_, kPatience)) {
            return {.status = 503, .body = "the engine has not answered within 2 s\n"};
        }
        return {.status = 200,
                .body = "ready: leads in epoch " + std::to_string(engine_.epoch()) + "\n"};
    }

    // Calls that wait for a journal that cannot be written are only released by the engine's stop.
    void stop_grpc() {
        if (listening_.server == nullptr) {
            return;
        }
        auto ended = std::async(std::launch::async, [this] {
            listening_.server->Shutdown(Clock::now() + kEndOfCalls);
        });
        if (ended.wait_for(2 * kEndOfCalls) != std::future_status::ready) {
            engine_.stop();
        }
        ended.wait();
    }

    const SchedulerConfig config_;
    const std::unique_ptr<store::Journal> journal_;
    const std::unique_ptr<store::History> history_;
    const TlsFiles tls_;
    ProcessMetrics metrics_;
    Authenticator authenticator_;
    JobHub hub_;
    Worker worker_;
    Worker forecaster_;
    Engine engine_;
    AgentService agents_;
    Platform platform_;
    Leadership leadership_;
    JobService jobs_{platform_};
    TenantService tenants_{platform_};
    NodeService nodes_{platform_};
    ReservationService reservations_{platform_};
    IdentityService identity_{platform_};
    StatusService status_{platform_, leadership_};
    StateMetrics state_metrics_{engine_};
    Listening listening_;
    std::unique_ptr<HttpServer> http_;
    std::atomic<bool> ready_ = false;
    std::atomic<bool> stopped_ = false;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

void Server::stop() { parts_->stop(); }

std::string Server::grpc_address() const { return parts_->grpc_address(); }

std::string Server::http_address() const { return parts_->http_address(); }

Result<std::unique_ptr<Server>> Server::start(const SchedulerConfig& config) {
    const fs::path state_dir = config.state_dir();
    std::error_code error;
    fs::create_directories(state_dir, error);
    if (error) {
        return Error{ErrorCode::FailedPrecondition,
                     "state_dir: cannot create " + state_dir.string() + ": " + error.message()};
    }
    // First of all, since its lock keeps a second scheduler out of the folder.
    const fs::path file = state_dir / "journal.sqlite";
    auto journal = store::SqliteJournal::open(file);
    if (!journal) {
        return journal.error();
    }
    auto tls = provide_tls(config.tls(), state_dir);
    if (!tls) {
        return tls.error();
    }
    auto rows = store::open_rows(file);
    if (!rows) {
        return rows.error();
    }
    auto parts = std::make_unique<Parts>(config, std::move(*journal),
                                         std::make_unique<store::History>(std::move(*rows)),
                                         std::move(*tls));
    if (const Status started = parts->start(); !started) {
        return started.error();
    }
    return std::unique_ptr<Server>(new Server(std::move(parts)));
}

}  // namespace gusu::service
