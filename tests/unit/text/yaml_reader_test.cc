#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include <optional>

#include "gusu/config/v1/scheduler.pb.h"
#include "gusu/v1/agent_service.pb.h"
#include "gusu/v1/job.pb.h"
#include "gusu/v1/tenant.pb.h"
#include "proto/text/yaml.h"

namespace gusu::text {
namespace {

using google::protobuf::util::MessageDifferencer;

TEST(ReadYaml, ReadsAWholeJob) {
    v1::JobSpec job;
    const Status read = read_yaml(R"(
name: yes                 # taken literally
tenant: suda/nlp
kind: training
command: [python, -u, train.py, 1e3, 08]
script: |
  #!/bin/sh
  exec "$@"
groups:
  name: worker            # one group stands for a list of one
  tasks: 4
  distinctNodes: true     # camelCase is accepted
  accelerators: nvidia-h200
  resources: {gpus: 0.5, cpus: 1e1, memory: 16G}
env: {A: 1, B: "", C: ~, D: no}
timeLimit: 1h30m
priority: PRIORITY_HIGH
begin: 2026-11-23T21:00:00.5+08:00
retry:
  backoff:
comment: null
)",
                                  "job.yaml", job);
    ASSERT_TRUE(read.ok()) << read.error().message;
    v1::JobSpec wanted;
    wanted.set_name("yes");
    wanted.set_tenant("suda/nlp");
    wanted.set_kind(v1::JOB_KIND_TRAINING);
    for (const char* word : {"python", "-u", "train.py", "1e3", "08"}) {
        wanted.add_command(word);
    }
    wanted.set_script("#!/bin/sh\nexec \"$@\"\n");
    auto& group = *wanted.add_groups();
    group.set_name("worker");
    group.set_tasks(4);
    group.set_distinct_nodes(true);
    group.add_accelerators("nvidia-h200");
    group.mutable_resources()->set_gpus(0.5);
    group.mutable_resources()->set_cpus(10);
    group.mutable_resources()->set_memory(std::int64_t{16} << 30);
    (*wanted.mutable_env())["A"] = "1";
    (*wanted.mutable_env())["B"] = "";
    (*wanted.mutable_env())["C"] = "";
    (*wanted.mutable_env())["D"] = "no";
    wanted.mutable_time_limit()->set_seconds(5400);
    wanted.set_priority(v1::PRIORITY_HIGH);
    wanted.mutable_begin()->set_seconds(1'795'438'800);
    wanted.mutable_begin()->set_nanos(500'000'000);
    wanted.mutable_retry();
    EXPECT_TRUE(MessageDifferencer::Equals(job, wanted)) << job.DebugString();
}

TEST(ReadYaml, NothingIsTheEmptyMessage) {
    for (const char* yaml : {"", "\n\n", "# only a remark\n", "---\n", "~", "{}", "\xEF\xBB\xBF"}) {
        v1::JobSpec job;
        const Status read = read_yaml(yaml, "job.yaml", job);
        EXPECT_TRUE(read.ok()) << read.error().message;
        EXPECT_TRUE(MessageDifferencer::Equals(job, v1::JobSpec()));
    }
}

TEST(ReadYaml, JsonIsYaml) {
    v1::JobSpec job;
    const Status read = read_yaml(
        "{\"command\": [\"sleep\", \"1\"], \"groups\": [{\"tasks\": 2}], \"time_limit\": \"60s\"}",
        "job.json", job);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(job.command_size(), 2);
    EXPECT_EQ(job.groups(0).tasks(), 2);
    EXPECT_EQ(job.time_limit().seconds(), 60);
}

TEST(ReadYaml, StandsOverWhatIsThere) {
    config::v1::SchedulerConfig config;
    config.set_listen("127.0.0.1:7077");
    config.mutable_tls()->add_names("old");
    config.mutable_tls()->set_key("kept");
    const Status read =
        read_yaml("log_level: debug\ntls: {names: [new]}", "scheduler.yaml", config);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(config.listen(), "127.0.0.1:7077");
    EXPECT_EQ(config.log_level(), "debug");
    EXPECT_EQ(config.tls().key(), "kept");
    ASSERT_EQ(config.tls().names_size(), 1);
    EXPECT_EQ(config.tls().names(0), "new");
}

struct Refusal {
    const char* yaml;
    const char* error;
};

template <typename Message>
void expect_refusal(const Refusal& expected) {
    SCOPED_TRACE(expected.yaml);
    Message message;
    const Status read = read_yaml(expected.yaml, "f.yaml", message);
    ASSERT_FALSE(read.ok()) << message.DebugString();
    EXPECT_EQ(read.error().code, ErrorCode::InvalidArgument);
    EXPECT_EQ(read.error().message, expected.error);
    EXPECT_TRUE(MessageDifferencer::Equals(message, Message())) << "changed by an error";
}

TEST(ReadYaml, RefusesWrongFields) {
    const Refusal cases[] = {
        {"groups:\n  - gpu: 1\n",
         "f.yaml:2:5: groups[0].gpu: no such field; did you mean \"resources.gpus\"?"},
        {"gpus: 1", "f.yaml:1:1: gpus: no such field; did you mean \"groups.resources.gpus\"?"},
        {"array: {every: 2}",
         "f.yaml:1:9: array.every: no such field; there are indices, max_running"},
        {"name: x\ngroups:\n  - tasks: 2\n  - taks: 3\n",
         "f.yaml:4:5: groups[1].taks: no such field; did you mean \"tasks\"?"},
        {"groups: {resources: {gpu: 1}}",
         "f.yaml:1:22: groups.resources.gpu: no such field; did you mean \"gpus\"?"},
        {"colour: red", "f.yaml:1:1: colour: no such field"},
        {"\"bad\\x1b key\": 1", "f.yaml:1:1: \"bad\\x1b key\": no such field"},
        {"name: a\nname: b\n", "f.yaml:2:1: name: given twice, first in line 1"},
        {"time_limit: 1h\ntimeLimit: 2h\n", "f.yaml:2:1: timeLimit: given twice, first in line 1"},
        {"env:\n  A: 1\n  A: 2\n", "f.yaml:3:3: env.A: given twice, first in line 2"},
        {"~: 1", "f.yaml:1:1: an empty key; write null and ~ in quotes to use them as a name"},
        {"[a, b]: 1", "f.yaml:1:1: a key must be a single word"},
        {"- name: x", "f.yaml:1:1: expected fields (\"name: value\"), found a list"},
        {"just words", "f.yaml:1:1: expected fields (\"name: value\"), found \"just words\""},
        {"name: [a]", "f.yaml:1:7: name: expected a single value, found a list"},
        {"name: {a: b}",
         "f.yaml:1:7: name: expected a single value, found fields (\"name: value\")"},
        {"array: 0-9", "f.yaml:1:8: array: expected fields (\"name: value\"), found \"0-9\""},
        {"env: [A]", "f.yaml:1:6: env: expected keys and values (\"key: value\"), found a list"},
        {"env: A=1", "f.yaml:1:6: env: expected keys and values (\"key: value\"), found \"A=1\""},
        {"env: {A: [1]}", "f.yaml:1:10: env.A: expected a single value, found a list"},
        {"command: [a, [b]]", "f.yaml:1:14: command[1]: expected a single value, found a list"},
        {"command: [a, ~]", "f.yaml:1:14: command[1]: an empty item; write \"\" for an empty text"},
    };
    for (const Refusal& expected : cases) {
        expect_refusal<v1::JobSpec>(expected);
    }
}

TEST(ReadYaml, RefusesWrongValues) {
    const char* const kInt32 = "; write a whole number from -2147483648 to 2147483647";
    const char* const kBytes =
        "; write whole bytes \"512\" or \"64K\", \"16G\", \"1.5T\" (powers of 1024)";
    const char* const kReal = "; write a number as 2, 0.5 or 1e3";
    const struct {
        const char* yaml;
        std::string error;
    } cases[] = {
        {"hold: yes", "1:7: hold: \"yes\" is neither true nor false"},
        {"hold: True", "1:7: hold: \"True\" is neither true nor false"},
        {"hold: 1", "1:7: hold: \"1\" is neither true nor false"},
        {"groups: {tasks: 1e3}",
         std::string("1:17: groups.tasks: \"1e3\" is not a whole number") + kInt32},
        {"groups: {tasks: 2.0}",
         std::string("1:17: groups.tasks: \"2.0\" is not a whole number") + kInt32},
        {"groups: {tasks: 0x10}",
         std::string("1:17: groups.tasks: \"0x10\" is not a whole number") + kInt32},
        {"groups: {tasks: 2147483648}",
         std::string("1:17: groups.tasks: \"2147483648\" is out of range") + kInt32},
        {"groups: {tasks: 9223372036854775808}",
         std::string("1:17: groups.tasks: \"9223372036854775808\" is out of range") + kInt32},
        {"groups: {tasks: many}",
         std::string("1:17: groups.tasks: \"many\" is not a whole number") + kInt32},
        {"groups: {resources: {memory: 1e30G}}",
         std::string("1:30: groups.resources.memory: \"1e30G\" is not an amount of bytes") +
             kBytes},
        {"groups: {resources: {memory: -1}}",
         std::string("1:30: groups.resources.memory: \"-1\" is not an amount of bytes") + kBytes},
        {"groups: {resources: {memory: 9223372036854775808}}",
         std::string("1:30: groups.resources.memory: \"9223372036854775808\" is more than 1 PiB") +
             kBytes},
        {"groups: {resources: {gpus: nan}}",
         std::string("1:28: groups.resources.gpus: \"nan\" is not a number") + kReal},
        {"groups: {resources: {gpus: .inf}}",
         std::string("1:28: groups.resources.gpus: \".inf\" is not a number") + kReal},
        {"groups: {resources: {gpus: -inf}}",
         std::string("1:28: groups.resources.gpus: \"-inf\" is not a number") + kReal},
        {"groups: {resources: {gpus: 1e999}}",
         std::string("1:28: groups.resources.gpus: \"1e999\" is out of range") + kReal},
        {"groups: {resources: {gpus: two}}",
         std::string("1:28: groups.resources.gpus: \"two\" is not a number") + kReal},
        {"groups: {resources: {gpus: \"\"}}",
         std::string("1:28: groups.resources.gpus: \"\" is not a number") + kReal},
        {"priority: urgent",
         "1:11: priority: \"urgent\" is not allowed here; write one of LOW, NORMAL, HIGH"},
        {"priority: 3",
         "1:11: priority: \"3\" is not allowed here; write one of LOW, NORMAL, HIGH"},
        {"time_limit: 4 hours",
         "1:13: time_limit: \"4 hours\" is not a duration; write it as \"90s\", \"30m\", \"4h\", "
         "\"2d\", "
         "\"1h30m\", minutes \"90\", \"HH:MM:SS\" or \"D-HH:MM:SS\""},
        {"begin: now",
         "1:8: begin: \"now\" is not a time; write it with its zone \"2026-11-23T21:00:00Z\" or as "
         "a date "
         "\"2026-11-23\""},
        {"begin: 1970-01-01T00:00:00+08:00",
         "1:8: begin: \"1970-01-01T00:00:00+08:00\" is not a time; write it with its zone "
         "\"2026-11-23T21:00:00Z\" or as a date \"2026-11-23\""},
    };
    for (const auto& expected : cases) {
        const std::string error = "f.yaml:" + expected.error;
        expect_refusal<v1::JobSpec>({expected.yaml, error.c_str()});
    }
}

TEST(ReadYaml, EnumsInAnyForm) {
    for (const char* word : {"AFTER_NOT_OK", "after_not_ok", "after-not-ok", "After-Not_Ok",
                             "DEPENDENCY_CONDITION_AFTER_NOT_OK"}) {
        v1::Dependency dependency;
        const Status read = read_yaml("condition: " + std::string(word), "f.yaml", dependency);
        ASSERT_TRUE(read.ok()) << read.error().message;
        EXPECT_EQ(dependency.condition(), v1::DEPENDENCY_CONDITION_AFTER_NOT_OK);
    }
}

TEST(ReadYaml, OptionalsAndOneofs) {
    v1::Quota quota;
    ASSERT_TRUE(read_yaml("limit: 0", "f.yaml", quota).ok());
    EXPECT_TRUE(quota.has_limit());
    EXPECT_FALSE(quota.has_lendable());
    v1::DesiredTask task;
    ASSERT_TRUE(read_yaml("run: ~\nstop: {why: CANCELLED}", "f.yaml", task).ok());
    EXPECT_EQ(task.stop().why(), "CANCELLED");
    expect_refusal<v1::DesiredTask>(
        {"stop: {why: x}\nrun: {}\n",
         "f.yaml:2:1: run: cannot be given together with \"stop\"; leave one out"});
}

}  // namespace
}  // namespace gusu::text
