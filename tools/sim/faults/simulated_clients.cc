#include "tools/sim/faults/simulated_clients.h"

#include <algorithm>

#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_spec.h"

namespace gusu::faults {
namespace {

constexpr const char* kUser = "root";
constexpr const char* kAccelerator = "nvidia-h200";
constexpr Duration kPatience{10'000};
constexpr std::int64_t kMostRunMs = 240'000;
constexpr Duration kLooksAtNodes{300'000};

const core::Caller kCaller{kUser};

v1::JobSpec some_spec(Dice& dice) {
    v1::JobSpec spec;
    spec.add_command("program");
    spec.set_name("job" + std::to_string(dice.upto(5)));
    (*spec.mutable_env())["RUN_MS"] = std::to_string(2'000 + dice.upto(kMostRunMs));
    spec.mutable_retry()->set_retries(static_cast<int>(dice.upto(2)));
    spec.set_preemptible(dice.falls(0.4));
    *spec.mutable_checkpoint()->mutable_grace() =
        wire::from_duration(Duration(1'000 + dice.upto(15'000)));
    // Without a limit, some would wait for what is lent to be enough for them.
    if (!spec.preemptible() || dice.falls(0.3)) {
        *spec.mutable_time_limit() = wire::from_duration(
            Duration(dice.falls(0.5) ? 10'800'000 : 60'000 + dice.upto(300'000)));
    }
    v1::TaskGroup& group = *spec.add_groups();
    const auto tasks = static_cast<int>(dice.falls(0.3) ? 1 + dice.upto(5) : 1);
    group.set_tasks(tasks);
    if (tasks > 1 && dice.falls(0.3)) {
        group.set_min_tasks(1 + static_cast<int>(dice.upto(tasks - 1)));
    }
    v1::Resources& each = *group.mutable_resources();
    each.set_cpus(1 + static_cast<int>(dice.upto(3)));
    const bool shares = tasks == 1 && dice.falls(0.2);
    each.set_gpus(shares ? 0.25 * static_cast<double>(1 + dice.upto(2))
                         : static_cast<double>(dice.upto(2)));
    return spec;
}

}  // namespace

void SimulatedClients::begin() {
    core::FoundPlatform founded;
    founded.token.id = "t0";
    founded.token.user = kUser;
    wish({founded,
          [this](const core::State&) {
              const bool one_is_sensitive = life_.dice.falls(0.4);
              for (const std::string tenant : {"a", "b"}) {
                  core::TenantDescription description;
                  if (one_is_sensitive && tenant == "b") {
                      description.data_class = core::DataClass::Sensitive;
                  }
                  wish({core::CreateTenant{kCaller, tenant, description},
                        [this, tenant](const core::State&) { set_quota(tenant, 8000); }, nullptr});
              }
              go_on();
              mend_nodes();
          },
          nullptr});
}

void SimulatedClients::wish(Wish wish) {
    const std::uint64_t number = ++wishes_;
    open_.emplace(number, std::move(wish));
    ask(number);
}

// Until it is answered.
void SimulatedClients::ask(std::uint64_t number) {
    const auto found = open_.find(number);
    if (found == open_.end()) {
        return;
    }
    life_.time.after(kPatience + Duration(life_.dice.upto(5'000)), [this, number] { ask(number); });
    if (scheduler_ == nullptr || scheduler_->dead()) {
        return;
    }
    SimulatedScheduler* asked = scheduler_;
    asked->submit(found->second.command,
                  [this, asked, number, seen = found->second.seen](
                      core::Scheduler& scheduler, const Result<core::Events>& events,
                      Time) -> service::Release {
                      const Wish::Learned learned =
                          events && seen ? seen(scheduler, *events) : Wish::Learned();
                      // A second wish for what has been done already is as good as done.
                      const bool done =
                          events.ok() || events.error().code != ErrorCode::Unavailable;
                      return [this, asked, number, done, learned](const Status& durable) {
                          const bool well = done && durable.ok();
                          if (!asked->may("answer a client")) {
                              return;
                          }
                          if (well && learned) {
                              learned();
                          }
                          answered(number, well);
                      };
                  });
}

void SimulatedClients::answered(std::uint64_t number, bool well) {
    const auto found = open_.find(number);
    if (!well || found == open_.end() || life_.befalls(Fault::ReplyLost)) {
        return;
    }
    const Wish wish = std::move(found->second);
    open_.erase(found);
    if (wish.answered) {
        wish.answered(scheduler_->core().state());
    }
}

void SimulatedClients::go_on() {
    life_.time.after(life_.dice.around(every_), [this] {
        if (!resting_) {
            life_.dice.falls(0.12) ? cancel() : submit();
            go_on();
        }
    });
}

void SimulatedClients::mend_nodes() {
    life_.time.after(life_.dice.around(kLooksAtNodes), [this] {
        mend_nodes();
        if (scheduler_ == nullptr || scheduler_->dead()) {
            return;
        }
        for (const auto& [id, node] : scheduler_->core().state().nodes()) {
            if (node.drained) {
                wish({core::ResumeNode{kCaller, node.description.name}, nullptr, nullptr});
            }
        }
    });
}

void SimulatedClients::submit() {
    auto submission = wire::to_submission(some_spec(life_.dice), "spec");
    check(submission.ok(), "a simulated client asks for what may be asked");
    submission->tenant = life_.dice.falls(0.5) ? "a" : "b";
    const std::string request = "request-" + std::to_string(wishes_ + 1);
    core::SubmitJobs submit{kCaller, request, {}};
    submit.submissions.push_back(std::move(*submission));
    auto jobs = std::make_shared<std::vector<JobId>>();
    wish({std::move(submit),
          [this, request, jobs](const core::State&) {
              if (!jobs->empty()) {
                  oracle_.submitted(kUser, request, *jobs);
              }
          },
          [request, jobs](const core::Scheduler& scheduler, const core::Events&) {
              const auto* made = scheduler.state().request(kUser, request);
              return [jobs, ids = made == nullptr ? std::vector<JobId>{} : *made] { *jobs = ids; };
          }});
}

void SimulatedClients::cancel() {
    const auto& alive = oracle_.alive();
    if (alive.empty()) {
        return;
    }
    const auto chosen = life_.dice.upto(static_cast<std::int64_t>(alive.size()) - 1);
    const JobId job = alive[static_cast<std::size_t>(chosen)];
    wish({core::CancelJobs{kCaller, {{job, std::nullopt}}},
          [this, job](const core::State&) { oracle_.cancelled(job); }, nullptr});
}

void SimulatedClients::change_a_quota() {
    if (founded_ && !resting_) {
        set_quota(life_.dice.falls(0.5) ? "a" : "b", 1000 * life_.dice.upto(12));
    }
}

void SimulatedClients::set_quota(const std::string& tenant, std::int64_t guaranteed) {
    founded_ = true;
    oracle_.quota_asked(tenant);
    core::SetQuota quota;
    quota.caller = kCaller;
    quota.tenant = tenant;
    quota.accelerator = kAccelerator;
    quota.guaranteed = Amount(guaranteed);
    wish({quota,
          [this, tenant, guaranteed](const core::State&) { oracle_.quota_set(tenant, guaranteed); },
          nullptr});
}

}  // namespace gusu::faults
