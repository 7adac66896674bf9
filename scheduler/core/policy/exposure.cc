#include "scheduler/core/policy/exposure.h"

#include <algorithm>

#include "scheduler/core/policy/order.h"

namespace gusu::core {

const std::vector<Exposure::Borrower>& Exposure::borrowers(const std::string& accelerator) {
    const auto [known, is_new] = borrowers_.try_emplace(accelerator);
    std::vector<Borrower>& found = known->second;
    if (!is_new) {
        return found;
    }
    for (const TenantId top : state_.borrowers()) {
        const auto below = state_.stoppable().find(top);
        if (below == state_.stoppable().end()) {
            continue;
        }
        const std::int64_t over = expected_.borrowed(top, accelerator).units();
        if (over > 0) {
            found.push_back(
                {.top = top, .over = over, .highest_lane = below->second.in_lane.rbegin()->first});
        }
    }
    std::ranges::sort(found, [](const Borrower& a, const Borrower& b) {
        return std::pair(-a.over, a.top) < std::pair(-b.over, b.top);
    });
    return found;
}

const std::vector<Exposure::Holder>& Exposure::holders(const std::string& accelerator,
                                                       TenantId top) {
    const auto [known, is_new] = holders_.try_emplace({accelerator, top});
    if (is_new) {
        for (const auto& [tenant, jobs] : state_.stoppable().at(top).of) {
            if (borrows_below_the_top(tenant, accelerator)) {
                known->second.push_back(
                    {.tenant = tenant, .jobs = &jobs, .highest_lane = -jobs.begin()->lane_down});
            }
        }
    }
    return known->second;
}

bool Exposure::borrows_below_the_top(TenantId tenant, const std::string& accelerator) const {
    const std::vector<TenantId>& path = from_the_top(state_, tenant);
    return std::all_of(path.begin() + 1, path.end(), [&](TenantId below) {
        return !expected_.borrowed(below, accelerator).is_zero();
    });
}

}  // namespace gusu::core
