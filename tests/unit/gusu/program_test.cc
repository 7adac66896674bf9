#include "tools/gusu/program.h"

#include <gmock/gmock.h>

#include <sstream>

namespace gusu::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Ran {
    int code;
    std::string out;
    std::string err;
};

Ran ran(const std::vector<std::string>& words) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = run_program(words, out, err);
    return {code, out.str(), err.str()};
}

struct WordsCase {
    std::vector<std::string> words;
    std::string says;
};

const WordsCase kWrong[] = {
    {{"sumbit"}, "did you mean \"submit\"?"},
    {{"node", "shwo", "n1"}, "did you mean \"show\"?"},
    {{"--config", "jobs", "shw"}, "did you mean \"show\"?"},
    {{"node"}, "subcommand is required"},
    {{"show"}, "JOB is required"},
    {{"show", "1", "2"}, "not expected"},
    {{"exec"}, "JOB is required"},
    {{"exec", "12"}, "exec needs a command: gusu exec 12 -- COMMAND"},
    {{"exec", "12", "--task", "-1", "--", "a"}, "--task"},
    {{"exec", "--env", "NO_SUCH_VARIABLE", "12", "a"}, "write NO_SUCH_VARIABLE=VALUE"},
    {{"submit", "--launch", "last", "--", "a"}, "all or first is allowed"},
    {{"jobs", "-o", "xml"}, "none of table, wide, json, yaml"},
    {{"jobs", "--limit", "-3"}, "--limit"},
    {{"logs", "--task", "x", "1"}, "--task"},
    {{"jobs", "--stat", "x"}, "did you mean --state?"},
    {{"submit"}, "nothing to run"},
    {{"submit", "/no/such/file"}, "gusu submit [OPTIONS] -- /no/such/file"},
    {{"submit", "--topology", "rack:", "--", "a"}, "required, or how long to wait"},
    {{"submit", "-f", "/no/such/job.yaml"}, "/no/such/job.yaml"},
    {{"audit"}, "gusu has no \"audit\""},
    {{"reservation", "create", "fans", "--nodes", "n1", "--start", "now"}, "--duration"},
    {{"reservation", "crate"}, "did you mean \"create\"?"},
    {{"node", "drain", "n1", "--at", "tomorow"}, "--at"},
    {{"completion", "csh"}, "bash, zsh and fish"},
    {{"user", "grant", "li", "audtor"}, "did you mean auditor?"},
};

TEST(Program, WrongWordsAreTwoAndSayWhatIsMeant) {
    for (const WordsCase& one : kWrong) {
        const Ran result = ran(one.words);
        EXPECT_EQ(result.code, kWrongWords) << one.says;
        EXPECT_THAT(result.err, HasSubstr(one.says));
        EXPECT_EQ(result.out, "") << one.says;
    }
}

TEST(Program, HelpAndVersionGoToStdout) {
    EXPECT_EQ(ran({"--help"}).code, kDone);
    EXPECT_THAT(ran({"--help"}).out, HasSubstr("submit"));
    EXPECT_EQ(ran({}).out, ran({"--help"}).out);
    EXPECT_THAT(ran({"node", "drain", "--help"}).out, HasSubstr("--reason"));
    EXPECT_THAT(ran({"submit", "--help"}).out, HasSubstr("gusu submit [OPTIONS] SCRIPT"));
    EXPECT_THAT(ran({"--version"}).out, HasSubstr("gusu 0.1.0"));
}

TEST(Program, WithoutCredentialsNothingIsAllowed) {
    const Ran result = ran({"--config", "/no/such/credentials.yaml", "jobs"});
    EXPECT_EQ(result.code, kNotAllowed);
    EXPECT_THAT(result.err, HasSubstr("gusu login"));
}

TEST(Program, CheckConfigNamesTheFile) {
    const Ran result = ran({"--config", "/no/such/credentials.yaml", "--check-config"});
    EXPECT_EQ(result.code, kWrongWords);
    EXPECT_THAT(result.err, HasSubstr("/no/such/credentials.yaml"));
}

TEST(Submission, WordsOfTheJobAreNeverOurs) {
    const Result<Submission> read =
        parse_submission({"run", "--gpus", "1", "status", "--help", "--gpus", "2"});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_THAT(read->words.command, ElementsAre("status", "--help", "--gpus", "2"));
    EXPECT_EQ(read->words.options.last(Setting::Gpus)->text, "1");
}

TEST(Submission, ScriptAndItsArguments) {
    const Result<Submission> read =
        parse_submission({"submit", "-N2", "--wait", "train.sh", "--", "-x"});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->words.script_file, "train.sh");
    EXPECT_THAT(read->words.command, ElementsAre("--", "-x"));
    EXPECT_EQ(read->afterwards, Afterwards::Wait);
}

TEST(Submission, JobFile) {
    const Result<Submission> read =
        parse_submission({"submit", "-f", "job.yaml", "--request-id", "r", "--dry-run"});
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->words.job_file, "job.yaml");
    EXPECT_EQ(read->request_id, "r");
    EXPECT_TRUE(read->dry_run);
    EXPECT_THAT(read->words.command, IsEmpty());
}

struct ExitCase {
    v1::JobState state;
    int exit_code;
    int signal;
    int shell;
};

const ExitCase kExits[] = {
    {v1::JOB_STATE_SUCCEEDED, 0, 0, 0},    {v1::JOB_STATE_FAILED, 3, 0, 3},
    {v1::JOB_STATE_FAILED, 0, 11, 139},    {v1::JOB_STATE_FAILED, 0, 0, 1},
    {v1::JOB_STATE_CANCELLED, 0, 15, 143}, {v1::JOB_STATE_CANCELLED, 0, 0, 1},
};

TEST(ExitCodeOfAJob, AsAShellWouldSay) {
    for (const ExitCase& one : kExits) {
        v1::Job job;
        job.set_state(one.state);
        job.set_exit_code(one.exit_code);
        job.set_signal(one.signal);
        EXPECT_EQ(exit_code_of(job), one.shell);
    }
}

}  // namespace
}  // namespace gusu::cli
