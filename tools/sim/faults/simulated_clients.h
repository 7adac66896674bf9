// People: they submit, cancel and set quotas, and ask again with the same request id until they
// have an answer.
#pragma once

#include <map>
#include <string>

#include "tools/sim/faults/oracle.h"
#include "tools/sim/faults/simulated_scheduler.h"

namespace gusu::faults {

class SimulatedClients {
public:
    // Between two submissions, on average.
    SimulatedClients(Life& life, Oracle& oracle, Duration every)
        : life_(life), oracle_(oracle), every_(every) {}

    // Whom they talk to: nullptr while nobody is there.
    void reach(SimulatedScheduler* scheduler) { scheduler_ = scheduler; }
    // Tenants, quotas, then jobs for ever.
    void begin();
    // No new wishes; what was asked is asked until it is answered.
    void rest() { resting_ = true; }
    bool is_waiting() const { return !open_.empty(); }
    void change_a_quota();

private:
    struct Wish {
        core::Command command;
        std::function<void(const core::State&)> answered;  // when the answer has come
        // As it is decided: what the client learns if it hears of it. Two leaders may decide the
        // same.
        using Learned = std::function<void()>;
        std::function<Learned(const core::Scheduler&, const core::Events&)> seen;
    };
    void wish(Wish wish);
    void ask(std::uint64_t number);
    void answered(std::uint64_t number, bool well);
    void go_on();
    void submit();
    void cancel();
    void set_quota(const std::string& tenant, std::int64_t guaranteed);
    // An operator looks now and then which nodes were drained, and resumes them.
    void mend_nodes();

    Life& life_;
    Oracle& oracle_;
    const Duration every_;
    SimulatedScheduler* scheduler_ = nullptr;
    std::map<std::uint64_t, Wish> open_;
    std::uint64_t wishes_ = 0;
    bool founded_ = false;
    bool resting_ = false;
};

}  // namespace gusu::faults
