// What tenants use once all that is decided has happened, and who may take from whom then.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "scheduler/core/model/state.h"

namespace gusu::core {

class ExpectedUse {
public:
    // Nominated jobs have come, and those stopped for them are gone.
    explicit ExpectedUse(const State& state);
    // As `before`, which must stay as it is meanwhile: for more departures that are only thought
    // of.
    explicit ExpectedUse(const ExpectedUse* before) : state_(before->state_), before_(before) {}

    // All of it, but for tasks that leave already.
    void leaves(const Job& placed);
    void leaves(const Job& placed, int rank);

    const GpuNeed& use(TenantId tenant) const;
    // Whether this need stays within the tenant's guarantee. Of CPUs nothing is guaranteed.
    bool owns(TenantId tenant, const GpuNeed& need) const;
    // Milli-GPUs that it borrows, if some of them are of this accelerator.
    Amount borrowed(TenantId tenant, const std::string& accelerator) const;

private:
    void leaves(const Shrink& shrink);
    void leave(const Job& placed, const GpuNeed& gone);
    GpuNeed& change(TenantId tenant);
    void comes(TenantId leaf, const GpuNeed& need);

    const State* state_;
    const ExpectedUse* before_ = nullptr;
    std::map<TenantId, GpuNeed> changed_;
};

}  // namespace gusu::core
