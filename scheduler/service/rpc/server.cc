#include "scheduler/service/rpc/server.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>

#include "proto/http/metrics_text.h"
#include "scheduler/base/log.h"
#include "scheduler/service/identity/atomic_file.h"
#include "scheduler/service/metrics/state_metrics.h"
#include "scheduler/service/rpc/contender.h"
#include "scheduler/store/file_lock.h"
#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_journal.h"

namespace gusu::service {
namespace {

namespace fs = std::filesystem;
using config::v1::SchedulerConfig;

Result<std::shared_ptr<Leader>> leader_with_sqlite(const SchedulerConfig& config,
                                                   std::unique_ptr<store::Journal> journal,
                                                   const TlsFiles& tls) {
    auto rows = store::open_rows(fs::path(config.state_dir()) / "journal.sqlite");
    if (!rows) {
        return rows.error();
    }
    const auto listen = parse_host_port(config.listen());
    if (!listen) {
        return Error{listen.error().code, "listen: " + listen.error().message};
    }
    auto leader =
        std::make_shared<Leader>(LeaderOptions{.config = config, .tls = tls}, std::move(journal),
                                 std::make_unique<store::History>(std::move(*rows)));
    if (const Status started = leader->start({.listen = *listen}); !started) {
        return started.error();
    }
    return leader;
}

HttpReply standby_metrics() {
    const StandbyMetrics standby;
    const prometheus::Collectable* const sources[] = {&standby};
    return metrics_reply(sources);
}

}  // namespace

class Server::Parts {
public:
    explicit Parts(const SchedulerConfig& config) : config_(config) {}
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
    ~Parts() { stop(); }

    Status start(const std::function<void(const Error&)>& failed) {
        if (Status prepared = config_.store().postgresql().empty() ? lead() : contend(failed);
            !prepared) {
            return prepared;
        }
        if (Status served = serve_http(); !served) {
            return served;
        }
        return tell_ready();
    }

    void stop() {
        if (stopped_.exchange(true)) {
            return;
        }
        if (http_ != nullptr) {
            http_->stop();
        }
        if (contender_ != nullptr) {
            contender_->stop();
        }
        if (only_leader_ != nullptr) {
            only_leader_->stop();
        }
    }

    std::string grpc_address() const {
        return reachable_address(
            config_, contender_ != nullptr ? contender_->address() : only_leader_->address());
    }
    std::string http_address() const {
        HostPort address = http_->address();
        address.host = is_every_address(address.host) ? "127.0.0.1" : address.host;
        return format_host_port(address);
    }

private:
    // With SQLite, whose lock keeps a second scheduler out of state_dir.
    Status lead() {
        auto journal = store::SqliteJournal::open(fs::path(config_.state_dir()) / "journal.sqlite");
        if (!journal) {
            return journal.error();
        }
        if (Status provided = take_tls(); !provided) {
            return provided;
        }
        auto leader = leader_with_sqlite(config_, std::move(*journal), tls_);
        if (!leader) {
            return leader.error();
        }
        only_leader_ = std::move(*leader);
        return Done{};
    }

    Status contend(const std::function<void(const Error&)>& failed) {
        auto lock = store::FileLock::take(fs::path(config_.state_dir()) / "scheduler.lock");
        if (!lock) {
            return lock.error();
        }
        lock_.emplace(std::move(*lock));
        if (Status provided = take_tls(); !provided) {
            return provided;
        }
        auto contender = Contender::start(config_, tls_, failed);
        if (!contender) {
            return contender.error();
        }
        contender_ = std::move(*contender);
        return Done{};
    }

    Status take_tls() {
        auto tls = provide_tls(config_.tls(), config_.state_dir());
        if (!tls) {
            return tls.error();
        }
        tls_ = std::move(*tls);
        return Done{};
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
        spdlog::info("ready grpc={} http={} state_dir={}", grpc_address(), http_address(),
                     config_.state_dir());
        return Done{};
    }

    HttpReply reply(std::string_view target) {
        if (target == "/healthz") {
            return {.status = 200, .body = "alive\n"};
        }
        const std::shared_ptr<Leader> leader =
            contender_ != nullptr ? contender_->leader() : only_leader_;
        if (target == "/metrics") {
            return leader != nullptr ? leader->metrics() : standby_metrics();
        }
        if (target != "/readyz") {
            return http_not_found(target);
        }
        return leader != nullptr
                   ? leader->readiness()
                   : HttpReply{.status = 503,
                               .body = "stands by: " + contender_->standing_by() + "\n"};
    }

    const SchedulerConfig config_;
    std::optional<store::FileLock> lock_;
    TlsFiles tls_;
    // One of the two.
    std::shared_ptr<Leader> only_leader_;
    std::unique_ptr<Contender> contender_;
    std::unique_ptr<HttpServer> http_;
    std::atomic<bool> stopped_ = false;
};

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() = default;

void Server::stop() { parts_->stop(); }

std::string Server::grpc_address() const { return parts_->grpc_address(); }

std::string Server::http_address() const { return parts_->http_address(); }

Result<std::unique_ptr<Server>> Server::start(const SchedulerConfig& config,
                                              const std::function<void(const Error&)>& failed) {
    std::error_code error;
    fs::create_directories(config.state_dir(), error);
    if (error) {
        return Error{ErrorCode::FailedPrecondition,
                     "state_dir: cannot create " + config.state_dir() + ": " + error.message()};
    }
    auto parts = std::make_unique<Parts>(config);
    if (const Status started = parts->start(failed); !started) {
        return started.error();
    }
    return std::unique_ptr<Server>(new Server(std::move(parts)));
}

}  // namespace gusu::service
