// A scheduler among several on one PostgreSQL: it stands by with warm state, leads when the lease
// is its own, and stands by again when it has lost it.
//
// Who leads is decided by the lease (store/postgres_lease.h). A leader that cannot renew it serves
// on while the lease is its own; after that it answers nobody, since another may lead. It keeps the
// agents in touch, so that their tasks run on, for keep_tasks_for more; then it gives up, too.
// Whoever takes over from a silent leader waits for that time before it gives up nodes, so that no
// task runs twice.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "scheduler/service/rpc/leader.h"
#include "scheduler/service/rpc/redirect.h"
#include "scheduler/store/postgres_journal.h"
#include "scheduler/store/postgres_lease.h"

namespace gusu::service {

class Contender {
public:
    // Returns when it stands by. `failed` is told, on a thread of its own, what makes it end.
    static Result<std::unique_ptr<Contender>> start(const config::v1::SchedulerConfig& config,
                                                    const TlsFiles& tls,
                                                    std::function<void(const Error&)> failed);
    // Leads no more, and has told so, within 10 s.
    void stop();
    ~Contender();
    Contender(const Contender&) = delete;
    Contender& operator=(const Contender&) = delete;

    const HostPort& address() const { return address_; }
    // Null while it stands by.
    std::shared_ptr<Leader> leader() const;
    // Why it is not ready: who leads instead, or what keeps it from following.
    std::string standing_by() const;

private:
    using Clock = std::chrono::steady_clock;
    using Taken = store::PostgresLease::Taken;

    Contender(const config::v1::SchedulerConfig& config, const TlsFiles& tls,
              std::function<void(const Error&)> failed);
    Status redirect();
    void contend_forever();
    Status contend();
    Result<std::optional<Taken>> stand_by(Leader& next);
    Result<std::optional<Taken>> look(Leader& next);
    Status lead(const std::shared_ptr<Leader>& next, const Taken& taken);
    void keep_lease(Leader& leader);
    void set_standing_by(const std::string& why);
    // True if it is to stop, or is deposed.
    bool pause(Clock::duration time);
    bool is_stopping() const;

    const config::v1::SchedulerConfig config_;
    const TlsFiles tls_;
    const std::function<void(const Error&)> failed_;
    const std::chrono::milliseconds lease_length_;
    const std::chrono::milliseconds keep_tasks_for_;
    HostPort address_;
    std::unique_ptr<Redirect> redirect_;

    // Of the thread.
    std::optional<store::PostgresLease> lease_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    bool deposed_ = false;
    std::string holder_;
    std::string standing_by_ = "starting";
    std::shared_ptr<Leader> leader_;
    std::thread thread_;
};

}  // namespace gusu::service
