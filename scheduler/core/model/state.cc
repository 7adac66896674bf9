#include "scheduler/core/model/state.h"

#include <algorithm>

namespace gusu::core {
namespace {

template <typename Map, typename Key>
auto* find_in(const Map& map, const Key& key) {
    const auto found = map.find(key);
    return found == map.end() ? nullptr : &found->second;
}

}  // namespace

const Job* State::job(JobId id) const { return find_in(jobs_, id); }

const Array* State::array(JobId id) const { return find_in(arrays_, id); }

const Tenant* State::tenant(TenantId id) const { return find_in(tenants_, id); }

const Tenant* State::tenant(const std::string& path) const {
    const TenantId* id = find_in(tenant_by_path_, path);
    return id == nullptr ? nullptr : tenant(*id);
}

const Node* State::node(NodeId id) const { return find_in(nodes_, id); }

const Node* State::node(const std::string& name) const {
    const NodeId* id = find_in(node_by_name_, name);
    return id == nullptr ? nullptr : node(*id);
}

const Job* State::job_of(IncarnationId incarnation) const {
    const JobId* id = find_in(job_by_incarnation_, incarnation);
    return id == nullptr ? nullptr : job(*id);
}

const std::vector<JobId>* State::request(const std::string& user,
                                         const std::string& request_id) const {
    const Request* request = find_in(requests_, RequestLess::Key{user, request_id});
    return request == nullptr ? nullptr : &request->ids;
}

DemandPointer State::shared(const DemandPointer& demand) const {
    const auto found = demands_.find(demand);
    return found == demands_.end() ? demand : found->first;
}

DemandPointer State::asks_now(const Job& waiting) const {
    return widened_.contains(waiting.id) ? std::make_shared<Demand>(widened(waiting.demand()))
                                         : waiting.spec->demand;
}

int State::smallest_node(const std::string& accelerator, int at_least) const {
    const auto* sizes = find_in(node_sizes_, accelerator);
    if (sizes == nullptr) {
        return 0;
    }
    const auto found = sizes->lower_bound(std::max(at_least, 1));
    return found == sizes->end() ? 0 : found->first;
}

FirmUse State::firm_use(const std::string& accelerator) const {
    const auto found = firm_use_.find(accelerator);
    return found == firm_use_.end() ? FirmUse{} : found->second;
}

void State::hope_ends() {
    pending_.hopes_are_asked();
    hopeful_nodes_.clear();
}

bool State::has_hope() const {
    return !stoppable_.empty() && !pending_.classes().empty() &&
           (pending_.has_hope() || !hopeful_nodes_.empty());
}

bool State::is_throttled(const Job& job) const {
    const Throttle* throttle = job.array ? find_in(throttles_, job.array->array) : nullptr;
    return throttle != nullptr && throttle->waiting.contains(job.id);
}

std::size_t State::throttled_jobs() const {
    std::size_t sum = 0;
    for (const auto& [array, throttle] : throttles_) {
        sum += throttle.waiting.size();
    }
    return sum;
}

}  // namespace gusu::core
