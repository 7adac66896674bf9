#include "scheduler/service/rpc/contender.h"

#include <google/protobuf/util/time_util.h>

#include <utility>

#include "scheduler/base/log.h"

namespace gusu::service {
namespace {

using config::v1::SchedulerConfig;
using google::protobuf::util::TimeUtil;

// Of one who stands by: how old its state may be, and how long a free lease may stay unnoticed.
constexpr std::chrono::milliseconds kLookEvery{100};
constexpr std::chrono::milliseconds kTryAgainAfter{1'000};
// A leader says so often within the length of its lease that it leads.
constexpr int kRenewals = 5;

std::chrono::milliseconds milliseconds(const google::protobuf::Duration& duration) {
    return std::chrono::milliseconds(TimeUtil::DurationToMilliseconds(duration));
}

}  // namespace

Contender::Contender(const SchedulerConfig& config, const TlsFiles& tls,
                     std::function<void(const Error&)> failed)
    : config_(config),
      tls_(tls),
      failed_(std::move(failed)),
      lease_length_(milliseconds(config.store().lease())),
      keep_tasks_for_(milliseconds(config.store().keep_tasks_for())) {}

Contender::~Contender() { stop(); }

Result<std::unique_ptr<Contender>> Contender::start(const SchedulerConfig& config,
                                                    const TlsFiles& tls,
                                                    std::function<void(const Error&)> failed) {
    std::unique_ptr<Contender> contender(new Contender(config, tls, std::move(failed)));
    const auto listen = parse_host_port(config.listen());
    if (!listen) {
        return Error{listen.error().code, "listen: " + listen.error().message};
    }
    contender->address_ = *listen;
    if (const Status redirects = contender->redirect(); !redirects) {
        return redirects.error();
    }
    contender->address_ = contender->redirect_->address();
    contender->lease_.emplace(
        store::PostgresLease::Options{.connection = config.store().postgresql(),
                                      .address = reachable_address(config, contender->address_),
                                      .length = contender->lease_length_,
                                      .patience = contender->lease_length_ / 2});
    contender->thread_ = std::thread([raw = contender.get()] { raw->contend_forever(); });
    return contender;
}

Status Contender::redirect() {
    auto started = Redirect::start(address_, tls_, [this] {
        const std::lock_guard lock(mutex_);
        return holder_;
    });
    if (!started) {
        return started.error();
    }
    redirect_ = std::move(*started);
    return Done{};
}

void Contender::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    redirect_.reset();
}

std::shared_ptr<Leader> Contender::leader() const {
    const std::lock_guard lock(mutex_);
    return leader_;
}

std::string Contender::standing_by() const {
    const std::lock_guard lock(mutex_);
    return standing_by_;
}

void Contender::set_standing_by(const std::string& why) {
    {
        const std::lock_guard lock(mutex_);
        holder_ = lease_->holder();
        if (why == standing_by_) {
            return;
        }
        standing_by_ = why;
    }
    spdlog::info("stands by: {}", why);
}

bool Contender::pause(Clock::duration time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return stopping_ || deposed_; });
}

bool Contender::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

void Contender::contend_forever() {
    std::string last;
    while (!is_stopping()) {
        const Status over = contend();
        if (over) {
            continue;
        }
        // What time cures is tried again; all else needs somebody to look at it.
        if (over.error().code != ErrorCode::Unavailable &&
            over.error().code != ErrorCode::FailedPrecondition) {
            failed_(over.error());
            return;
        }
        if (std::exchange(last, over.error().message) != over.error().message) {
            spdlog::warn("does not lead: {}", over.error().message);
        }
        pause(kTryAgainAfter);
    }
}

// From standing by to the end of leading.
Status Contender::contend() {
    {
        const std::lock_guard lock(mutex_);
        deposed_ = false;
    }
    if (redirect_ == nullptr) {
        if (Status redirects = redirect(); !redirects) {
            return redirects;
        }
    }
    const std::string& connection = config_.store().postgresql();
    auto journal = std::make_unique<store::PostgresJournal>(connection);
    store::PostgresJournal& own = *journal;
    const auto next = std::make_shared<Leader>(
        LeaderOptions{.config = config_,
                      .tls = tls_,
                      .deposed =
                          [this] {
                              const std::lock_guard lock(mutex_);
                              deposed_ = true;
                              changed_.notify_all();
                          }},
        std::move(journal),
        std::make_unique<store::History>(std::make_unique<store::PostgresConnection>(
            store::PostgresConnection::Options{.connection = connection})));
    const auto taken = stand_by(*next);
    if (!taken || !*taken) {
        return taken ? Status(Done{}) : taken.error();
    }
    spdlog::info("has taken the lease term={}", (*taken)->term);
    Status led = own.lead((*taken)->term);
    if (led) {
        led = lead(next, **taken);
    }
    next->stop();
    if (const Status released = lease_->release(); !released) {
        spdlog::warn("the lease is not given back and has to run out: {}",
                     released.error().message);
    }
    return led;
}

// Until the lease is its own; nothing if it is to stop.
Result<std::optional<Contender::Taken>> Contender::stand_by(Leader& next) {
    for (;;) {
        auto taken = look(next);
        if (taken && *taken) {
            return taken;
        }
        if (!taken && taken.error().code != ErrorCode::Unavailable) {
            return taken.error();
        }
        const std::string& holder = lease_->holder();
        set_standing_by(!taken           ? taken.error().message
                        : holder.empty() ? "no scheduler leads"
                                         : holder + " leads");
        if (pause(taken ? kLookEvery : kTryAgainAfter)) {
            return std::optional<Taken>();
        }
    }
}

Result<std::optional<Contender::Taken>> Contender::look(Leader& next) {
    if (Status followed = next.follow(); !followed) {
        return followed.error();
    }
    return lease_->take();
}

Status Contender::lead(const std::shared_ptr<Leader>& next, const Taken& taken) {
    redirect_.reset();
    const bool was_silent = taken.predecessor == store::PostgresLease::Predecessor::Silent;
    Status started = next->start(
        {.listen = address_,
         .longer = was_silent ? Duration(lease_length_ + keep_tasks_for_) : Duration(0)});
    if (!started) {
        return started;
    }
    {
        const std::lock_guard lock(mutex_);
        leader_ = next;
    }
    keep_lease(*next);
    const std::lock_guard lock(mutex_);
    leader_.reset();
    return Done{};
}

// While it leads.
void Contender::keep_lease(Leader& leader) {
    auto renewed = Clock::now() - lease_length_ / kRenewals;
    do {
        const auto asked = Clock::now();
        const auto kept = lease_->renew();
        if (kept && !*kept) {
            spdlog::warn("another scheduler has taken the lease");
            return;
        }
        if (kept) {
            renewed = asked;
            leader.let_in();
            continue;
        }
        spdlog::warn("the lease is not renewed: {}", kept.error().message);
        const auto late = Clock::now() - renewed;
        if (late > lease_length_ + keep_tasks_for_) {
            spdlog::error("the lease ran out {} s ago; agents are sent away",
                          std::chrono::duration_cast<std::chrono::seconds>(late).count());
            return;
        }
        if (late > lease_length_) {
            leader.turn_away("this scheduler cannot reach PostgreSQL, and another may lead (" +
                             kept.error().message + "); jobs run on, ask again later");
        }
    } while (!pause(lease_length_ / kRenewals));
}

}  // namespace gusu::service
