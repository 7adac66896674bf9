#include "scheduler/wire/job_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace gusu::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

v1::JobSpec good_spec() {
    v1::JobSpec spec;
    spec.add_command("/usr/bin/train");
    spec.add_groups();
    return spec;
}

struct BadSpec {
    const char* name;
    std::function<void(v1::JobSpec&)> spoil;
    // What the message must say: the field with its value, and what is allowed.
    const char* says;
    const char* allowed;
};

v1::TaskGroup& group(v1::JobSpec& spec) { return *spec.mutable_groups(0); }
v1::Resources& resources(v1::JobSpec& spec) { return *group(spec).mutable_resources(); }
void add_dependency(v1::JobSpec& spec, const std::string& job) {
    v1::Dependency& dependency = *spec.add_dependencies();
    dependency.set_condition(v1::DEPENDENCY_CONDITION_AFTER_OK);
    dependency.add_job_ids(job);
}

const BadSpec kBadSpecs[] = {
    {"too large", [](auto& s) { (*s.mutable_labels())["a"] = std::string(3 << 20, 'x'); },
     "spec: has 31", "at most 2097152 bytes"},
    {"long name", [](auto& s) { s.set_name(std::string(129, 'x')); }, "spec.name: has 129 bytes",
     "at most 128 bytes"},
    {"name not UTF-8", [](auto& s) { s.set_name("a\xff"); },
     R"(spec.name: value "a\xff" is not valid UTF-8)", "UTF-8 text"},
    {"name with newline", [](auto& s) { s.set_name("a\nb"); }, "spec.name: value",
     "without control"},
    {"no command", [](auto& s) { s.clear_command(); }, "spec.command: is empty", "a program"},
    {"empty program", [](auto& s) { s.set_command(0, ""); }, "spec.command: names no program",
     "a program"},
    {"NUL in argument", [](auto& s) { s.add_command(std::string("a\0b", 3)); },
     "spec.command[1]: value", "without NUL"},
    {"long argument", [](auto& s) { s.add_command(std::string(200'000, 'x')); },
     "spec.command[1]: has 200000 bytes", "at most 131071 bytes"},
    {"long script", [](auto& s) { s.set_script("#!" + std::string(1 << 20, 'x')); },
     "spec.script: has 1048578 bytes", "at most 1048576 bytes"},
    {"script without #!", [](auto& s) { s.set_script("echo hi\n"); },
     R"(spec.script: value "echo hi")", "#!/bin/bash"},
    {"env name", [](auto& s) { (*s.mutable_env())["1A"] = ""; }, R"(spec.env: name "1A")",
     "[A-Za-z_][A-Za-z0-9_]*"},
    {"LD_PRELOAD", [](auto& s) { (*s.mutable_env())["LD_PRELOAD"] = "x"; },
     R"(spec.env: name "LD_PRELOAD" is reserved)", "any but LD_*"},
    {"GUSU_", [](auto& s) { (*s.mutable_env())["GUSU_JOB_ID"] = "x"; }, "is reserved", "GUSU_*"},
    {"large env", [](auto& s) { (*s.mutable_env())["A"] = std::string(65'535, 'x'); },
     "spec.env: has 65538 bytes", "at most 65536 bytes"},
    {"relative workdir", [](auto& s) { s.set_workdir("run"); },
     R"(spec.workdir: value "run" is not absolute)", "a path from the root"},
    {"output with NUL", [](auto& s) { s.set_output(std::string("a\0", 2)); }, "spec.output: value",
     "without control"},
    {"image", [](auto& s) { s.set_image("Not an image"); }, "spec.image: value", "registry"},
    {"blank image", [](auto& s) { s.set_image(" "); }, R"(spec.image: value " ")", "registry"},
    {"launch mode", [](auto& s) { s.set_launch_mode(static_cast<v1::LaunchMode>(9)); },
     "spec.launch_mode: value 9 is no way to launch a job", "LAUNCH_MODE_FIRST"},
    {"launch mode in a container",
     [](auto& s) {
         s.set_launch_mode(v1::LAUNCH_MODE_FIRST);
         s.set_image("a/b:1");
     },
     "is not for jobs in containers", "leave out the image"},
    {"kind", [](auto& s) { s.set_kind(static_cast<v1::JobKind>(9)); },
     "spec.kind: value 9 is no kind", "JOB_KIND_TRAINING"},
    {"priority", [](auto& s) { s.set_priority(static_cast<v1::Priority>(-1)); },
     "spec.priority: value -1", "PRIORITY_LOW"},
    {"tenant", [](auto& s) { s.set_tenant("Suda//x"); }, R"(spec.tenant: value "Suda//x")",
     "suda/nlp"},
    {"deep tenant", [](auto& s) { s.set_tenant("a/b/c/d/e/f/g/h/i"); }, "spec.tenant: value",
     "up to 8 parts"},
    {"label key", [](auto& s) { (*s.mutable_labels())["a b"] = "x"; }, R"(spec.labels: key "a b")",
     "letters, digits"},
    {"a singleton that names a job",
     [](auto& s) {
         s.clear_dependencies();
         s.add_dependencies()->set_condition(v1::DEPENDENCY_CONDITION_SINGLETON);
         s.mutable_dependencies(0)->add_job_ids("12");
     },
     R"(spec.dependencies[0].job_ids: value "12" is named by a singleton)", "none"},
    {"an exit code", [](auto& s) { s.mutable_retry()->add_exit_codes(256); },
     "spec.retry.exit_codes[0]: value 256 is too large", "1 to 255"},
    {"an exit code in both lists",
     [](auto& s) {
         s.mutable_retry()->add_exit_codes(75);
         s.mutable_retry()->add_final_exit_codes(75);
     },
     "spec.retry.final_exit_codes: value 75 is in exit_codes too", "one of the two lists"},
    {"no groups", [](auto& s) { s.clear_groups(); }, "spec.groups: value 0 groups", "1 to 64"},
    {"65 groups",
     [](auto& s) {
         while (s.groups_size() < 65) {
             s.add_groups()->set_name("g" + std::to_string(s.groups_size()));
         }
     },
     "spec.groups: value 65 groups", "1 to 64"},
    {"negative tasks", [](auto& s) { group(s).set_tasks(-1); },
     "spec.groups[0].tasks: value -1 is too small", "1 to 100000"},
    {"many tasks", [](auto& s) { group(s).set_tasks(100'001); },
     "spec.groups[0].tasks: value 100001 is too large", "1 to 100000"},
    {"many tasks together",
     [](auto& s) {
         group(s).set_name("a");
         group(s).set_tasks(60'000);
         s.add_groups()->set_name("b");
         s.mutable_groups(1)->set_tasks(60'000);
     },
     "spec.groups: have 120000 tasks together", "at most 100000"},
    {"group without a name", [](auto& s) { s.add_groups()->set_name("b"); },
     R"(spec.groups[0].name: value "")", "empty only if there is one group"},
    {"two groups of one name",
     [](auto& s) {
         group(s).set_name("a");
         s.add_groups()->set_name("a");
     },
     R"(spec.groups[1].name: value "a" is used twice)", "a name of its own"},
    {"negative gpus", [](auto& s) { resources(s).set_gpus(-1); },
     "spec.groups[0].resources.gpus: value -1 is negative", "0 to 1024"},
    {"1e30 gpus", [](auto& s) { resources(s).set_gpus(1e30); },
     "spec.groups[0].resources.gpus: value 1e+30 is too large", "0 to 1024"},
    {"infinite gpus", [](auto& s) { resources(s).set_gpus(kInfinity); },
     "spec.groups[0].resources.gpus: value inf is no number", "0 to 1024"},
    {"nan gpus", [](auto& s) { resources(s).set_gpus(std::nan("")); }, "is no number", "0 to 1024"},
    {"1.5 gpus", [](auto& s) { resources(s).set_gpus(1.5); },
     "spec.groups[0].resources.gpus: value 1.5 is neither", "a share below 1 as 0.25"},
    {"four decimals", [](auto& s) { resources(s).set_gpus(0.0625); },
     "value 0.0625 has more than three decimals", "at most three decimals"},
    {"many cpus", [](auto& s) { resources(s).set_cpus(4097); },
     "spec.groups[0].resources.cpus: value 4097 is too large", "0 to 4096"},
    {"negative memory", [](auto& s) { resources(s).set_memory(-1); },
     "spec.groups[0].resources.memory: value -1 is negative", "0 to 70368744177664 bytes"},
    {"2^63 - 1 bytes",
     [](auto& s) { resources(s).set_memory(std::numeric_limits<std::int64_t>::max()); },
     "spec.groups[0].resources.memory: value 9223372036854775807 is too large", "64TiB"},
    {"memory of all tasks",
     [](auto& s) {
         group(s).set_tasks(100'000);
         resources(s).set_memory(std::int64_t{64} << 40);
     },
     "spec.groups: ask for more than", "fewer tasks"},
    {"accelerator name",
     [](auto& s) {
         resources(s).set_gpus(1);
         group(s).add_accelerators("NVIDIA H200");
     },
     R"(spec.groups[0].accelerators[0]: value "NVIDIA H200")", "nvidia-h200"},
    {"accelerator twice",
     [](auto& s) {
         resources(s).set_gpus(1);
         group(s).add_accelerators("a");
         group(s).add_accelerators("a");
     },
     R"(spec.groups[0].accelerators[1]: value "a" is named twice)", "each accelerator once"},
    {"accelerator without gpus", [](auto& s) { group(s).add_accelerators("nvidia-h200"); },
     "is asked for by tasks without GPUs", "resources.gpus above 0"},
    {"node label", [](auto& s) { (*group(s).mutable_node_labels())[""] = "x"; },
     R"(spec.groups[0].node_labels: key "")", "letters, digits"},
    {"topology without a level", [](auto& s) { s.mutable_topology(); },
     R"(spec.topology.level: key "")", "letters, digits"},
    {"a wait beside required",
     [](auto& s) {
         s.mutable_topology()->set_level("rack");
         s.mutable_topology()->set_required(true);
         s.mutable_topology()->mutable_wait()->set_seconds(5);
     },
     "spec.topology.wait: stands beside required", "only one of the two"},
    {"two days of waiting for a rack",
     [](auto& s) {
         s.mutable_topology()->set_level("rack");
         s.mutable_topology()->mutable_wait()->set_seconds(172'800);
     },
     "spec.topology.wait: value 172800s is too long", "a duration"},
    {"spread over no label", [](auto& s) { group(s).set_spread_over("a rack"); },
     R"(spec.groups[0].spread_over: key "a rack")", "letters, digits"},
    {"a profile that is no name", [](auto& s) { group(s).set_gpu_slice("1g 10gb"); },
     R"(spec.groups[0].gpu_slice: value "1g 10gb" is no name)", "as 1g.10gb"},
    {"two GPUs of slices",
     [](auto& s) {
         group(s).set_gpu_slice("1g.10gb");
         group(s).mutable_resources()->set_gpus(2);
     },
     "spec.groups[0].resources.gpus: value 2 does not go with gpu_slice", "leave gpus out"},
    {"time limit of nothing", [](auto& s) { s.mutable_time_limit(); },
     "spec.time_limit: value 0ms is too short", "a duration of 1 ms"},
    {"negative time limit", [](auto& s) { s.mutable_time_limit()->set_seconds(-5); },
     "spec.time_limit: value -5s is negative", "a duration"},
    {"eleven years", [](auto& s) { s.mutable_time_limit()->set_seconds(11LL * 365 * 86'400); },
     "spec.time_limit: value 346896000s is too long", "3650-00:00:00"},
    {"endless time limit",
     [](auto& s) { s.mutable_time_limit()->set_seconds(std::numeric_limits<std::int64_t>::max()); },
     "is too long", "a duration"},
    {"broken duration",
     [](auto& s) {
         s.mutable_time_limit()->set_seconds(1);
         s.mutable_time_limit()->set_nanos(-5);
     },
     "is no duration", "a duration"},
    {"retries", [](auto& s) { s.mutable_retry()->set_retries(101); },
     "spec.retry.retries: value 101 is too large", "0 to 100"},
    {"backoff", [](auto& s) { s.mutable_retry()->mutable_backoff()->set_seconds(3601); },
     "spec.retry.backoff: value 3601s is too long", "a duration"},
    {"grace", [](auto& s) { s.mutable_checkpoint()->mutable_grace()->set_seconds(3601); },
     "spec.checkpoint.grace: value 3601s is too long", "a duration"},
    {"signal", [](auto& s) { s.mutable_checkpoint()->set_signal("KILL"); },
     R"(spec.checkpoint.signal: value "KILL")", "TERM, INT, USR1"},
    {"begin", [](auto& s) { s.mutable_begin()->set_seconds(-1); }, "spec.begin: value -1s", "9999"},
    {"array", [](auto& s) { s.mutable_array()->set_indices("0-9%2"); },
     R"(spec.array.indices: value "0-9%2" is no list of indices)", "0-100:10"},
    {"array of nothing", [](auto& s) { s.mutable_array(); }, R"(spec.array.indices: value "")",
     "0-100:10"},
    {"array throttle",
     [](auto& s) {
         s.mutable_array()->set_indices("1");
         s.mutable_array()->set_max_running(-1);
     },
     "spec.array.max_running: value -1 is too small", "0 to 100000"},
    {"dependency condition", [](auto& s) { s.add_dependencies()->add_job_ids("1"); },
     "spec.dependencies[0].condition: value 0", "AFTER_OK"},
    {"dependency on nothing",
     [](auto& s) { s.add_dependencies()->set_condition(v1::DEPENDENCY_CONDITION_AFTER_ANY); },
     "spec.dependencies[0].job_ids: is empty", "1 to 1000"},
    {"dependency id", [](auto& s) { add_dependency(s, "abc"); },
     R"(spec.dependencies[0].job_ids[0]: value "abc" is no job id)", "1042_7"},
    {"dependency on itself", [](auto& s) { add_dependency(s, "#2"); },
     R"(spec.dependencies[0].job_ids[0]: value "#2" is the job itself)", "\"#0\" to \"#1\""},
    {"dependency on a later job", [](auto& s) { add_dependency(s, "#3"); },
     "names no earlier job of the batch", "\"#0\" to \"#1\""},
};

TEST(JobSpec, EveryMistakeIsNamedWithItsValueAndTheRemedy) {
    for (const BadSpec& bad : kBadSpecs) {
        v1::JobSpec spec = good_spec();
        bad.spoil(spec);
        const auto submission = to_submission(spec, "spec", 2);
        ASSERT_FALSE(submission.ok()) << bad.name;
        EXPECT_EQ(submission.error().code, ErrorCode::InvalidArgument) << bad.name;
        EXPECT_THAT(submission.error().message, HasSubstr(bad.says)) << bad.name;
        const std::size_t allowed = submission.error().message.find("; allowed: ");
        ASSERT_NE(allowed, std::string::npos) << bad.name;
        EXPECT_THAT(submission.error().message.substr(allowed), HasSubstr(bad.allowed)) << bad.name;
        EXPECT_LT(submission.error().message.size(), 600U) << bad.name;
    }
}

TEST(JobSpec, TheFieldOfABatchIsNamed) {
    v1::JobSpec spec = good_spec();
    group(spec).set_tasks(-3);
    EXPECT_THAT(to_submission(spec, "specs[3]", 3).error().message,
                HasSubstr("specs[3].groups[0].tasks: value -3"));
}

TEST(JobSpec, DefaultsAreFilledIn) {
    const auto submission = to_submission(good_spec(), "spec");
    ASSERT_TRUE(submission.ok()) << submission.error().message;
    const core::JobSpec& spec = submission->spec;
    EXPECT_EQ(spec.name, "train");
    EXPECT_EQ(spec.demand->groups[0].tasks, 1);
    EXPECT_EQ(spec.demand->groups[0].per_task.milli_cpus, Amount(1000));
    EXPECT_EQ(spec.demand->groups[0].per_task.memory, Amount(std::int64_t{1} << 30));
    EXPECT_EQ(spec.demand->priority, core::Priority::Normal);
    EXPECT_EQ(spec.demand->runtime, core::Runtime::Process);
    EXPECT_EQ(spec.demand->time_limit, std::nullopt);
    EXPECT_EQ(spec.stop_signal, "TERM");
    EXPECT_EQ(spec.stop_grace, Duration(30'000));
    EXPECT_EQ(spec.retry, core::RetryPolicy{});
    EXPECT_EQ(submission->hold, core::Hold::None);
}

TEST(JobSpec, EverythingAskedArrives) {
    v1::JobSpec spec = good_spec();
    spec.set_tenant("suda/nlp");
    spec.set_image("registry.example.org:5000/team/train:1.2");
    spec.set_priority(v1::PRIORITY_HIGH);
    spec.set_preemptible(true);
    spec.set_hold(true);
    spec.mutable_time_limit()->set_seconds(90);
    spec.mutable_begin()->set_seconds(1'000);
    spec.mutable_retry()->set_retries(3);
    spec.mutable_checkpoint()->set_signal("SIGUSR1");
    spec.mutable_array()->set_indices("3,1");
    spec.mutable_array()->set_max_running(1);
    resources(spec).set_gpus(0.333);
    group(spec).add_accelerators("nvidia-h200");
    group(spec).set_distinct_nodes(true);
    (*spec.mutable_env())["SLURM_SUBMIT_DIR"] = "/home/li";
    add_dependency(spec, "1042_7");
    add_dependency(spec, "#1");
    const auto submission = to_submission(spec, "spec", 2);
    ASSERT_TRUE(submission.ok()) << submission.error().message;
    const core::Demand& demand = *submission->spec.demand;
    EXPECT_EQ(submission->tenant, "suda/nlp");
    EXPECT_EQ(demand.runtime, core::Runtime::Container);
    EXPECT_EQ(demand.priority, core::Priority::High);
    EXPECT_EQ(demand.preemption, core::Preemption::Allowed);
    EXPECT_EQ(demand.time_limit, Duration(90'000));
    EXPECT_EQ(demand.groups[0].per_task.milli_gpus, Amount(333));
    EXPECT_EQ(demand.groups[0].spread, core::Spread::DistinctNodes);
    EXPECT_THAT(demand.groups[0].accelerators, ElementsAre("nvidia-h200"));
    EXPECT_EQ(submission->spec.begin, from_milliseconds(1'000'000));
    EXPECT_EQ(submission->spec.stop_signal, "USR1");
    EXPECT_EQ(submission->hold, core::Hold::ByUser);
    EXPECT_THAT(submission->array_indices, ElementsAre(1, 3));
    EXPECT_EQ(submission->array_max_running, 1);
    ASSERT_EQ(submission->dependencies.size(), 2U);
    EXPECT_EQ(submission->dependencies[0].jobs[0].array_index, 7);
    EXPECT_THAT(submission->dependencies[1].siblings, ElementsAre(1));
}

TEST(JobSpec, AnElasticGroupHasALeast) {
    v1::JobSpec spec = good_spec();
    group(spec).set_tasks(8);
    group(spec).set_min_tasks(2);
    const auto elastic = to_submission(spec, "spec", 0);
    ASSERT_TRUE(elastic.ok()) << elastic.error().message;
    EXPECT_EQ(elastic->spec.demand->groups[0].min_tasks, 2);
    group(spec).set_min_tasks(8);
    EXPECT_FALSE(to_submission(spec, "spec", 0)->spec.demand->is_elastic());
    group(spec).set_min_tasks(9);
    EXPECT_THAT(to_submission(spec, "spec", 0).error().message,
                HasSubstr("spec.groups[0].min_tasks: value 9"));
}

TEST(JobSpec, ASliceIsAskedForByName) {
    v1::JobSpec spec = good_spec();
    group(spec).mutable_resources()->clear_gpus();
    group(spec).set_gpu_slice("1g.10gb");
    const core::TaskGroup asked = to_submission(spec, "spec")->spec.demand->groups[0];
    EXPECT_EQ(asked.slice, core::SliceProfile{.name = "1g.10gb"});
}

TEST(JobSpec, WhereItIsToBeArrives) {
    v1::JobSpec spec = good_spec();
    EXPECT_EQ(to_submission(spec, "spec")->spec.demand->sharing, core::Sharing::Shared);
    EXPECT_EQ(to_submission(spec, "spec")->spec.demand->topology, std::nullopt);
    spec.set_exclusive(true);
    spec.mutable_topology()->set_level("rack");
    group(spec).set_spread_over("power");
    const core::Demand preferred = *to_submission(spec, "spec")->spec.demand;
    EXPECT_EQ(preferred.sharing, core::Sharing::Exclusive);
    EXPECT_EQ(preferred.groups[0].spread_over, "power");
    EXPECT_EQ(preferred.topology, (core::Topology{.level = "rack",
                                                  .closeness = core::Closeness::Preferred,
                                                  .wait = Duration(300'000)}));
    spec.mutable_topology()->mutable_wait();
    EXPECT_EQ(to_submission(spec, "spec")->spec.demand->topology->wait, Duration(0));
    spec.mutable_topology()->set_required(true);
    EXPECT_EQ(to_submission(spec, "spec")->spec.demand->topology->closeness,
              core::Closeness::Required);
}

TEST(JobSpec, EqualSpecsHaveEqualPayloads) {
    v1::JobSpec first = good_spec();
    v1::JobSpec second = good_spec();
    for (int i = 0; i < 40; ++i) {
        (*first.mutable_env())["A" + std::to_string(i)] = "x";
        (*second.mutable_env())["A" + std::to_string(39 - i)] = "x";
    }
    EXPECT_EQ(to_submission(first, "spec")->spec.payload,
              to_submission(second, "spec")->spec.payload);
}

TEST(JobSpec, GroupsMayHaveCommandsOfTheirOwn) {
    v1::JobSpec spec;
    spec.add_groups()->set_name("ps");
    spec.add_groups()->set_name("worker");
    spec.mutable_groups(0)->add_command("ps");
    EXPECT_FALSE(to_submission(spec, "spec").ok());
    spec.mutable_groups(1)->add_command("worker");
    EXPECT_TRUE(to_submission(spec, "spec").ok());
}

}  // namespace
}  // namespace gusu::wire
