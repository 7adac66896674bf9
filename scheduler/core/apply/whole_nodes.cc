// Which nodes could be given whole to those who are guaranteed them.
#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {

void State::Apply::note_holding(const Node& noted) {
    std::set<std::string> accelerators;
    for (const DeviceDescription& device : noted.description.devices) {
        accelerators.insert(device.accelerator);
    }
    if (!noted.takes_work() || accelerators.empty()) {
        state.whole_nodes_.drop(noted.id);
        return;
    }
    Holding holding;
    for (const TaskRef& held : noted.tasks) {
        const Demand& demand = job(held.job).demand();
        if (is_firm(state.policy(), demand)) {
            holding = holding.with(tenant(demand.tenant).lineage);
        }
    }
    state.whole_nodes_.put(noted.id, accelerators, std::move(holding));
}

// Nothing is noted while nobody is guaranteed whole nodes.
void State::Apply::note_all_holdings() {
    state.whole_nodes_.clear();
    if (state.whole_nodes_.is_guaranteed_to_somebody()) {
        for (const auto& [id, each] : state.nodes_) {
            note_holding(each);
        }
    }
}

// Under whose guarantee jobs are decides which of them are asked as one.
void State::Apply::guarantee_nodes(TenantId owner, const std::string& accelerator, int nodes) {
    const std::vector<JobId> queued = leave_queue();
    state.whole_nodes_.guarantee(accelerator, owner, nodes);
    note_all_holdings();
    for (const JobId id : queued) {
        into_queue(job(id));
    }
}

}  // namespace gusu::core
