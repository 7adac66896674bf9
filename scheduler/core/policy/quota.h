// Quota: what a tenant may use, what is its own and what it has borrowed.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "scheduler/core/model/state.h"

namespace gusu::core {

// What a demand needs whichever accelerators it gets: of groups that leave a choice only the sum.
GpuNeed certain_need(const State& state, const Demand& demand);
// What a group of an exclusive job holds at the least: the smallest nodes that its tasks fit on.
Amount whole_nodes_at_least(const State& state, const TaskGroup& group,
                            const std::string& accelerator);

// A limit that has no room: of the tenant itself or of one above it.
struct LimitClosed {
    TenantId tenant;
    std::string accelerator;
    Amount limit;
    Amount used;
    Amount asked;
};

// The first limit that `need` would break, from the tenant upwards.
std::optional<LimitClosed> limit_closed(const State& state, TenantId tenant, const GpuNeed& need);
// The same with nothing in use: this need can never be met.
std::optional<LimitClosed> limit_closed_always(const State& state, TenantId tenant,
                                               const GpuNeed& need);

// A job that can neither be stopped for others nor ends soon by itself: what it borrows, its owner
// gets back only when it ends.
bool is_firm(const Policy& policy, const Demand& demand);

// Whether a firm job would take more than others lend to such jobs. Of its guarantee a tenant keeps
// back what is not lendable, as far as firm jobs of its own do not fill it.
struct LendingClosed {
    std::string accelerator;
    Amount asked;
    Amount left;  // to be lent to firm jobs
};
// In firm use, and what is kept back besides if `more` were in firm use too.
Amount firm_use(const Tenant& tenant, const std::string& accelerator);
Amount kept_back(const State& state, const Tenant& tenant, const std::string& accelerator,
                 Amount more = {});
std::optional<LendingClosed> lending_closed(const State& state, const Demand& demand,
                                            const GpuNeed& need);

// The tenant, it or above it, that is suspended or runs as many jobs as it may; none if it may
// start.
std::optional<TenantId> suspended_tenant(const State& state, TenantId tenant);
std::optional<TenantId> tenant_with_all_jobs_running(const State& state, TenantId tenant);

// Milli-GPUs beyond the guarantees of single accelerators, less what is guaranteed of any: with
// this in use (and `more` too), as things are, and with `need` in use too.
Amount beyond_guarantee(const Tenant& tenant, const GpuNeed& use, const GpuNeed& more = {});
Amount borrowed_with(const Tenant& tenant, const GpuNeed& need);
inline Amount borrowed(const Tenant& tenant) { return borrowed_with(tenant, {}); }
// Whether some of what it borrows with this in use is of this accelerator.
bool borrows_of(const Tenant& tenant, const std::string& accelerator, const GpuNeed& use);
// Of one accelerator (or kAnyAccelerator).
Amount used(const Tenant& tenant, const std::string& accelerator);
Amount guaranteed(const Tenant& tenant, const std::string& accelerator);
// What of its guarantee long jobs of others may borrow, whether or not the tenant says so.
Amount lendable(const Policy& policy, const Quota& quota);
// Of a guarantee not in use by its owner: what others hold of it when so much of the accelerator is
// free.
Amount lent(const State& state, const Tenant& tenant, const std::string& accelerator, Amount free);

}  // namespace gusu::core
