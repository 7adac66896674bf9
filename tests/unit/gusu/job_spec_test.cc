#include "tools/gusu/job_spec.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include "proto/text/yaml.h"
#include "tools/gusu/program.h"

namespace gusu::cli {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

const Time kNow = from_milliseconds(1'795'000'000'000);  // 2026-11-18T11:06:40Z

Surroundings somewhere() {
    return {.now = kNow,
            .folder = "/home/li",
            .variable = [](const std::string& name) -> std::optional<std::string> {
                return name == "HOME" ? std::optional<std::string>("/home/li") : std::nullopt;
            }};
}

Result<SpecAndWarnings> spec_of(std::vector<std::string> words, const std::string& script = "") {
    words.insert(words.begin(), "submit");
    Result<Submission> submission = parse_submission(words);
    if (!submission) {
        return submission.error();
    }
    submission->words.script = script;
    return make_job_spec(std::move(submission->words), somewhere());
}

// The spec without what every job has.
v1::JobSpec told(v1::JobSpec spec) {
    EXPECT_EQ(spec.env().at("GUSU_SUBMIT_DIR"), "/home/li");
    EXPECT_EQ(spec.env().at("SLURM_SUBMIT_DIR"), "/home/li");
    spec.mutable_env()->erase("GUSU_SUBMIT_DIR");
    spec.mutable_env()->erase("SLURM_SUBMIT_DIR");
    return spec;
}

v1::JobSpec expected(const std::string& yaml) {
    v1::JobSpec spec;
    const Status read = text::read_yaml(yaml, "expected", spec);
    EXPECT_TRUE(read) << read.error().message;
    return spec;
}

struct SpecCase {
    std::string name;
    std::vector<std::string> words;
    std::string spec;
};

const SpecCase kSpecs[] = {
    {"a command", {"--", "ls", "-l"}, "command: [ls, -l]\ngroups: [{tasks: 1, resources: {}}]"},
    {"options of the command stay its own",
     {"--gpus", "1", "--", "python3", "--gpus", "7", "--", "x"},
     "command: [python3, --gpus, \"7\", --, x]\ngroups: [{tasks: 1, resources: {gpus: 1}}]"},
    {"gpus alone: one task",
     {"--gpus=4", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {gpus: 4}}]"},
    {"nodes with gpus on each",
     {"-N", "2", "--gpus-per-node", "8", "--", "a"},
     "command: [a]\ngroups: [{tasks: 2, distinct_nodes: true, resources: {gpus: 8}}]"},
    {"gpus over nodes",
     {"--nodes", "4", "--gpus", "32", "--", "a"},
     "command: [a]\ngroups: [{tasks: 4, distinct_nodes: true, resources: {gpus: 8}}]"},
    {"tasks share the gpus of a node",
     {"-N1", "-n4", "--gpus-per-node=8", "--", "a"},
     "command: [a]\ngroups: [{tasks: 4, resources: {gpus: 2}}]"},
    {"tasks for each node",
     {"--ntasks-per-node", "2", "-N", "3", "--", "a"},
     "command: [a]\ngroups: [{tasks: 6, resources: {}}]"},
    {"a share of a gpu",
     {"--gpu-fraction", "0.25", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {gpus: 0.25}}]"},
    {"a slice of a gpu for each of two tasks",
     {"--gpu-slice", "1g.10gb", "-n", "2", "--", "a"},
     "command: [a]\ngroups: [{tasks: 2, resources: {}, gpu_slice: 1g.10gb}]"},
    {"a gres of a slice",
     {"--gres=gpu:1g.10gb:1", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {gpus: 1}, gpu_slice: 1g.10gb}]"},
    {"a gres with a model",
     {"--gres=gpu:nvidia-h200:2", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {gpus: 2}, accelerators: [nvidia-h200]}]"},
    {"cpu, memory, accelerators, node labels",
     {"--cpus", "1.5", "--mem", "16G", "--accelerator", "a,b", "-C", "rack=r1", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {cpus: 1.5, memory: 16G}, accelerators: [a, b],"
     " node_labels: {rack: r1}}]"},
    {"a bare number of memory is MiB, as with sbatch",
     {"--mem=4096", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {memory: 4G}}]"},
    {"times",
     {"-t", "1-12:00:00", "--begin", "2026-11-23T21:00:00Z", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\ntime_limit: 36h\n"
     "begin: 2026-11-23T21:00:00Z"},
    {"an array with a throttle",
     {"--array", "0-9%4", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\n"
     "array: {indices: 0-9, max_running: 4}"},
    {"dependencies",
     {"--depends-on", "afterok:12:13,afterany:14,afternotok:15_2,16", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\ndependencies:\n"
     "- {condition: after_ok, job_ids: [\"12\", \"13\"]}\n"
     "- {condition: after_any, job_ids: [\"14\"]}\n"
     "- {condition: after_not_ok, job_ids: [15_2]}\n"
     "- {condition: after_ok, job_ids: [\"16\"]}"},
    {"dependencies of arrays and names",
     {"--depends-on", "aftercorr:12,singleton", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\ndependencies:\n"
     "- {condition: after_corr, job_ids: [\"12\"]}\n- {condition: singleton}"},
    {"where its nodes are",
     {"-N", "2-8", "--topology", "rack:10m", "--exclusive", "--spread-over", "power", "--", "a"},
     "command: [a]\ngroups: [{tasks: 8, min_tasks: 2, distinct_nodes: true, resources: {},"
     " spread_over: power}]\ntopology: {level: rack, wait: 10m}\nexclusive: true"},
    {"only within one rack",
     {"--topology", "rack:required", "--deadline", "2026-11-23T21:00:00Z", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\ntopology: {level: rack, required: true}\n"
     "deadline: 2026-11-23T21:00:00Z"},
    {"which failures are worth another try",
     {"--retries", "2", "--retry-on", "75,76", "--no-retry-on", "2", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\n"
     "retry: {retries: 2, exit_codes: [75, 76], final_exit_codes: [2]}"},
    {"its end",
     {"--retries", "3", "--checkpoint-signal", "USR1", "--grace", "2m", "--preemptible", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\nretry: {retries: 3}\n"
     "checkpoint: {signal: USR1, grace: 2m}\npreemptible: true"},
    {"environment and labels",
     {"--env", "A=1=2", "--env", "HOME", "--label", "project=llm", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\nenv: {A: 1=2, HOME: /home/li}\n"
     "labels: {project: llm}"},
    {"who, what, where",
     {"-J",      "训练",    "-A",        "suda/nlp",  "--priority", "high", "--kind",
      "service", "--image", "i",         "--workdir", "/w",         "-o",   "out",
      "-e",      "err",     "--comment", "c",         "--hold",     "--",   "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\nname: 训练\ntenant: suda/nlp\n"
     "priority: high\nkind: service\nimage: i\nworkdir: /w\noutput: out\nerror: err\n"
     "comment: c\nhold: true"},
    {"the last one wins",
     {"--name", "a", "--name", "b", "--", "a"},
     "command: [a]\ngroups: [{tasks: 1, resources: {}}]\nname: b"},
};

TEST(JobSpec, FromOptions) {
    for (const SpecCase& one : kSpecs) {
        SCOPED_TRACE(one.name);
        const Result<SpecAndWarnings> made = spec_of(one.words);
        ASSERT_TRUE(made) << made.error().message;
        const v1::JobSpec got = told(made->spec);
        EXPECT_TRUE(MessageDifferencer::Equivalent(got, expected(one.spec)))
            << text::write_yaml(got);
        EXPECT_TRUE(made->warnings.empty() || one.name == "tasks for each node");
    }
}

struct ErrorCase {
    std::vector<std::string> options;
    std::string says;
};

const ErrorCase kErrors[] = {
    {{"--gpus", "-1"}, "--gpus \"-1\""},
    {{"--gpus", "1e30G"}, "--gpus \"1e30G\""},
    {{"--gpus", "7", "--nodes", "2"}, "does not divide evenly over 2 nodes"},
    {{"--gpu-fraction", "1.5"}, "above 0 and below 1"},
    {{"--gpu-fraction", "0.5", "--gpus", "1"}, "cannot stand together"},
    {{"--nodes", "0"}, "--nodes \"0\""},
    {{"--nodes", "4", "-n", "2"}, "fewer tasks than the 4 nodes"},
    {{"--nodes", "9223372036854775808"}, "--nodes"},
    {{"--gres", "tpu:2"}, "gpu:N or gpu:MODEL:N"},
    {{"--mem", "lots"}, "--mem \"lots\""},
    {{"--time", "tomorrow"}, "--time \"tomorrow\""},
    {{"--begin", "soon"}, "--begin \"soon\""},
    {{"--array", "0-9%x"}, "--array \"0-9%x\""},
    {{"--array", "%4"}, "indices are written"},
    {{"--depends-on", "after:12"}, "afterok:JOB"},
    {{"--depends-on", "afterok:"}, "afterok:JOB"},
    {{"--depends-on", "afterok"}, "afterok:JOB"},
    {{"--retries", "101"}, "--retries \"101\""},
    {{"--priority", "urgent"}, "low, normal or high"},
    {{"--kind", "batch"}, "training, service or interactive"},
    {{"--env", "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE=VALUE"},
    {{"--label", "x"}, "KEY=VALUE"},
    {{"--topology", ":required"}, "name a node label"},
    {{"--topology", "rack:never"}, "required, or how long to wait"},
    {{"--deadline", "noon"}, "--deadline \"noon\""},
    {{"--nodes", "4-2"}, "MIN-MAX"},
    {{"--nodes", "2-4", "--gpus", "8"}, "--gpus-per-node"},
    {{"--retry-on", "75,x"}, "--retry-on \"75,x\""},
    {{"--no-retry-on", "256"}, "--no-retry-on \"256\""},
    {{"-o", "json"}, "say --json"},
    {{"--gpu", "4"}, "did you mean --gpus?"},
};

TEST(JobSpec, ErrorsNameTheOptionAndTheValue) {
    for (const ErrorCase& one : kErrors) {
        std::vector<std::string> words = one.options;
        words.insert(words.end(), {"--", "a"});
        const Result<SpecAndWarnings> made = spec_of(words);
        ASSERT_FALSE(made) << one.options.front() << " " << one.says;
        EXPECT_THAT(made.error().message, HasSubstr(one.says));
        EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument);
    }
}

TEST(JobSpec, ScriptWithArgumentsAndLines) {
    const Result<SpecAndWarnings> made = spec_of(
        {"--time", "2h", "train.sh", "--lr", "0.1", "--", "x"},
        "#!/bin/bash\n#SBATCH --nodes=2 --gres=gpu:8\n#SBATCH -t 30\n#SBATCH -p gpu\necho\n");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(MessageDifferencer::Equivalent(
        told(made->spec),
        expected("name: train.sh\ncommand: [--lr, \"0.1\", --, x]\ntime_limit: 2h\n"
                 "groups: [{tasks: 2, distinct_nodes: true, resources: {gpus: 8}}]\n"
                 "script: \"#!/bin/bash\\n#SBATCH --nodes=2 --gres=gpu:8\\n#SBATCH -t 30\\n"
                 "#SBATCH -p gpu\\necho\\n\"")))
        << text::write_yaml(made->spec);
    ASSERT_EQ(made->warnings.size(), 1u);
    EXPECT_THAT(made->warnings[0], HasSubstr("train.sh:4: -p is ignored"));
}

TEST(JobSpec, GpusOfTheCommandLineReplaceAllOfTheScripts) {
    const Result<SpecAndWarnings> made =
        spec_of({"--gpus", "1", "a.sh"}, "#!/bin/sh\n#SBATCH --gpus-per-node=8\n");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->spec.groups(0).resources().gpus(), 1);
}

TEST(JobSpec, MemoryOfAScriptIsForANode) {
    const Result<SpecAndWarnings> made =
        spec_of({"a.sh"}, "#!/bin/sh\n#SBATCH --mem=8G --ntasks-per-node=4\n");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->spec.groups(0).resources().memory(), std::int64_t{2} << 30);
}

TEST(JobSpec, ScriptNeedsItsFirstLine) {
    const Result<SpecAndWarnings> made = spec_of({"a.sh"}, "echo\n");
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().message, HasSubstr("a.sh:1:"));
}

TEST(JobSpec, SignalOfSbatch) {
    const Result<SpecAndWarnings> made =
        spec_of({"a.sh"}, "#!/bin/sh\n#SBATCH --signal=B:USR1@90\n#SBATCH --requeue\n");
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->spec.checkpoint().signal(), "USR1");
    EXPECT_EQ(made->spec.checkpoint().grace().seconds(), 90);
    EXPECT_EQ(made->spec.retry().retries(), 1);
}

}  // namespace
}  // namespace gusu::cli
