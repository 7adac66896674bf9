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
}

void State::Apply::operator()(const TenantUpdated& event) {
    tenant(event.tenant).description = event.description;
    state.pending_.tenant_freed(event.tenant, state.tree());
}

void State::Apply::operator()(const TenantDeleted& event) {
    const Tenant& gone = tenant(event.tenant);
    check(gone.children == 0 && gone.pending_jobs == 0 && gone.running_jobs == 0,
          "a tenant that is deleted has no children and no live jobs");
    if (gone.parent) {
        --tenant(gone.parent).children;
    }
    std::erase_if(state.directory_.grants,
                  [&](const Grant& grant) { return grant.tenant == event.tenant; });
    for (const auto& [accelerator, quota] : gone.quotas) {
        if (quota.guaranteed_nodes > 0) {
            guarantee_nodes(event.tenant, accelerator, 0);
        }
    }
    state.tenant_by_path_.erase(gone.path);
    state.tenants_.erase(event.tenant);
}

void State::Apply::operator()(const QuotaChanged& event) {
    Tenant& changed = tenant(event.tenant);
    account(changed);
    Quota& quota = changed.quotas[event.accelerator];
    const int nodes_before = quota.guaranteed_nodes;
    quota = event.quota;
    if (quota.guaranteed_nodes != nodes_before) {
        guarantee_nodes(event.tenant, event.accelerator, quota.guaranteed_nodes);
    }
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

// All that was booked and ordered by the old rules is booked and ordered by the new ones.
void State::Apply::operator()(const PolicyChanged& event) {
    const std::vector<JobId> queued = leave_queue();
    for (auto& [id, each] : state.tenants_) {
        each.firm.clear();
    }
    state.policy_ = event.policy;
    for (const auto& [incarnation, id] : state.job_by_incarnation_) {
        book_firm(job(id));
        may_no_longer_be_stopped(id);
        may_be_stopped(job(id));
    }
    note_all_holdings();
    for (const JobId id : queued) {
        Job& waiting = job(id);
        rank(state, waiting, at, std::get<Waiting>(waiting.state));
        into_queue(waiting);
    }
}

void State::Apply::charge(const Job& holder, const GpuNeed& held, Charge charge) {
    const bool firm = is_firm(state.policy(), holder.demand());
    const PendingJobs::Tree tree = state.tree();
    const auto book = [&](std::map<std::string, Amount>& use) {
        for (const auto& [accelerator, gpus] : held) {
            charge == Charge::More ? use[accelerator] += gpus : use[accelerator] -= gpus;
        }
    };
    for (TenantId id = holder.demand().tenant; id; id = tenant(id).parent) {
        Tenant& charged = tenant(id);
        account(charged);
        book(charged.used);
        if (firm) {
            book(charged.firm);
        }
        note_borrower(charged);
        state.pending_.turn_changed(id, tree);
        if (charge == Charge::Less) {
            state.pending_.hope_for(id);  // it may own more now
        } else if (!borrowed(charged).is_zero()) {
            state.pending_.hope_again();  // it may be asked to give back, or more than before
        }
    }
}

}  // namespace gusu::core
