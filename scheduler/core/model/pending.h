// Jobs that wait and could start now as far as they themselves are concerned: not held, no
// dependency or begin time open. Jobs of equal demand form one class; what stops one stops all of
// them, so a class is tried once and then parked until what stopped it changes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/core/model/job.h"

namespace gusu::core {

using DemandPointer = std::shared_ptr<const Demand>;

struct DemandLess {
    using is_transparent = void;
    bool operator()(const DemandPointer& a, const DemandPointer& b) const {
        return a != b && *a < *b;
    }
    bool operator()(const DemandPointer& a, const Demand& b) const { return *a < b; }
    bool operator()(const Demand& a, const DemandPointer& b) const { return a < *b; }
};

// What a class waits for.
enum class Gate { TenantSuspended, JobCount, TenantLimit, Capacity };

struct Parked {
    Gate gate = Gate::Capacity;
    TenantId tenant;  // whose suspension, count or limit; none for Capacity
};

struct PendingClass {
    std::set<JobId> jobs;  // first come, first served
    std::optional<Parked> parked;
};

class PendingJobs {
public:
    using Classes = std::map<DemandPointer, PendingClass, DemandLess>;

    const Classes& classes() const { return classes_; }
    // Classes not tried since something changed for them.
    const std::set<DemandPointer, DemandLess>& untried() const { return untried_; }
    const PendingClass* of(const Demand& demand) const;

    void add(JobId job, const DemandPointer& demand);
    // No harm if it is not there.
    void remove(JobId job, const DemandPointer& demand);
    void park(const DemandPointer& demand, Parked parked);

    // Room came up on a node with these accelerators, or new nodes did.
    void capacity_freed(const std::set<std::string>& accelerators);
    // The tenant's use fell or its limits changed.
    void tenant_freed(TenantId tenant);

private:
    void unpark(const DemandPointer& demand, PendingClass& jobs);
    void retry(std::set<DemandPointer, DemandLess> parked);

    Classes classes_;
    std::set<DemandPointer, DemandLess> untried_;
    // Parked on capacity, by each accelerator that would do; kAnyAccelerator for those content with
    // any,
    // "" for those without GPUs.
    std::map<std::string, std::set<DemandPointer, DemandLess>> by_accelerator_;
    std::map<TenantId, std::set<DemandPointer, DemandLess>> by_tenant_;
};

// Under which names of by_accelerator_ a demand is parked.
std::set<std::string> accelerators_wanted(const Demand& demand);

}  // namespace gusu::core
