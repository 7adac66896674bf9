// Whose jobs others may want stopped: tenants that borrow of an accelerator and have jobs that are
// old enough. Looked up once for all plans of one moment, and no further than they ask.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/core/policy/expected_use.h"

namespace gusu::core {

class Exposure {
public:
    struct Holder {
        TenantId tenant;
        const std::set<Stoppable>* jobs = nullptr;
        int highest_lane = 0;
    };
    // A tenant at the top that borrows of the accelerator.
    struct Borrower {
        TenantId top;
        std::int64_t over = 0;
        int highest_lane = 0;
    };

    Exposure(const State& state, const ExpectedUse& expected)
        : state_(state), expected_(expected) {}

    // Who is most over its guarantee first.
    const std::vector<Borrower>& borrowers(const std::string& accelerator);
    // Below this one all that borrow of it at every level.
    const std::vector<Holder>& holders(const std::string& accelerator, TenantId top);

private:
    bool borrows_below_the_top(TenantId tenant, const std::string& accelerator) const;

    const State& state_;
    const ExpectedUse& expected_;
    std::map<std::string, std::vector<Borrower>> borrowers_;
    std::map<std::pair<std::string, TenantId>, std::vector<Holder>> holders_;
};

}  // namespace gusu::core
