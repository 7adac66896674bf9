// What a waiting job has a right to have made free for it, and by whom.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "scheduler/core/policy/expected_use.h"

namespace gusu::core {

// By which right jobs of some tenant may be stopped.
struct StopRight {
    bool of_guarantee = false;  // else of the lower lane
    std::int64_t over = 0;      // what the tenant it is taken from borrows
};

// A running job that may be stopped.
struct Candidate {
    const Job* job = nullptr;
    std::int64_t over = 0;  // as of its right; 0 by right of the lane
    int lane = 0;
    std::int64_t cost = 0;  // milli-GPU seconds lost

    // From the tenant most over its guarantee, or in the highest lane, who loses least first.
    bool goes_before(const Candidate& other) const {
        return std::tuple(-over, -lane, cost, job->id) <
               std::tuple(-other.over, -other.lane, other.cost, other.job->id);
    }
};

class Claim {
public:
    // The beneficiary waits, and wants so much.
    Claim(const State& state, const Job& beneficiary, GpuNeed need, Time now);

    const GpuNeed& need() const { return need_; }
    TenantId top() const { return path_.front(); }

    // With so much in use. nullopt: none.
    std::optional<StopRight> right_against(TenantId holder, const std::string& accelerator,
                                           const ExpectedUse& expected) const;
    // By right of the lane; but where the past tells that the other is likely to end as soon,
    // stopping it would only make both wait.
    bool passes(const Stoppable& running) const;
    bool is_lower_than(int lane) const { return lane > lane_; }
    // The job must be one that may be stopped.
    std::optional<Candidate> reach(const Job& running, const ExpectedUse& expected) const;
    // Milli-GPU seconds.
    std::int64_t cost_of(const Job& running) const;

private:
    const State& state_;
    const Time now_;
    const GpuNeed need_;
    const std::vector<TenantId>& path_;  // from the top
    const int lane_;
    const int work_;
};

}  // namespace gusu::core
