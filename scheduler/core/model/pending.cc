#include "scheduler/core/model/pending.h"

#include "scheduler/base/check.h"
#include "scheduler/core/model/accelerator.h"

namespace gusu::core {

std::set<std::string> accelerators_wanted(const Demand& demand) {
    std::set<std::string> wanted;
    for (const TaskGroup& group : demand.groups) {
        if (group.per_task.milli_gpus.is_zero() && group.accelerators.empty()) {
            wanted.insert("");
        } else if (group.accelerators.empty()) {
            wanted.insert(kAnyAccelerator);
        } else {
            wanted.insert(group.accelerators.begin(), group.accelerators.end());
        }
    }
    return wanted;
}

const PendingClass* PendingJobs::of(const Demand& demand) const {
    const auto found = classes_.find(demand);
    return found == classes_.end() ? nullptr : &found->second;
}

void PendingJobs::add(JobId job, const DemandPointer& demand) {
    PendingClass& jobs = classes_[demand];
    jobs.jobs.insert(job);
    if (!jobs.parked) {
        untried_.insert(demand);
    }
}

void PendingJobs::remove(JobId job, const DemandPointer& demand) {
    const auto found = classes_.find(demand);
    if (found == classes_.end()) {
        return;
    }
    found->second.jobs.erase(job);
    if (found->second.jobs.empty()) {
        unpark(demand, found->second);
        untried_.erase(demand);
        classes_.erase(found);
    }
}

void PendingJobs::park(const DemandPointer& demand, Parked parked) {
    const auto found = classes_.find(demand);
    check(found != classes_.end(), "only a class with waiting jobs is parked");
    untried_.erase(demand);
    found->second.parked = parked;
    if (parked.gate != Gate::Capacity) {
        by_tenant_[parked.tenant].insert(demand);
        return;
    }
    for (const std::string& accelerator : accelerators_wanted(*demand)) {
        by_accelerator_[accelerator].insert(demand);
    }
}

void PendingJobs::unpark(const DemandPointer& demand, PendingClass& jobs) {
    if (!jobs.parked) {
        return;
    }
    if (jobs.parked->gate != Gate::Capacity) {
        by_tenant_[jobs.parked->tenant].erase(demand);
    } else {
        for (const std::string& accelerator : accelerators_wanted(*demand)) {
            by_accelerator_[accelerator].erase(demand);
        }
    }
    jobs.parked.reset();
}

void PendingJobs::retry(std::set<DemandPointer, DemandLess> parked) {
    for (const DemandPointer& demand : parked) {
        unpark(demand, classes_.find(demand)->second);
        untried_.insert(demand);
    }
}

void PendingJobs::capacity_freed(const std::set<std::string>& accelerators) {
    std::set<std::string> names = accelerators;
    names.insert({"", kAnyAccelerator});
    for (const std::string& name : names) {
        if (const auto found = by_accelerator_.find(name); found != by_accelerator_.end()) {
            retry(found->second);
        }
    }
}

void PendingJobs::tenant_freed(TenantId tenant) {
    if (const auto found = by_tenant_.find(tenant); found != by_tenant_.end()) {
        retry(found->second);
    }
}

}  // namespace gusu::core
