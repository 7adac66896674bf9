#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/cgroup/cgroup.h"
#include "agent/supervisor/boot_clock.h"
#include "tests/unit/agent/supervisor_platform.h"

namespace gusu::agent {
namespace {

// Of this run alone, so that two runs at a time do not end each other's tasks.
std::string test_group() { return "gusu-test-" + std::to_string(getpid()); }

using ::testing::HasSubstr;

TEST(Records, SurviveTheirFiles) {
    const TaskDirectory task;
    const SupervisorOrder order = {.command = {"python3", "-c", "print('苏州')"},
                                   .environment = {{"A", "1"}, {"EMPTY", ""}},
                                   .workdir = "/w",
                                   .user = "nobody",
                                   .output_log = "/o",
                                   .error_log = "/e",
                                   .output_copy = "o.txt",
                                   .error_copy = "e.txt",
                                   .log_limit = 7,
                                   .time_limit = Duration(8),
                                   .stop_signal = "USR2",
                                   .stop_grace = Duration(9),
                                   .lease_file = "/l",
                                   .cgroup = "gusu/n/1.0",
                                   .milli_cpus = 1500,
                                   .memory = 1 << 20,
                                   .checkpoints = "/c",
                                   .checkpoint_socket = "/s",
                                   .device_filter = "bpf",
                                   .devices = {"c 195:0", "c 136:*"},
                                   .uid = 1'900'000'012,
                                   .processes = 500,
                                   .walled = true,
                                   .alone_in_job = true,
                                   .hidden = {"/h"},
                                   .kept = {"/h/1", "/k"}};
    ASSERT_TRUE(write_order(task.path(), order).ok());
    EXPECT_EQ(*read_order(task.path()), order);

    const ExitRecord ended = {.exit_code = 3,
                              .signal = 9,
                              .out_of_memory = true,
                              .timed_out = true,
                              .launch_error = "x",
                              .ran_for = Duration(5)};
    EXPECT_EQ(*read_exit(task.path()), std::nullopt);
    ASSERT_TRUE(write_exit(task.path(), ended).ok());
    EXPECT_EQ(*read_exit(task.path()), ended);

    const StopRequest stop = {.signal = "INT", .grace = Duration(1), .why = "PREEMPTED"};
    ASSERT_TRUE(write_stop(task.path(), stop).ok());
    EXPECT_EQ(*read_stop(task.path()), stop);
    const SavesRecord saves = {.count = 3, .at = Duration(7)};
    EXPECT_EQ(*read_saves(task.path()), std::nullopt);
    ASSERT_TRUE(write_saves(task.path(), saves).ok());
    EXPECT_EQ(*read_saves(task.path()), saves);
    struct stat found = {};
    ASSERT_EQ(stat((task.path() / "order.json").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST(Records, ALeaseIsWrittenOverInPlace) {
    const TaskDirectory task;
    const std::filesystem::path file = task.path() / "lease";
    EXPECT_EQ(read_lease(file), std::nullopt);
    for (const Duration until : {Duration(86'400'000), Duration(7)}) {
        ASSERT_TRUE(write_lease(file, until).ok());
        EXPECT_EQ(read_lease(file), until);
    }
    EXPECT_EQ(std::filesystem::file_size(file), 21U);
}

// An agent that is gone, or stopped, cannot end its tasks; the scheduler starts them elsewhere.
TEST(Supervisor, EndsTheTaskWhenTheLeaseIsOverAndNoAgentRenewsIt) {
    TaskDirectory task;
    task.order.lease_file = task.path() / "lease";
    ASSERT_TRUE(write_lease(task.order.lease_file, since_boot() + Duration(300)).ok());
    task.shell("exec sleep 1000");
    EXPECT_EQ(run_to_end(task).signal, SIGTERM);
}

TEST(Supervisor, GoesOnWhileTheLeaseIsRenewed) {
    TaskDirectory task;
    task.order.lease_file = task.path() / "lease";
    ASSERT_TRUE(write_lease(task.order.lease_file, since_boot() + Duration(300)).ok());
    task.shell("sleep 1; exit 3");
    Supervisor supervisor(task);
    EXPECT_EQ(supervisor.heard(), "started\n");
    ASSERT_TRUE(write_lease(task.order.lease_file, since_boot() + Duration(60'000)).ok());
    EXPECT_EQ(supervisor.end().exit_code, 3);
}

TEST(Records, WhatIsNoUtf8IsRefusedAndNotChanged) {
    TaskDirectory task;
    task.order.environment["A"] = "\xff";
    EXPECT_EQ(write_order(task.path(), task.order).error().code, ErrorCode::InvalidArgument);
}

TEST(Records, SignalsByNameAndNumber) {
    EXPECT_EQ(*signal_number("TERM"), SIGTERM);
    EXPECT_EQ(*signal_number("SIGUSR2"), SIGUSR2);
    EXPECT_EQ(*signal_number("9"), SIGKILL);
    EXPECT_FALSE(signal_number("WHATEVER").ok());
    EXPECT_FALSE(signal_number("0").ok());
}

TEST(Supervisor, TellsTheStartAndTheExitCode) {
    TaskDirectory task;
    task.shell("echo hello; exit 7");
    Supervisor supervisor(task);
    EXPECT_EQ(supervisor.heard(), "started\n");
    const ExitRecord record = supervisor.end();
    EXPECT_EQ(record.exit_code, 7);
    EXPECT_EQ(record.signal, 0);
    EXPECT_EQ(record.launch_error, "");
    EXPECT_EQ(task.output(), "hello\n");
    EXPECT_TRUE(std::filesystem::exists(task.path() / "started"));
}

TEST(Supervisor, TellsTheSignal) {
    TaskDirectory task;
    task.shell("kill -SEGV $$");
    const ExitRecord record = run_to_end(task);
    EXPECT_EQ(record.signal, SIGSEGV);
    EXPECT_EQ(record.exit_code, 0);
    EXPECT_FALSE(record.out_of_memory);
}

TEST(Supervisor, GivesTheEnvironmentAndNothingElse) {
    TaskDirectory task;
    task.order.command = {"env"};
    task.order.environment = {{"PATH", "/usr/bin:/bin"}, {"NAME", "a b\nc=苏州"}};
    run_to_end(task);
    EXPECT_EQ(task.output(), "NAME=a b\nc=苏州\nPATH=/usr/bin:/bin\n");
}

TEST(Supervisor, GivesCleanSignalsAndNoForeignDescriptors) {
    TaskDirectory task;
    task.shell("grep -E 'SigBlk|SigIgn|NoNewPrivs' /proc/self/status; ls /proc/self/fd; umask");
    run_to_end(task);
    // ls itself has 3 open for the directory.
    EXPECT_EQ(task.output(),
              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n"
              "0\n1\n2\n3\n0022\n");
}

TEST(Supervisor, RunsAsTheUser) {
    TaskDirectory task;
    task.order.user = "daemon";
    task.order.workdir = "/";
    task.shell("id -un");
    if (geteuid() != 0) {
        EXPECT_THAT(run_to_end(task).launch_error, HasSubstr("this agent is not root"));
        return;
    }
    EXPECT_EQ(run_to_end(task).exit_code, 0);
    EXPECT_EQ(task.output(), "daemon\n");

    // The user's file is opened with the user's rights.
    task.order.output_copy = task.path() / "copy";
    EXPECT_THAT(run_to_end(task).launch_error, HasSubstr("cannot be opened"));
}

struct LaunchCase {
    const char* name;
    void (*change)(TaskDirectory& task);
    const char* error;
};

const LaunchCase kLaunchCases[] = {
    {"no working directory", [](TaskDirectory& task) { task.order.workdir = "/none/such"; },
     "the working directory \"/none/such\" does not exist"},
    {"a working directory that is a file",
     [](TaskDirectory& task) { task.order.workdir = "/etc/passwd"; },
     "the working directory \"/etc/passwd\" cannot be entered"},
    {"in no directory of PATH", [](TaskDirectory& task) { task.order.command = {"none-such"}; },
     "the program \"none-such\" is in no directory of PATH \"/usr/bin:/bin\""},
    {"no such file", [](TaskDirectory& task) { task.order.command = {"./none-such"}; },
     "the program \"./none-such\" does not exist"},
    {"not executable",
     [](TaskDirectory& task) { task.order.command = {task.script("s", "#!/bin/sh\n", 0644)}; },
     "is not executable: run chmod +x"},
    {"a directory", [](TaskDirectory& task) { task.order.command = {"/usr"}; },
     "the program \"/usr\" is a directory"},
    {"no #!", [](TaskDirectory& task) { task.order.command = {task.script("s", "echo hi\n")}; },
     "does not begin with \"#!\""},
    {"CRLF",
     [](TaskDirectory& task) { task.order.command = {task.script("s", "#!/bin/sh\r\nid\r\n")}; },
     "Windows line ends"},
    {"no interpreter",
     [](TaskDirectory& task) { task.order.command = {task.script("s", "#! /none/python3 -u\n")}; },
     "the interpreter \"/none/python3\" of the script"},
    {"no such user", [](TaskDirectory& task) { task.order.user = "none-such"; },
     "the user \"none-such\" does not exist on this node"},
    {"no command", [](TaskDirectory& task) { task.order.command.clear(); }, "command is empty"},
    {"no place for the copy", [](TaskDirectory& task) { task.order.output_copy = "none/such.txt"; },
     "the output file \"none/such.txt\" cannot be opened"},
    {"no place for the log", [](TaskDirectory& task) { task.order.output_log = "/none/such"; },
     "the log \"/none/such\" cannot be opened"},
};

TEST(Supervisor, SaysWhyAProgramDoesNotStart) {
    for (const LaunchCase& one : kLaunchCases) {
        SCOPED_TRACE(one.name);
        TaskDirectory task;
        task.order.command = {"true"};
        one.change(task);
        Supervisor supervisor(task);
        EXPECT_EQ(supervisor.heard(), "");
        EXPECT_THAT(supervisor.end().launch_error, HasSubstr(one.error));
        EXPECT_FALSE(std::filesystem::exists(task.path() / "started"));
    }
}

TEST(Supervisor, SaysWhatIsWrongWithItsOrder) {
    const TaskDirectory task;
    task.script("order.json", "{\"command\": 7}", 0600);
    const std::string command = std::string(GUSU_SUPERVISOR) + " " + task.path().string();
    EXPECT_EQ(std::system(command.c_str()), 0);
    EXPECT_THAT((*read_exit(task.path()))->launch_error, HasSubstr("order.json"));
}

TEST(Supervisor, KeepsTheLimitOfALogAndCountsTheRest) {
    TaskDirectory task;
    task.order.log_limit = 1000;
    task.shell("yes | head -c 3000000; echo done >&2");
    EXPECT_EQ(run_to_end(task).exit_code, 0);
    EXPECT_EQ(task.output().size(), 1000U);
    EXPECT_EQ(read_text(task.path() / "output.dropped"), "2999005");
}

TEST(Supervisor, KeepsStderrApartAndCopiesBoth) {
    TaskDirectory task;
    task.order.error_log = task.path() / "error";
    task.order.output_copy = "copy-%j.out";
    task.order.error_copy = task.path() / "copy.err";
    task.shell("echo out; echo err >&2");
    run_to_end(task);
    EXPECT_EQ(task.output(), "out\n");
    EXPECT_EQ(read_text(task.path() / "error"), "err\n");
    EXPECT_EQ(read_text(task.path() / "copy-%j.out"), "out\n");
    EXPECT_EQ(read_text(task.path() / "copy.err"), "err\n");
}

TEST(Supervisor, JoinsStderrInOrder) {
    TaskDirectory task;
    task.shell("echo 1; echo 2 >&2; echo 3");
    run_to_end(task);
    EXPECT_EQ(task.output(), "1\n2\n3\n");
}

TEST(Supervisor, EndsATaskAtItsTimeLimit) {
    TaskDirectory task;
    task.order.time_limit = Duration(100);
    task.shell("exec sleep 1000");
    const ExitRecord record = run_to_end(task);
    EXPECT_TRUE(record.timed_out);
    EXPECT_EQ(record.signal, SIGTERM);
    EXPECT_GE(record.ran_for, Duration(100));
}

TEST(Supervisor, KillsWhatIgnoresTheStopSignal) {
    TaskDirectory task;
    task.shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
    Supervisor supervisor(task);
    task.wait_for_output("ready");
    supervisor.stop("TERM", Duration(100));
    const ExitRecord record = supervisor.end();
    EXPECT_EQ(record.signal, SIGKILL);
    EXPECT_FALSE(record.timed_out);
    EXPECT_FALSE(record.out_of_memory);
}

TEST(Supervisor, StopsWithTheSignalThatIsAskedFor) {
    TaskDirectory task;
    task.shell("trap 'echo saved; exit 5' USR2; echo ready; while :; do sleep 0.01; done");
    Supervisor supervisor(task);
    task.wait_for_output("ready");
    supervisor.stop("SIGUSR2", Duration(kHang));
    // The sleep has no trap, so the shell's loop goes on to its trap.
    EXPECT_EQ(supervisor.end().exit_code, 5);
    EXPECT_THAT(task.output(), HasSubstr("saved\n"));
}

TEST(Supervisor, AStopThatComesBeforeTheStartWaitsForIt) {
    TaskDirectory task;
    task.shell("exec sleep 1000");
    Supervisor supervisor(task);
    supervisor.stop("KILL", Duration(kHang));
    EXPECT_EQ(supervisor.end().signal, SIGKILL);
}

TEST(Supervisor, TakesSigtermForAStop) {
    TaskDirectory task;
    task.order.stop_signal = "INT";
    task.shell("trap 'exit 6' INT; echo ready; while :; do sleep 0.01; done");
    Supervisor supervisor(task);
    task.wait_for_output("ready");
    kill(supervisor.pid(), SIGTERM);
    EXPECT_EQ(supervisor.end().exit_code, 6);
}

TEST(Supervisor, StopsAlsoWhatIsSuspended) {
    TaskDirectory task;
    task.shell("echo ready; kill -STOP $$; exit 3");
    Supervisor supervisor(task);
    task.wait_for_output("ready");
    supervisor.stop("TERM", Duration(kHang));
    const ExitRecord record = supervisor.end();
    EXPECT_TRUE(record.signal == SIGTERM || record.exit_code == 3);
}

pid_t first_pid(const std::string& text) { return std::atoi(text.c_str()); }

TEST(Supervisor, EndsWhatTheMainProgramLeavesBehind) {
    for (const std::string& cgroup : {std::string(), test_group() + "/1.0"}) {
        TaskDirectory task;
        task.order.cgroup = cgroup;
        task.shell(
            "setsid sh -c 'trap \"\" TERM; (echo $(cut -d\" \" -f4 /proc/self/stat); "
            "exec sleep 1000) & wait' & while ! [ -s output ]; do :; done; exit 4");
        Supervisor supervisor(task);
        EXPECT_EQ(supervisor.end().exit_code, 4);
        const pid_t left = first_pid(task.output());
        ASSERT_GT(left, 1) << task.output();
        EXPECT_TRUE(is_gone(left));
    }
    EXPECT_TRUE(remove_cgroups_below(current_cgroup_layout(), test_group(), Duration(kHang)).ok());
}

TEST(Supervisor, StopReachesOtherSessions) {
    TaskDirectory task;
    task.shell(
        "setsid sh -c 'trap \"echo told; exit\" TERM; echo ready; "
        "while :; do sleep 0.01; done' & trap 'wait; exit 9' TERM; wait");
    Supervisor supervisor(task);
    task.wait_for_output("ready");
    supervisor.stop("TERM", Duration(kHang));
    EXPECT_EQ(supervisor.end().exit_code, 9);
    EXPECT_THAT(task.output(), HasSubstr("told\n"));
}

TEST(Supervisor, OutlivesWhoStartedIt) {
    TaskDirectory task;
    // The parent ends at once, by SIGKILL; the task goes on until the test lets it.
    ASSERT_EQ(mkfifo((task.path() / "go").c_str(), 0600), 0);
    ASSERT_EQ(chmod((task.path() / "go").c_str(), 0666), 0);
    task.shell("read line < go; echo $line; exit 8");
    ASSERT_TRUE(write_order(task.path(), task.order).ok());
    const std::string command = std::string(GUSU_SUPERVISOR) + " " + task.path().string() +
                                " & echo $! > " + (task.path() / "pid").string() + "; kill -9 $$";
    (void)!std::system(command.c_str());
    const pid_t pid = first_pid(read_text(task.path() / "pid"));
    ASSERT_GT(pid, 1);
    const Descriptor supervisor = pidfd_of(pid);
    ASSERT_TRUE(supervisor.open());
    const Descriptor go(open((task.path() / "go").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_EQ(write(go.get(), "onwards\n", 8), 8);
    ASSERT_TRUE(readable(supervisor.get()));
    EXPECT_EQ((*read_exit(task.path()))->exit_code, 8);
    EXPECT_EQ(task.output(), "onwards\n");
}

TEST(Supervisor, ItsOwnDeathEndsTheTask) {
    TaskDirectory task;
    task.shell("echo $$; exec sleep 1000");
    pid_t main = 0;
    {
        Supervisor supervisor(task);
        task.wait_for_output("\n");
        main = first_pid(task.output());
    }
    EXPECT_TRUE(is_gone(main));
}

TEST(Supervisor, TellsOutOfMemoryFromOtherKills) {
    const CgroupLayout layout = current_cgroup_layout();
    const auto group =
        Cgroup::create(layout, test_group() + "/probe", {.milli_cpus = 0, .memory = 64 << 20});
    const bool works = group.ok() && group->notes().empty();
    EXPECT_TRUE(remove_cgroups_below(layout, test_group(), Duration(kHang)).ok());
    TaskDirectory task;
    task.order.cgroup = test_group() + "/1.0";
    task.order.memory = 32 << 20;
    if (!works) {  // then the task runs without the limit
        task.shell("exit 2");
        EXPECT_EQ(run_to_end(task).exit_code, 2);
        return;
    }
    task.order.command = {"tail", "/dev/zero"};  // keeps the last line, and it never ends
    const ExitRecord eaten = run_to_end(task);
    EXPECT_TRUE(eaten.out_of_memory);
    EXPECT_EQ(eaten.signal, SIGKILL);

    task.shell("kill -9 $$");
    EXPECT_FALSE(run_to_end(task).out_of_memory);
    EXPECT_TRUE(remove_cgroups_below(layout, test_group(), Duration(kHang)).ok());
}

}  // namespace
}  // namespace gusu::agent
