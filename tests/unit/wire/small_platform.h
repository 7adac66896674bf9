// A tenant, two nodes and what the tests put on them, told as events.
#pragma once

#include <gtest/gtest.h>

#include "scheduler/core/model/state.h"
#include "scheduler/wire/job_spec.h"

namespace gusu::wire {

class SmallPlatform {
public:
    SmallPlatform() {
        happen(0,
               core::TenantCreated{.tenant = {1}, .parent = {}, .path = "suda", .description = {}});
        happen(0,
               core::QuotaChanged{
                   {1}, "nvidia-h200", {.guaranteed = Amount(4000), .limit = {}, .lendable = {}}});
        join(2, "n1", 4);
        join(3, "n2", 4);
    }

    const core::State& state() const { return state_; }
    const core::Job& job(std::uint64_t id) const { return *state_.job(JobId{id}); }

    void happen(std::int64_t seconds, core::EventBody body) {
        state_.apply({from_milliseconds(seconds * 1000), std::move(body)});
    }

    void submit(std::int64_t seconds, std::uint64_t id, const v1::JobSpec& message) {
        auto submission = to_submission(message, "spec");
        ASSERT_TRUE(submission.ok()) << submission.error().message;
        auto demand = std::make_shared<core::Demand>(*submission->spec.demand);
        demand->tenant = {1};
        submission->spec.demand = demand;
        submission->spec.user = "li";
        submission->spec.request_id = "r" + std::to_string(id);
        happen(seconds,
               core::JobSubmitted{.job = {id},
                                  .spec = std::make_shared<core::JobSpec>(submission->spec),
                                  .position = 0,
                                  .array_indices = submission->array_indices,
                                  .array_max_running = submission->array_max_running,
                                  .hold = submission->hold});
    }

    // Tasks of group 0 with a whole device each: on n1, n1, n2, n2, ... from device 0 up.
    void place(std::int64_t seconds, std::uint64_t id, int tasks) {
        std::vector<core::PlacedTask> placed;
        for (int rank = 0; rank < tasks; ++rank) {
            placed.push_back({.group = 0,
                              .node = {static_cast<std::uint64_t>(2 + rank / 2)},
                              .accelerator = "nvidia-h200",
                              .devices = {rank % 2},
                              .milli_per_device = 1000,
                              .state = core::TaskOrdered{}});
        }
        happen(seconds,
               core::JobPlaced{.job = {id}, .incarnation = {id + 500}, .tasks = std::move(placed)});
    }

    void change(std::int64_t seconds, std::uint64_t id, int task, core::TaskState state) {
        happen(seconds, core::TaskChanged{{id}, {id + 500}, task, std::move(state)});
    }

private:
    void join(std::uint64_t id, const std::string& name, int devices) {
        core::NodeDescription description{.name = name,
                                          .address = name + ".example.org",
                                          .milli_cpus = Amount(64'000),
                                          .memory = Amount(std::int64_t{1} << 40),
                                          .devices = {},
                                          .labels = {{"rack", "r1"}, {"room", "a"}},
                                          .runtimes = {"process"},
                                          .agent_version = "0.1"};
        for (int index = 0; index < devices; ++index) {
            description.devices.push_back({.index = 10 + index,
                                           .uuid = name + "-" + std::to_string(index),
                                           .accelerator = "nvidia-h200",
                                           .memory = Amount(std::int64_t{141} << 30),
                                           .reality = core::Reality::Simulated});
        }
        happen(0, core::NodeJoined{{id}, description, "boot-1", "session-1"});
    }

    core::State state_;
};

// `tasks` tasks of one GPU.
inline v1::JobSpec gpu_spec(int tasks) {
    v1::JobSpec spec;
    spec.add_command("/usr/bin/train");
    spec.add_groups()->set_tasks(tasks);
    spec.mutable_groups(0)->mutable_resources()->set_gpus(1);
    return spec;
}

}  // namespace gusu::wire
