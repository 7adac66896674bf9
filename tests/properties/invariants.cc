#include "tests/properties/invariants.h"

#include "scheduler/core/policy/placement.h"
#include "scheduler/wire/event_codec.h"

namespace gusu::testing {
namespace {

class Inspection {
public:
    Inspection(core::Scheduler& scheduler, Time now)
        : scheduler_(scheduler), state_(scheduler.state()), now_(now) {}

    std::vector<std::string> broken() {
        devices_are_held_once();
        use_is_the_sum_of_what_is_held();
        nothing_that_could_start_waits();
        every_waiting_job_has_a_reason();
        return broken_;
    }

private:
    void expect(bool holds, const std::string& what) {
        if (!holds) {
            broken_.push_back(what);
        }
    }

    // P5: no device is held beyond itself, and the ledger knows exactly what is held.
    void devices_are_held_once() {
        std::map<std::pair<NodeId, int>, int> held;
        std::map<NodeId, Amount> cpus;
        for (const auto& [incarnation, id] : state_.placed()) {
            const core::Job& job = *state_.job(id);
            for (const core::PlacedTask& task : std::get<core::Placed>(job.state).tasks) {
                for (const int device : task.devices) {
                    held[{task.node, device}] += task.milli_per_device;
                }
                cpus[task.node] +=
                    job.demand().groups[static_cast<std::size_t>(task.group)].per_task.milli_cpus;
            }
        }
        for (const auto& [id, node] : state_.nodes()) {
            for (std::size_t i = 0; i < node.room.device_milli.size(); ++i) {
                const int used = held[{id, static_cast<int>(i)}];
                expect(used <= 1000 && used + node.room.device_milli[i] == 1000,
                       node.description.name + " device " + std::to_string(i) + " holds " +
                           std::to_string(used) + " and has " +
                           std::to_string(node.room.device_milli[i]));
            }
            expect(cpus[id] + node.room.milli_cpus == node.description.milli_cpus,
                   "CPUs of " + node.description.name + " do not add up");
        }
    }

    void use_is_the_sum_of_what_is_held() {
        std::map<TenantId, std::int64_t> used;
        std::map<TenantId, int> pending;
        std::map<TenantId, int> running;
        for (const auto& [id, job] : state_.jobs()) {
            const auto* placed = std::get_if<core::Placed>(&job.state);
            for (const core::Tenant* t = state_.tenant(job.demand().tenant); t != nullptr;
                 t = state_.tenant(t->parent)) {
                pending[t->id] += job.is_waiting() ? 1 : 0;
                running[t->id] += job.is_placed() ? 1 : 0;
                used[t->id] += placed == nullptr
                                   ? 0
                                   : core::gpus_held(placed->tasks)[core::kAnyAccelerator].units();
            }
        }
        for (const auto& [id, tenant] : state_.tenants()) {
            expect(core::used(tenant, core::kAnyAccelerator).units() == used[id],
                   "use of " + tenant.path + " is not what its jobs hold");
            expect(tenant.pending_jobs == pending[id] && tenant.running_jobs == running[id],
                   "counts of jobs of " + tenant.path + " are wrong");
            for (const auto& [accelerator, quota] : tenant.quotas) {
                expect(!quota.limit || core::used(tenant, accelerator) <= *quota.limit,
                       tenant.path + " is over its limit");
            }
        }
    }

    // A full pass finds nothing that the steps have missed.
    void nothing_that_could_start_waits() {
        expect(state_.pending().untried().empty(), "a class was left untried");
        for (const auto& [demand, jobs] : state_.pending().classes()) {
            const bool open = !core::suspended_tenant(state_, demand->tenant) &&
                              !core::tenant_with_all_jobs_running(state_, demand->tenant);
            expect(!open || !core::place(*demand, core::Plan(state_)).found(),
                   "job " + std::to_string(jobs.jobs.begin()->value) + " could start and waits");
        }
    }

    // P12.
    void every_waiting_job_has_a_reason() {
        std::int64_t waiting = 0;
        for (const auto& [id, job] : state_.jobs()) {
            if (!job.is_waiting()) {
                continue;
            }
            ++waiting;
            expect(scheduler_.first_reason(job, now_).reason != core::WaitReason::NotYetExamined,
                   "job " + std::to_string(id.value) + " waits without a reason");
        }
        core::Feasibility feasibility;
        std::int64_t counted = 0;
        for (const auto& [reason, count] : core::waiting_by_reason(state_, feasibility, now_)) {
            counted += count;
        }
        expect(counted == waiting, "reasons are counted for " + std::to_string(counted) + " of " +
                                       std::to_string(waiting) + " waiting jobs");
    }

    core::Scheduler& scheduler_;
    const core::State& state_;
    Time now_;
    std::vector<std::string> broken_;
};

}  // namespace

std::vector<std::string> broken_invariants(core::Scheduler& scheduler, Time now) {
    return Inspection(scheduler, now).broken();
}

std::string bytes_of(const core::State& state) { return wire::encode_events(state.as_events()); }

}  // namespace gusu::testing
