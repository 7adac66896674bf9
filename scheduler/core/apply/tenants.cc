#include "scheduler/core/apply/apply.h"
#include "scheduler/core/policy/order.h"
#include "scheduler/core/policy/quota.h"

namespace gusu::core {

void State::Apply::operator()(const TenantCreated& event) {
    given(event.tenant.value);
    Tenant& created = state.tenants_[event.tenant];
    created.id = event.tenant;
    created.parent = event.parent;
    created.path = event.path;
    if (event.parent) {
        created.lineage = tenant(event.parent).lineage;
    }
    created.lineage.push_back(event.tenant);
    created.description = event.description;
    created.created = at;
    state.tenant_by_path_[event.path] = event.tenant;
    if (event.parent) {
        ++tenant(event.parent).children;
    }
    enclose(created);
    if (created.enclosure == created.id) {
        count_occupants();
    }
}

void State::Apply::operator()(const TenantUpdated& event) {
    TenantDescription& description = tenant(event.tenant).description;
    const DataClass before = description.data_class;
    description = event.description;
    if (description.data_class != before) {
        enclose_anew(event.tenant);
    }
    state.pending_.tenant_freed(event.tenant, state.tree());
}

void State::Apply::operator()(const TenantDeleted& event) {
    const Tenant& gone = tenant(event.tenant);
    check(gone.children == 0 && gone.pending_jobs == 0 && gone.running_jobs == 0,
          "a tenant that is deleted has no children and no live jobs");
    if (gone.parent) {
        --tenant(gone.parent).children;
    }
    for (const auto& [accelerator, quota] : gone.quotas) {
        count_firm(gone, accelerator, Charge::Less);
    }
    std::erase_if(state.directory_.grants,
                  [&](const Grant& grant) { return grant.tenant == event.tenant; });
    for (const auto& [accelerator, quota] : gone.quotas) {
        if (quota.guaranteed_nodes > 0) {
            guarantee_nodes(event.tenant, accelerator, 0);
        }
    }
    state.tenant_by_path_.erase(gone.path);
    if (state.enclosures_.erase(event.tenant) > 0) {
        count_occupants();
    }
    state.tenants_.erase(event.tenant);
}

void State::Apply::operator()(const QuotaChanged& event) {
    Tenant& changed = tenant(event.tenant);
    account(changed);
    count_firm(changed, event.accelerator, Charge::Less);
    Quota& quota = changed.quotas[event.accelerator];
    const int nodes_before = quota.guaranteed_nodes;
    quota = event.quota;
    if (quota.guaranteed_nodes != nodes_before) {
        guarantee_nodes(event.tenant, event.accelerator, quota.guaranteed_nodes);
    }
    count_firm(changed, event.accelerator, Charge::More);
    note_borrower(changed);
    state.pending_.tenant_freed(event.tenant, state.tree());
    state.pending_.capacity_freed({event.accelerator}, state.tree());
    state.pending_.turn_changed(event.tenant, state.tree());
    state.pending_.hope_again();
}

void State::Apply::operator()(const BorrowingRestored& event) {
    tenant(event.tenant).borrowed = event.borrowed;
    state.pending_.turn_changed(event.tenant, state.tree());
}

// What was borrowed up to now is booked before it changes.
void State::Apply::account(Tenant& changed) {
    const std::int64_t elapsed = (at - changed.borrowed.as_of).count();
    changed.borrowed.add(borrowed(changed).units() * elapsed / 1000, at);
}

// Taken out before a tenant's firm use or quota changes, and put in again after it.
void State::Apply::count_firm(const Tenant& counted, const std::string& accelerator,
                              Charge charge) {
    if (counted.parent) {
        return;
    }
    FirmUse& sum = state.firm_use_[accelerator];
    const Amount used = core::firm_use(counted, accelerator);
    const Amount kept = kept_back(state, counted, accelerator);
    if (charge == Charge::More) {
        sum.used += used;
        sum.kept_back += kept;
    } else {
        sum.used -= used;
        sum.kept_back -= kept;
    }
}

void State::Apply::note_borrower(const Tenant& noted) {
    if (noted.parent) {
        return;
    }
    if (borrowed(noted).is_zero()) {
        state.borrowers_.erase(noted.id);
    } else {
        state.borrowers_.insert(noted.id);
    }
}

void State::Apply::book_firm(const Job& holder) {
    if (is_firm(state.policy(), holder.demand())) {
        const GpuNeed held = gpus_held(std::get<Placed>(holder.state).tasks);
        for (const TenantId id : tenant(holder.demand().tenant).lineage) {
            for (const auto& [accelerator, gpus] : held) {
                tenant(id).firm[accelerator] += gpus;
            }
        }
    }
}

void State::Apply::count_all_firm() {
    state.firm_use_ = {};
    for (const auto& [id, each] : state.tenants_) {
        std::set<std::string> accelerators;
        for (const auto& [accelerator, quota] : each.quotas) {
            accelerators.insert(accelerator);
        }
        for (const auto& [accelerator, gpus] : each.firm) {
            accelerators.insert(accelerator);
        }
        for (const std::string& accelerator : accelerators) {
            count_firm(each, accelerator, Charge::More);
        }
    }
}

// All that was booked and ordered by the old rules is booked and ordered by the new ones.
void State::Apply::operator()(const PolicyChanged& event) {
    const std::vector<JobId> queued = leave_queue();
    for (auto& [id, each] : state.tenants_) {
        each.firm = {};
    }
    state.policy_ = event.policy;
    for (const auto& [incarnation, id] : state.job_by_incarnation_) {
        book_firm(job(id));
        may_no_longer_be_stopped(job(id));
        may_be_stopped(job(id));
    }
    note_all_holdings();
    count_all_firm();
    for (const JobId id : queued) {
        Job& waiting = job(id);
        rank(state, waiting, at, std::get<Waiting>(waiting.state));
        into_queue(waiting);
    }
}

void State::Apply::charge(const Job& holder, const GpuNeed& held, Charge charge) {
    const bool firm = is_firm(state.policy(), holder.demand());
    const PendingJobs::Tree tree = state.tree();
    const auto book = [&](GpuNeed& use) {
        for (const auto& [accelerator, gpus] : held) {
            charge == Charge::More ? use[accelerator] += gpus : use[accelerator] -= gpus;
        }
    };
    const auto book_as_firm = [&](Tenant& charged) {
        for (const auto& [accelerator, gpus] : held) {
            count_firm(charged, accelerator, Charge::Less);
        }
        book(charged.firm);
        for (const auto& [accelerator, gpus] : held) {
            count_firm(charged, accelerator, Charge::More);
        }
    };
    for (TenantId id = holder.demand().tenant; id; id = tenant(id).parent) {
        Tenant& charged = tenant(id);
        account(charged);
        const GpuNeed before = charged.used;
        book(charged.used);
        if (firm) {
            book_as_firm(charged);
        }
        note_borrower(charged);
        state.pending_.turn_changed(id, tree);
        if (charge == Charge::More && some_may_be_stopped(charged)) {
            hope_to_take_from(charged, before);
        }
    }
}

// What it has begun to borrow others may want back, if it held some before: only then may any of it
// be old enough.
void State::Apply::hope_to_take_from(const Tenant& tenant, const GpuNeed& used_before) {
    for (const auto& [accelerator, held] : used_before) {
        if (accelerator != kAnyAccelerator && !held.is_zero() &&
            borrows_of(tenant, accelerator, tenant.used) &&
            !borrows_of(tenant, accelerator, used_before)) {
            state.pending_.hope_again(accelerator);
        }
    }
}

}  // namespace gusu::core
