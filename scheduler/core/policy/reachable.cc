#include "scheduler/core/policy/reachable.h"

#include <algorithm>

namespace gusu::core {
namespace {

constexpr std::size_t kMostTenantsLookedAt = 64;

class Reach {
public:
    Reach(PlanMoment& moment, const Claim& claim) : moment_(moment), claim_(claim) {}

    std::vector<Reachable> tenants() {
        for (const auto& [accelerator, gpus] : claim_.need()) {
            const bool owns = moment_.expected.owns(claim_.top(), claim_.need());
            for (const Exposure::Borrower& borrower : moment_.exposure.borrowers(accelerator)) {
                ++moment_.work;
                if (borrower.top != claim_.top() && found_.size() < kMostTenantsLookedAt &&
                    (owns || claim_.is_lower_than(borrower.highest_lane))) {
                    add({.of_guarantee = owns, .over = owns ? borrower.over : 0},
                        moment_.exposure.holders(accelerator, borrower.top));
                }
            }
        }
        if (found_.size() < kMostTenantsLookedAt) {
            add_relatives();
        }
        std::ranges::sort(found_, [](const Reachable& a, const Reachable& b) {
            return std::pair(-a.right.over, a.tenant) < std::pair(-b.right.over, b.tenant);
        });
        return std::move(found_);
    }

private:
    // Each tenant's jobs once, whatever several groups ask for.
    bool has(TenantId tenant) const {
        return std::ranges::find(found_, tenant, &Reachable::tenant) != found_.end();
    }

    void add(StopRight right, const std::vector<Exposure::Holder>& holders) {
        for (const Exposure::Holder& holder : holders) {
            ++moment_.work;
            if (!has(holder.tenant) &&
                (right.of_guarantee || claim_.is_lower_than(holder.highest_lane))) {
                found_.push_back({right, holder.tenant, holder.jobs});
            }
        }
    }

    // Tenants below the same one at the top.
    void add_relatives() {
        const auto below = moment_.state.stoppable().find(claim_.top());
        if (below == moment_.state.stoppable().end()) {
            return;
        }
        for (const auto& [tenant, jobs] : below->second.of) {
            ++moment_.work;
            const bool has_higher_lane = claim_.is_lower_than(-jobs.begin()->lane_down);
            for (const auto& [accelerator, gpus] : claim_.need()) {
                const auto right = claim_.right_against(tenant, accelerator, moment_.expected);
                if (right && (right->of_guarantee || has_higher_lane)) {
                    found_.push_back({*right, tenant, &jobs});
                    break;
                }
            }
        }
    }

    PlanMoment& moment_;
    const Claim& claim_;
    std::vector<Reachable> found_;
};

}  // namespace

std::vector<Reachable> reachable(PlanMoment& moment, const Claim& claim) {
    return Reach(moment, claim).tenants();
}

}  // namespace gusu::core
