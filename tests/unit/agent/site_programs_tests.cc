#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/metric_family.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr TaskKey kTask{.incarnation = 17, .task = 0};
constexpr auto kExited = v1::TASK_PHASE_EXITED;
constexpr auto kRunning = v1::TASK_PHASE_RUNNING;

// All write what they do into one file.
class SiteProgramsTest : public testing::Test {
protected:
    SiteProgramsTest() : machine_(folder_.path() / "state") {}

    SiteProgram program(const std::string& script, Duration timeout = Duration{30'000}) {
        return {
            .command = {"/bin/sh", "-c", "say() { echo \"$@\" >> " + diary() + "; }; " + script},
            .timeout = timeout};
    }
    std::string diary() const { return (folder_.path() / "diary").string(); }
    std::string written() const {
        const auto text = read_file(diary());
        return text ? *text : "";
    }
    bool wait_for_diary(const std::string& text) {
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while (written().find(text) == std::string::npos && EventLoop::Clock::now() < deadline) {
            machine_.turn();
        }
        return written().find(text) != std::string::npos;
    }
    void obey(const v1::Desired& desired) {
        const Status done = machine_.tasks().obey(desired);
        ASSERT_TRUE(done.ok()) << done.error().message;
    }
    v1::Desired job(const std::string& script) {
        auto desired = run_order(kTask, {"/bin/sh", "-c", script});
        v1::Launch& launch = *desired.mutable_tasks(0)->mutable_run();
        launch.set_tenant("suda/nlp");
        launch.set_user("ann");
        (*launch.mutable_env())["COLOUR"] = "red";
        return desired;
    }
    double failures(const std::string& which) const {
        const auto families = machine_.site().Collect();
        for (const auto& metric : families.at(0).metric) {
            if (metric.label.at(1).value == which) {
                return metric.counter.value;
            }
        }
        return -1;
    }

    Folder folder_;
    TaskMachine machine_;
};

TEST_F(SiteProgramsTest, GoBeforeAndAfterTheTaskAndSeeNothingThatIsTheJobsToChoose) {
    machine_.around = {
        .prolog = program("say prolog $GUSU_JOB_ID $GUSU_TENANT $GUSU_USER $GUSU_NODE .$COLOUR."),
        .epilog = program("say epilog $GUSU_JOB_ID $(env | grep -c COLOUR)")};
    machine_.start();
    obey(job("echo task $COLOUR >> " + diary() + "; exit 3"));
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.exit_code(), 3);
    EXPECT_EQ(seen.drain() + seen.device_fault() + seen.launch_error(), "");
    EXPECT_EQ(written(), "prolog 17 suda/nlp ann n1 ..\ntask red\nepilog 17 0\n");
}

TEST_F(SiteProgramsTest, AFailedPrologKeepsTheTaskFromStartingAndIsTheNodesFault) {
    machine_.around = {.prolog = program("echo links: 7; echo nvlink 3 is down >&2; exit 4"),
                       .epilog = program("say epilog")};
    machine_.start();
    obey(job("echo task >> " + diary()));
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_THAT(seen.drain(), AllOf(HasSubstr("prolog /bin/sh exited with 4"),
                                    HasSubstr("\"nvlink 3 is down\"")));
    EXPECT_EQ(seen.device_fault(), seen.drain());
    EXPECT_EQ(seen.launch_error(), seen.drain());
    EXPECT_EQ(written(), "epilog\n");
    EXPECT_EQ(failures("prolog"), 1);
    EXPECT_EQ(failures("epilog"), 0);

    machine_.stop();
    machine_.start();
    EXPECT_EQ(machine_.tasks().tell_all().at(0).drain(), seen.drain());
    EXPECT_EQ(machine_.tasks().tell_all().at(0).device_fault(), seen.drain());
    obey(removal(kTask));
    EXPECT_TRUE(machine_.wait_until_empty());
    EXPECT_TRUE(fs::is_empty(machine_.settings().tasks()));
}

TEST_F(SiteProgramsTest, APrologThatHangsIsKilledWithAllItHasStarted) {
    machine_.around.prolog =
        program("setsid sh -c 'echo $$ > " + diary() + "; sleep 1000' & sleep 1000", Duration{700});
    machine_.start();
    obey(job("true"));
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_THAT(seen.drain(), HasSubstr("did not end within"));
    const pid_t left = std::atoi(written().c_str());
    ASSERT_GT(left, 0);
    EXPECT_EQ(::kill(left, 0), -1);
}

TEST_F(SiteProgramsTest, AFailedEpilogChangesNothingAboutTheTask) {
    machine_.around.epilog = program("echo scratch is full; exit 1");
    machine_.start();
    obey(job("exit 5"));
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.exit_code(), 5);
    EXPECT_EQ(seen.launch_error() + seen.device_fault(), "");
    EXPECT_THAT(seen.drain(),
                AllOf(HasSubstr("epilog /bin/sh exited with 1"), HasSubstr("scratch is full")));
    EXPECT_EQ(failures("epilog"), 1);
}

TEST_F(SiteProgramsTest, ATaskThatIsStoppedInItsPrologIsNobodysFault) {
    machine_.around = {.prolog = program("say prolog; sleep 1000"),
                       .epilog = program("say epilog")};
    machine_.start();
    obey(job("echo task >> " + diary()));
    ASSERT_TRUE(wait_for_diary("prolog"));
    const auto waits =
        machine_.wait_until(kTask, [](const auto& seen) { return !seen.waits_for().empty(); });
    EXPECT_EQ(waits.waits_for(), "the node's prolog runs");
    obey(stop_order(kTask));
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.launch_error(), "stopped before it was started");
    EXPECT_EQ(seen.drain() + seen.device_fault(), "");
    EXPECT_EQ(written(), "prolog\nepilog\n");
}

TEST_F(SiteProgramsTest, AnAgentThatDiesInAPrologLeavesATaskThatIsNotStarted) {
    machine_.around = {.prolog = program("say prolog; sleep 3; say ended"),
                       .epilog = program("say epilog")};
    machine_.start();
    obey(job("echo task >> " + diary()));
    ASSERT_TRUE(wait_for_diary("prolog"));
    machine_.stop();
    machine_.start();
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_THAT(seen.launch_error(), HasSubstr("before the program was started"));
    EXPECT_EQ(seen.drain() + seen.device_fault(), "");
    EXPECT_EQ(written(), "prolog\nepilog\n");
}

TEST_F(SiteProgramsTest, AnEpilogGoesOnWithoutTheAgentAndRunsOnce) {
    machine_.around.epilog = program("say epilog; sleep 1; say ended; echo tired; exit 9");
    machine_.start();
    obey(job("exit 5"));
    ASSERT_TRUE(wait_for_diary("epilog"));
    machine_.stop();
    machine_.start();
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.exit_code(), 5);
    EXPECT_THAT(seen.drain(), HasSubstr("tired"));
    EXPECT_EQ(written(), "epilog\nended\n");
    machine_.stop();
    machine_.start();
    EXPECT_EQ(written(), "epilog\nended\n");
}

TEST_F(SiteProgramsTest, AnEpilogIsOwedAlsoByTheNextAgent) {
    machine_.around.epilog = program("say epilog");
    machine_.start();
    obey(job("sleep 1"));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    machine_.stop();
    machine_.around.epilog = {};  // the configuration of now is for tasks to come
    machine_.start();
    EXPECT_EQ(machine_.wait_for(kTask, kExited).exit_code(), 0);
    EXPECT_EQ(written(), "epilog\n");
}

TEST(SiteProgramWords, WhatCannotBeRunIsSaid) {
    const Folder folder;
    const std::string plain = (folder.path() / "plain").string();
    std::ofstream(plain) << "#!/bin/sh\n";
    const std::pair<std::vector<std::string>, const char*> cases[] = {
        {{}, "prolog.command: is empty"},
        {{"check"}, "is no path"},
        {{"/nowhere/check"}, "there is no \"/nowhere/check\""},
        {{plain}, "chmod +x"},
        {{folder.path().string()}, "cannot be run"},
    };
    for (const auto& [command, complaint] : cases) {
        config::v1::SiteProgram program;
        program.mutable_command()->Assign(command.begin(), command.end());
        EXPECT_THAT(complaint_of("prolog", program), HasSubstr(complaint));
    }
    config::v1::SiteProgram right;
    right.add_command("/bin/true");
    EXPECT_EQ(complaint_of("prolog", right), "");
    right.mutable_timeout()->set_seconds(0);
    EXPECT_THAT(complaint_of("prolog", right), HasSubstr("prolog.timeout"));
}

}  // namespace
}  // namespace gusu::agent
