#include "scheduler/service/rpc/quota_view.h"

#include "scheduler/core/policy/quota.h"
#include "scheduler/wire/show.h"

namespace gusu::service {

void add_quota_keys(const core::Tenant& tenant, std::map<std::string, QuotaKey>& keys) {
    const auto add = [&](const std::string& accelerator) {
        keys[tenant.path + " " + accelerator] = {&tenant, accelerator};
    };
    for (const auto& [accelerator, quota] : tenant.quotas) {
        add(accelerator);
    }
    for (const auto& [accelerator, in_use] : tenant.used) {
        if (accelerator != core::kAnyAccelerator && !in_use.is_zero()) {
            add(accelerator);
        }
    }
}

QuotaView::QuotaView(const core::State& state) : state_(state) {
    for (const auto& [accelerator, gpus] : state.open_nodes().free_gpus()) {
        free_[accelerator] = gpus;
        free_[core::kAnyAccelerator] += gpus;
    }
}

v1::Quota QuotaView::show(const core::Tenant& tenant, const std::string& accelerator) const {
    const auto free = free_.find(accelerator);
    return wire::to_proto_quota(
        state_, tenant, accelerator,
        core::lent(state_, tenant, accelerator, free == free_.end() ? Amount{} : free->second));
}

}  // namespace gusu::service
