#include "tools/gusu/sbatch_script.h"

#include <gmock/gmock.h>

namespace gusu::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(SplitWords, AsAShellWould) {
    EXPECT_THAT(split_words("  -N 2\t--time=1h "), ElementsAre("-N", "2", "--time=1h"));
    EXPECT_THAT(split_words(R"(--comment="two words" -J 'a"b')"),
                ElementsAre("--comment=two words", "-J", "a\"b"));
    EXPECT_THAT(split_words(R"(a\ b "" # a remark)"), ElementsAre("a b", ""));
    EXPECT_THAT(split_words("--label x#y"), ElementsAre("--label", "x#y"));
    EXPECT_THAT(split_words(""), IsEmpty());
}

TEST(Script, LinesAboveTheFirstCommand) {
    const Result<SubmitOptions> read = read_script_options(
        "#!/bin/bash\r\n#SBATCH -N2\r\n\n# a remark\n#GUSU --tenant suda/nlp\n##SBATCH --oops\n"
        "#SBATCHED\nhostname\n#SBATCH --nodes=7\n",
        "train.sh");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->last(Setting::Nodes)->text, "2");
    EXPECT_EQ(read->last(Setting::Nodes)->where, "train.sh:2: -N");
    EXPECT_EQ(read->last(Setting::Tenant)->text, "suda/nlp");
}

struct DirectiveCase {
    std::string line;
    Setting setting;
    std::string text;
};

const DirectiveCase kDirectives[] = {
    {"--job-name=x", Setting::Name, "x"},
    {"-J x", Setting::Name, "x"},
    {"--ntasks 4", Setting::Tasks, "4"},
    {"-n4", Setting::Tasks, "4"},
    {"--ntasks-per-node=2", Setting::TasksPerNode, "2"},
    {"--cpus-per-task=8", Setting::Cpus, "8"},
    {"-c 8", Setting::Cpus, "8"},
    {"--mem=64G", Setting::Memory, "64G"},
    {"-t 1:00:00", Setting::TimeLimit, "1:00:00"},
    {"--gres=gpu:2", Setting::Gres, "gpu:2"},
    {"--gpus=2", Setting::Gpus, "2"},
    {"--gpus-per-node=2", Setting::GpusPerNode, "2"},
    {"-a 0-9", Setting::Array, "0-9"},
    {"--output=%j.out", Setting::OutputFile, "%j.out"},
    {"-e err", Setting::ErrorFile, "err"},
    {"--dependency=afterok:3", Setting::DependsOn, "afterok:3"},
    {"-b now", Setting::Begin, "now"},
    {"--account=suda", Setting::Tenant, "suda"},
    {"-A suda", Setting::Tenant, "suda"},
    {"--partition=gpu", Setting::Partition, "gpu"},
    {"--export=ALL", Setting::Export, "ALL"},
    {"--comment='a b'", Setting::Comment, "a b"},
    {"--requeue", Setting::Requeue, ""},
};

TEST(Script, EveryDirective) {
    for (const DirectiveCase& one : kDirectives) {
        const Result<SubmitOptions> read =
            read_script_options("#!/bin/sh\n#SBATCH " + one.line + "\n", "a.sh");
        ASSERT_TRUE(read) << one.line << ": " << read.error().message;
        ASSERT_NE(read->last(one.setting), nullptr) << one.line;
        EXPECT_EQ(read->last(one.setting)->text, one.text) << one.line;
    }
}

TEST(Script, ErrorsNameFileLineAndDirective) {
    const Result<SubmitOptions> unknown =
        read_script_options("#!/bin/sh\n\n#SBATCH --gpu-per-node=2\n", "train.sh");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message,
                HasSubstr("train.sh:3: unknown directive \"--gpu-per-node\"; did you mean "
                          "\"--gpus-per-node\"?"));
    const Result<SubmitOptions> bare = read_script_options("#!/bin/sh\n#SBATCH -N\n", "train.sh");
    ASSERT_FALSE(bare);
    EXPECT_THAT(bare.error().message, HasSubstr("train.sh:2: -N needs a value"));
}

}  // namespace
}  // namespace gusu::cli
