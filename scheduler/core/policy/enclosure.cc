#include "scheduler/core/policy/enclosure.h"

#include <algorithm>

namespace gusu::core {

DataClass data_class(const State& state, const Tenant& tenant) {
    DataClass strictest = DataClass::Public;
    for (const TenantId id : tenant.lineage) {
        strictest = std::max(strictest, state.tenant(id)->description.data_class);
    }
    return strictest;
}

TenantId enclosure_of(const State& state, TenantId tenant) {
    return state.somebody_is_enclosed() ? state.tenant(tenant)->enclosure : TenantId{};
}

bool may_share(const State& state, const Demand& demand, NodeId node) {
    return !state.somebody_is_enclosed() ||
           state.occupants(node).are_all_of(enclosure_of(state, demand.tenant));
}

std::string word(DataClass data_class) {
    switch (data_class) {
        case DataClass::Public:
            return "public";
        case DataClass::Internal:
            return "internal";
        case DataClass::Sensitive:
            return "sensitive";
    }
    return "public";
}

}  // namespace gusu::core
