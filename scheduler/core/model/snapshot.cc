// The state as events: what a snapshot keeps in place of the log before it.
#include <algorithm>

#include "scheduler/core/model/state.h"

namespace gusu::core {
namespace {

void add_tenants(const State& state, Events& events) {
    for (const auto& [id, tenant] : state.tenants()) {  // parents have lower ids
        events.push_back({tenant.created, TenantCreated{.tenant = id,
                                                        .parent = tenant.parent,
                                                        .path = tenant.path,
                                                        .description = tenant.description}});
        for (const auto& [accelerator, quota] : tenant.quotas) {
            events.push_back({tenant.created, QuotaChanged{id, accelerator, quota}});
        }
    }
}

void add_directory(const State& state, Events& events) {
    for (const Grant& grant : state.directory().grants) {
        events.push_back({state.last_event(), RoleGranted{grant}});
    }
    for (const auto& [id, token] : state.directory().tokens) {
        events.push_back({state.last_event(), TokenIssued{token}});
    }
}

void add_nodes(const State& state, Events& events) {
    for (const auto& [id, node] : state.nodes()) {
        events.push_back({state.last_event(), NodeRestored{.node = id,
                                                           .description = node.description,
                                                           .boot_id = node.boot_id,
                                                           .contact = node.contact,
                                                           .drained = node.drained,
                                                           .labels_set = node.labels_set,
                                                           .drains = node.drains,
                                                           .drain_cause = node.drain_cause,
                                                           .fast_failures = node.fast_failures}});
    }
    for (const auto& [name, reservation] : state.reservations()) {
        events.push_back({state.last_event(), ReservationCreated{reservation}});
    }
}

void add_jobs(const State& state, Events& events) {
    const auto position = [&](const JobSpec& spec, JobId id) {
        const std::vector<JobId>& ids = *state.request(spec.user, spec.request_id);
        return static_cast<int>(std::ranges::find(ids, id) - ids.begin());
    };
    for (const auto& [id, array] : state.arrays()) {
        events.push_back({state.last_event(), ArrayRestored{array, position(*array.spec, id)}});
    }
    const auto restored = [&](const Job& job) {
        JobRestored event{.job = job};
        if (job.array) {
            event.job.spec.reset();
        } else {
            event.position = position(*job.spec, job.id);
        }
        return event;
    };
    // Waiting jobs come last: where they stand depends on the others.
    for (const auto& [id, job] : state.jobs()) {
        if (!job.is_waiting()) {
            events.push_back({state.last_event(), restored(job)});
        }
    }
    for (const auto& [id, job] : state.jobs()) {
        if (job.is_waiting()) {
            events.push_back({state.last_event(), restored(job)});
        }
    }
}

// After the jobs, which would change it.
void add_what_was_learnt(const State& state, Events& events) {
    for (const auto& [id, nomination] : state.nominations()) {
        events.push_back({state.last_event(), JobNominated{.job = id,
                                                           .tasks = nomination.tasks,
                                                           .victims = nomination.victims,
                                                           .until = nomination.until,
                                                           .shrinks = nomination.shrinks}});
    }
    for (const auto& [likeness, past] : state.history().all()) {
        events.push_back({state.last_event(), HistoryRestored{likeness, past}});
    }
    for (const auto& [id, tenant] : state.tenants()) {
        events.push_back({state.last_event(), BorrowingRestored{id, tenant.borrowed}});
    }
}

}  // namespace

Events State::as_events() const {
    Events events;
    events.push_back({last_event_, CountersRestored{.next_id = next_id_, .epoch = epoch_}});
    CatalogueChanged catalogue;
    for (const auto& [name, accelerator] : catalogue_) {
        catalogue.accelerators.push_back(accelerator);
    }
    events.push_back({last_event_, std::move(catalogue)});
    events.push_back({last_event_, PolicyChanged{policy_}});
    add_tenants(*this, events);
    add_directory(*this, events);
    add_nodes(*this, events);
    add_jobs(*this, events);
    add_what_was_learnt(*this, events);
    return events;
}

}  // namespace gusu::core
