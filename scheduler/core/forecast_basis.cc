// What a forecast is made from: the platform, what runs, and the waiting jobs that may matter.
#include <algorithm>
#include <set>

#include "scheduler/core/forecast.h"
#include "scheduler/core/model/state.h"

namespace gusu::core {
namespace {

// Waiting jobs on whose end the job waits, and those on whose end these wait.
void add_dependencies(const State& state, JobId id, std::set<JobId>& waiting) {
    const Job* job = state.job(id);
    if (job == nullptr || !job->is_waiting() || waiting.size() >= kForecastWaiting ||
        !waiting.insert(id).second) {
        return;
    }
    for (const Dependency& dependency : job->spec->dependencies) {
        for (const JobId target : dependency.jobs) {
            const Array* array = state.array(target);
            const std::size_t elements = array == nullptr ? 0 : array->indices.size();
            for (std::size_t i = 0; i < elements; ++i) {
                add_dependencies(state, JobId{target.value + 1 + i}, waiting);
            }
            add_dependencies(state, target, waiting);
        }
    }
}

// The first of every class, then the second, and so on: whoever is soon in turn is among them.
std::set<JobId> waiting_that_matter(const State& state, std::optional<JobId> job) {
    std::set<JobId> waiting;
    if (job) {
        add_dependencies(state, *job, waiting);
    }
    for (const auto& [id, nomination] : state.nominations()) {
        waiting.insert(id);
    }
    using Next = std::pair<std::set<JobTurn>::const_iterator, std::set<JobTurn>::const_iterator>;
    std::vector<Next> left;
    for (const auto& [demand, equals] : state.pending().classes()) {
        left.emplace_back(equals.jobs.begin(), equals.jobs.end());
    }
    while (!left.empty() && waiting.size() < kForecastWaiting) {
        std::vector<Next> still;
        for (auto& [next, end] : left) {
            if (waiting.size() < kForecastWaiting) {
                waiting.insert(next->job);
            }
            if (++next != end) {
                still.emplace_back(next, end);
            }
        }
        left = std::move(still);
    }
    return waiting;
}

class Basis {
public:
    Basis(const State& state, Time now) : state_(state) {
        basis_.now = now;
        add(CountersRestored{.next_id = state.next_id(), .epoch = state.epoch()});
    }

    void add_platform() {
        CatalogueChanged catalogue;
        for (const auto& [name, accelerator] : state_.catalogue()) {
            catalogue.accelerators.push_back(accelerator);
        }
        add(std::move(catalogue));
        add(PolicyChanged{state_.policy()});
        for (const auto& [id, tenant] : state_.tenants()) {
            add(TenantCreated{id, tenant.parent, tenant.path, tenant.description});
            for (const auto& [accelerator, quota] : tenant.quotas) {
                add(QuotaChanged{id, accelerator, quota});
            }
        }
        for (const Grant& grant : state_.directory().grants) {
            add(RoleGranted{grant});
        }
        for (const auto& [id, node] : state_.nodes()) {
            add(NodeRestored{.node = id,
                             .description = node.description,
                             .boot_id = node.boot_id,
                             .contact = node.contact,
                             .drained = node.drained,
                             .labels_set = node.labels_set,
                             .drains = node.drains,
                             .drain_cause = node.drain_cause});
        }
        for (const auto& [name, reservation] : state_.reservations()) {
            add(ReservationCreated{reservation});
        }
    }

    void add_jobs(const std::set<JobId>& waiting) {
        for (const auto& [incarnation, id] : state_.placed()) {
            add_job(*state_.job(id));
        }
        for (const JobId id : waiting) {
            add_job(*state_.job(id));
        }
        for (const auto& [id, nomination] : state_.nominations()) {
            add(JobNominated{id, nomination.tasks, nomination.victims, nomination.until,
                             nomination.shrinks});
        }
        for (const Likeness& likeness : alike_) {
            if (const auto found = state_.history().all().find(likeness);
                found != state_.history().all().end()) {
                add(HistoryRestored{likeness, found->second});
            }
        }
        for (const auto& [id, tenant] : state_.tenants()) {
            add(BorrowingRestored{id, tenant.borrowed});
        }
        const auto all = static_cast<std::int64_t>(state_.jobs().size() - state_.ended().size() -
                                                   state_.placed().size());
        basis_.waiting_left_out = all - static_cast<std::int64_t>(waiting.size());
    }

    ForecastBasis take() { return std::move(basis_); }

private:
    void add(EventBody body) { basis_.state.push_back({basis_.now, std::move(body)}); }

    void add_job(const Job& job) {
        JobRestored restored{.job = job};
        restored.job.past.clear();
        if (job.array) {
            const Array& array = *state_.array(job.array->array);
            if (arrays_.insert(array.id).second) {
                add(ArrayRestored{array});
            }
            restored.job.spec.reset();
        }
        add(std::move(restored));
        const Series series = series_of(job.demand().tenant, job.spec->user, job.spec->name);
        for (Likeness& likeness : likenesses(series, job.demand().total().milli_gpus.units())) {
            alike_.insert(std::move(likeness));
        }
        alike_.insert(Likeness{series.tenant, series.user, series.name, -1});
    }

    const State& state_;
    ForecastBasis basis_;
    std::set<JobId> arrays_;
    std::set<Likeness> alike_;
};

}  // namespace

ForecastBasis forecast_basis(const State& state, std::optional<JobId> job, Time now) {
    Basis basis(state, now);
    basis.add_platform();
    basis.add_jobs(waiting_that_matter(state, job));
    return basis.take();
}

}  // namespace gusu::core
