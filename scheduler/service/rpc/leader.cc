#include "scheduler/service/rpc/leader.h"

#include <grpcpp/health_check_service_interface.h>

#include <cmath>
#include <future>
#include <optional>

#include "proto/http/metrics_text.h"
#include "scheduler/base/log.h"
#include "scheduler/service/agents/agent_service.h"
#include "scheduler/service/config/scheduler_config.h"
#include "scheduler/service/metrics/state_metrics.h"
#include "scheduler/service/rpc/first_start.h"
#include "scheduler/service/rpc/identity_service.h"
#include "scheduler/service/rpc/job_service.h"
#include "scheduler/service/rpc/listening.h"
#include "scheduler/service/rpc/node_service.h"
#include "scheduler/service/rpc/reservation_service.h"
#include "scheduler/service/rpc/status_service.h"
#include "scheduler/service/rpc/tenant_service.h"

namespace gusu::service {
namespace {

using config::v1::SchedulerConfig;
using Clock = std::chrono::system_clock;

// Calls and streams have so long to end by themselves; the rest of the 5 s is for the journal.
constexpr std::chrono::milliseconds kEndOfCalls{1500};
constexpr std::chrono::seconds kPatience{2};

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(duration.seconds() * 1000 + duration.nanos() / 1'000'000);
}

core::Slices to_starts(const v1::SliceProfile& profile) {
    core::Slices starts = 0;
    for (const int start : profile.starts()) {
        starts = static_cast<core::Slices>(starts | 1 << start);
    }
    return starts;
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
        for (const v1::SliceProfile& profile : each.profiles()) {
            catalogue.back().profiles.push_back({.name = profile.name(),
                                                 .size = profile.slices(),
                                                 .of = each.slices(),
                                                 .starts = to_starts(profile)});
        }
    }
    return catalogue;
}

EngineOptions engine_options(const LeaderOptions& options, ProcessMetrics& metrics) {
    const SchedulerConfig& config = options.config;
    return {.retention = {.keep_for = to_duration(config.keep_ended_for()),
                          .keep_at_most = static_cast<std::size_t>(config.keep_ended_jobs())},
            .lease = to_duration(config.agent_lease()) + LinkOptions{}.kill_time,
            .policy = to_policy(config.policy()),
            .pass_took = [&metrics](double seconds) { metrics.pass_took(seconds); },
            .commit_took = [&metrics](double seconds) { metrics.commit_took(seconds); },
            .full_pass_started = [&metrics](int jobs) { metrics.full_pass_started(jobs); },
            .deposed = options.deposed};
}

AgentServiceOptions agent_options(const SchedulerConfig& config, const TlsFiles& tls,
                                  ProcessMetrics& metrics) {
    AgentServiceOptions options;
    options.links.lease = to_duration(config.agent_lease());
    options.links.execs = {
        .opened = [&metrics] { metrics.exec_opened(); },
        .closed = [&metrics](ExecResult result) { metrics.exec_closed(to_text(result)); }};
    options.authority = {.certificate = tls.authority, .key = tls.authority_key};
    return options;
}

}  // namespace

class Leader::Parts {
public:
    Parts(LeaderOptions options, std::unique_ptr<store::Journal> journal,
          std::unique_ptr<store::History> history)
        : options_(std::move(options)),
          journal_(std::move(journal)),
          history_(std::move(history)),
          engine_(*journal_, engine_options(options_, metrics_)),
          agents_(engine_, agent_options(config_, options_.tls, metrics_)),
          platform_{engine_,
                    *history_,
                    worker_,
                    forecaster_,
                    authenticator_,
                    hub_,
                    metrics_,
                    agents_.logs(),
                    agents_.execs(),
                    [this](const std::string& node, v1::CheckDevices order) {
                        return agents_.check_devices(node, std::move(order));
                    },
                    agents_.starting()} {
        listen_to_engine();
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
    ~Parts() { stop(); }

    Status follow() { return engine_.follow(); }

    Status start(const Start& start) {
        if (Status started = engine_.start(to_catalogue(config_), start.longer); !started) {
            return started;
        }
        know_people();
        if (Status served = serve_grpc(start.listen); !served) {
            return served;
        }
        if (Status founded = found(); !founded) {
            return founded;
        }
        tell_ready();
        return Done{};
    }

    void stop() {
        if (stopped_.exchange(true)) {
            return;
        }
        ready_ = false;
        hub_.stop();
        agents_.shutdown();
        stop_grpc();
        forecaster_.stop();
        worker_.stop();
        engine_.stop();
    }

    void turn_away(const std::string& why) { authenticator_.turn_away(why); }
    void let_in() { authenticator_.let_in(); }

    HostPort address() const { return listening_.address; }

    HttpReply metrics() const {
        const prometheus::Collectable* const sources[] = {&metrics_.source(), &state_metrics_};
        return metrics_reply(sources);
    }

    HttpReply readiness() {
        const std::string trouble = engine_.trouble();
        if (!trouble.empty()) {
            return {.status = 503, .body = "the journal cannot be written: " + trouble + "\n"};
        }
        if (const std::string why = authenticator_.why_turned_away(); !why.empty()) {
            return {.status = 503, .body = why + "\n"};
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

    Status serve_grpc(const HostPort& address) {
        auto listening = listen(address, options_.tls,
                                {.services = {&jobs_, &tenants_, &nodes_, &reservations_,
                                              &identity_, &status_, &agents_}});
        if (!listening) {
            return listening.error();
        }
        listening_ = std::move(*listening);
        leadership_.address = reachable_address(config_, listening_.address);
        leadership_.version = kVersion;
        return Done{};
    }

    Status found() {
        return found_platform(engine_, {.state_dir = config_.state_dir(),
                                        .scheduler = leadership_.address,
                                        .authority = options_.tls.authority});
    }

    void tell_ready() {
        for (const char* service :
             {v1::JobService::service_full_name(), v1::TenantService::service_full_name(),
              v1::NodeService::service_full_name(), v1::ReservationService::service_full_name(),
              v1::IdentityService::service_full_name(), v1::StatusService::service_full_name(),
              v1::AgentService::service_full_name()}) {
            listening_.server->GetHealthCheckService()->SetServingStatus(service, true);
        }
        ready_ = true;
        spdlog::info("leads grpc={} epoch={}", leadership_.address, engine_.epoch());
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

    const LeaderOptions options_;
    const SchedulerConfig& config_ = options_.config;
    const std::unique_ptr<store::Journal> journal_;
    const std::unique_ptr<store::History> history_;
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
    std::atomic<bool> ready_ = false;
    std::atomic<bool> stopped_ = false;
};

Leader::Leader(LeaderOptions options, std::unique_ptr<store::Journal> journal,
               std::unique_ptr<store::History> history)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(journal), std::move(history))) {}

Leader::~Leader() = default;

Status Leader::follow() { return parts_->follow(); }
Status Leader::start(const Start& start) { return parts_->start(start); }
void Leader::stop() { parts_->stop(); }
void Leader::turn_away(const std::string& why) { parts_->turn_away(why); }
void Leader::let_in() { parts_->let_in(); }
HostPort Leader::address() const { return parts_->address(); }
HttpReply Leader::metrics() const { return parts_->metrics(); }
HttpReply Leader::readiness() const { return parts_->readiness(); }

}  // namespace gusu::service
