#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "agent/daemon/cleaner.h"
#include "agent/daemon/say_saved.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr TaskKey kTask{.incarnation = 17, .task = 0};
constexpr auto kExited = v1::TASK_PHASE_EXITED;
constexpr auto kRunning = v1::TASK_PHASE_RUNNING;

class TasksTest : public testing::Test {
protected:
    TasksTest() : machine_(folder_.path()) { machine_.start(); }

    void obey(const v1::Desired& desired) {
        const Status done = machine_.tasks().obey(desired);
        ASSERT_TRUE(done.ok()) << done.error().message;
    }

    Folder folder_;
    TaskMachine machine_;
};

TEST_F(TasksTest, AProgramRunsToItsEnd) {
    obey(run_order(kTask, {"echo", "hello"}));
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.phase(), kExited);
    EXPECT_EQ(seen.exit_code(), 0);
    EXPECT_EQ(seen.launch_error(), "");
    EXPECT_EQ(machine_.output(17), "hello\n");
}

TEST_F(TasksTest, TheExitCodeIsReported) {
    obey(run_order(kTask, {"sh", "-c", "exit 7"}));
    EXPECT_EQ(machine_.wait_for(kTask, kExited).exit_code(), 7);
}

TEST_F(TasksTest, AProgramThatIsNotThereIsALaunchError) {
    obey(run_order(kTask, {"/nowhere/program"}));
    EXPECT_THAT(machine_.wait_for(kTask, kExited).launch_error(), HasSubstr("/nowhere/program"));
}

TEST_F(TasksTest, AScriptRunsByItsFirstLine) {
    auto desired = run_order(kTask, {"one", "two"});
    desired.mutable_tasks(0)->mutable_run()->set_script("#!/bin/sh\necho $2 $GUSU_JOB_ID\n");
    obey(desired);
    EXPECT_EQ(machine_.wait_for(kTask, kExited).exit_code(), 0);
    EXPECT_EQ(machine_.output(17), "two 17\n");
}

TEST_F(TasksTest, WhatThisNodeCannotDoIsALaunchError) {
    auto desired = run_order(kTask, {"true"});
    desired.mutable_tasks(0)->mutable_run()->set_image("debian:12");
    obey(desired);
    EXPECT_THAT(machine_.wait_for(kTask, kExited).launch_error(), HasSubstr("debian:12"));
    constexpr TaskKey kScript{.incarnation = 18, .task = 0};
    auto script = run_order(kScript, {});
    script.mutable_tasks(0)->mutable_run()->set_script("echo hello\n");
    obey(script);
    EXPECT_THAT(machine_.wait_for(kScript, kExited).launch_error(), HasSubstr("#!"));
    constexpr TaskKey kDevice{.incarnation = 19, .task = 0};
    auto device = run_order(kDevice, {"true"});
    device.mutable_tasks(0)->mutable_run()->add_devices(5);
    obey(device);
    EXPECT_THAT(machine_.wait_for(kDevice, kExited).launch_error(), HasSubstr("no device 5"));
}

TEST_F(TasksTest, AStopEndsARunningProgram) {
    obey(run_order(kTask, {"sleep", "1000"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    obey(stop_order(kTask));
    EXPECT_EQ(machine_.wait_for(kTask, kExited).signal(), 15);
}

v1::Desired on_device(const TaskKey& key, int device, const std::string& script) {
    auto desired = run_order(key, {"sh", "-c", script});
    desired.mutable_tasks(0)->mutable_run()->add_devices(device);
    return desired;
}

TEST_F(TasksTest, WhatRunsOnACardThatIsLostIsStoppedAndNotToBlame) {
    machine_.settings().devices.resize(2);
    machine_.settings().devices[1].set_index(1);
    constexpr TaskKey kOther{.incarnation = 18, .task = 0};
    obey(on_device(kTask, 0, "sleep 1000"));
    obey(on_device(kOther, 1, "sleep 1000"));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    ASSERT_EQ(machine_.wait_for(kOther, kRunning).phase(), kRunning);
    machine_.tasks().device_failed(0, DeviceFailure::Lost, "XID 79: fallen off the bus");
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.signal(), 15);
    EXPECT_EQ(seen.device_fault(), "device 0: XID 79: fallen off the bus");
    EXPECT_EQ(seen.drain(), "") << "the card is kept from others, not the node";
    EXPECT_EQ(machine_.wait_for(kOther, kRunning).phase(), kRunning);
}

TEST_F(TasksTest, OnASuspectCardAFailureIsTheCardsAndASuccessIsOne) {
    machine_.settings().devices.resize(1);
    for (const int code : {0, 3}) {
        const TaskKey key{.incarnation = 20U + static_cast<unsigned>(code), .task = 0};
        obey(on_device(key, 0, "sleep 0.3; exit " + std::to_string(code)));
        ASSERT_EQ(machine_.wait_for(key, kRunning).phase(), kRunning);
        machine_.tasks().device_failed(0, DeviceFailure::Suspect, "XID 48");
        const auto seen = machine_.wait_for(key, kExited);
        EXPECT_EQ(seen.exit_code(), code);
        EXPECT_EQ(seen.device_fault(), code == 0 ? "" : "device 0: XID 48");
    }
}

TEST_F(TasksTest, AStopThatComesWithTheStartIsNotLost) {
    obey(run_order(kTask, {"sleep", "1000"}));
    obey(stop_order(kTask));
    EXPECT_EQ(machine_.wait_for(kTask, kExited).phase(), kExited);
}

TEST_F(TasksTest, AStopBeforeTheStartForbidsIt) {
    obey(stop_order(kTask));
    EXPECT_EQ(machine_.wait_for(kTask, kExited).launch_error(), "stopped before it was started");
    obey(run_order(kTask, {"echo", "hello"}));
    EXPECT_EQ(machine_.tasks().tell_all().size(), 1U);
    EXPECT_FALSE(fs::exists(machine_.settings().task(kTask)));
}

TEST_F(TasksTest, NothingIsStartedTwice) {
    const auto order = run_order(kTask, {"echo", "hello"});
    obey(order);
    obey(order);
    machine_.wait_for(kTask, kExited);
    obey(order);
    machine_.stop();
    machine_.start();
    obey(order);
    EXPECT_EQ(machine_.wait_for(kTask, kExited).exit_code(), 0);
    EXPECT_EQ(machine_.output(17), "hello\n");
}

TEST_F(TasksTest, ARunningProgramOutlivesTheAgent) {
    obey(run_order(kTask, {"sleep", "1000"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    machine_.stop();
    machine_.start();
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    obey(stop_order(kTask));
    EXPECT_EQ(machine_.wait_for(kTask, kExited).signal(), 15);
}

TEST_F(TasksTest, AnEndWhileTheAgentIsAwayIsReported) {
    const fs::path go = machine_.settings().scratch(kTask) / "go";
    fs::create_directories(go.parent_path());
    ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
    obey(run_order(kTask, {"sh", "-c", "read line < go; exit 5"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    const auto supervisors = find_supervisors(machine_.settings().tasks());
    ASSERT_EQ(supervisors.count("17.0"), 1U);
    machine_.stop();
    std::ofstream(go) << "go\n";
    ASSERT_TRUE(wait_until_over(supervisors.at("17.0"), Duration{30'000}));
    machine_.start();
    const auto seen = machine_.wait_for(kTask, kExited);
    EXPECT_EQ(seen.launch_error(), "");
    EXPECT_EQ(seen.exit_code(), 5);
}

TEST_F(TasksTest, AKilledSupervisorIsReported) {
    obey(run_order(kTask, {"sh", "-c", "kill -KILL $PPID"}));
    EXPECT_EQ(machine_.wait_for(kTask, kExited).launch_error(), "the supervisor vanished");
}

TEST_F(TasksTest, TasksOfAnotherBootAreForgotten) {
    obey(run_order(kTask, {"true"}));
    machine_.wait_for(kTask, kExited);
    machine_.stop();
    machine_.start("boot-2");
    EXPECT_TRUE(machine_.tasks().tell_all().empty());
    EXPECT_EQ(machine_.tasks().highest_epoch(), 1U);
    EXPECT_FALSE(fs::exists(machine_.settings().task(kTask)));
}

TEST_F(TasksTest, WhatIsNoLongerDesiredIsEndedAndForgotten) {
    obey(run_order(kTask, {"sleep", "1000"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    obey(removal(kTask));
    EXPECT_TRUE(machine_.wait_until_empty());
    EXPECT_TRUE(find_supervisors(machine_.settings().tasks()).empty());
    EXPECT_FALSE(fs::exists(machine_.settings().task(kTask)));
    EXPECT_TRUE(fs::exists(machine_.settings().scratch(kTask)));
}

TEST_F(TasksTest, OrdersOfAnEarlierLeaderAreIgnored) {
    auto order = run_order({.incarnation = 16, .task = 0}, {"true"});
    order.set_epoch(2);
    obey(order);
    obey(run_order(kTask, {"true"}));
    EXPECT_EQ(machine_.tasks().tell_all().size(), 1U);
}

TEST_F(TasksTest, StopAllStopsAll) {
    obey(run_order(kTask, {"sleep", "1000"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    machine_.tasks().stop_all(Duration{1'000});
    EXPECT_EQ(machine_.wait_for(kTask, kExited).phase(), kExited);
}

// Says that its work is saved once for every line it reads from a pipe, in its scratch.
constexpr const char* kSaver =
    "import os, socket\n"
    "for line in open('go'):\n"
    "    s = socket.socket(socket.AF_UNIX)\n"
    "    s.connect(os.environ['GUSU_CHECKPOINT_SOCKET'])\n"
    "    s.sendall(b'saved\\n')\n"
    "    print(s.recv(99).decode(), end='', flush=True)\n";

class SavesTest : public TasksTest {
protected:
    SavesTest() {
        const fs::path go = machine_.settings().scratch(kTask) / "go";
        fs::create_directories(go.parent_path());
        check(::mkfifo(go.c_str(), 0600) == 0, "a pipe can be made");
        obey(run_order(kTask, {"python3", "-c", kSaver}));
        go_.open(go);
    }
    void save() { go_ << "go\n" << std::flush; }
    v1::TaskObservation wait_for_saves(int count) {
        return machine_.wait_until(kTask,
                                   [&](const auto& seen) { return seen.checkpoints() >= count; });
    }

    std::ofstream go_;
};

TEST_F(SavesTest, AreToldAsTheyCome) {
    save();
    const auto first = wait_for_saves(1);
    EXPECT_EQ(first.checkpoints(), 1);
    EXPECT_EQ(first.phase(), kRunning);
    EXPECT_LT(first.saved_ago().seconds(), 20);
    save();
    EXPECT_EQ(wait_for_saves(2).checkpoints(), 2);
    go_.close();
    EXPECT_EQ(machine_.wait_for(kTask, kExited).checkpoints(), 2);
    EXPECT_EQ(machine_.output(17), "ok\nok\n");
}

TEST_F(SavesTest, AreNotForgottenWhenTheAgentIs) {
    save();
    EXPECT_EQ(wait_for_saves(1).checkpoints(), 1);
    machine_.stop();
    save();
    go_.close();
    machine_.start();
    EXPECT_EQ(machine_.wait_for(kTask, kExited).checkpoints(), 2);
    machine_.stop();
    machine_.start();
    const auto all = machine_.tasks().tell_all();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all.front().checkpoints(), 2);
}

TEST_F(TasksTest, AStopTellsTheProgramWhy) {
    obey(run_order(kTask, {"sh", "-c",
                           "trap 'cat $GUSU_CHECKPOINT_DIR/stop-requested; exit' TERM; echo up; "
                           "while :; do sleep 0.01; done"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    auto stop = stop_order(kTask);
    stop.mutable_tasks(0)->mutable_stop()->set_why("PREEMPTED");
    obey(stop);
    machine_.wait_for(kTask, kExited);
    EXPECT_THAT(machine_.settings().checkpoint_root / "17" / "stop-requested",
                testing::ResultOf([](const fs::path& file) { return *read_file(file); },
                                  HasSubstr("incarnation=17\nreason=PREEMPTED\ndeadline=")));
}

TEST(SaySaved, SaysWhyItCannot) {
    EXPECT_THAT(say_saved("").error().message, HasSubstr("GUSU_CHECKPOINT_SOCKET"));
    EXPECT_THAT(say_saved("/nowhere/.checkpoint").error().message, HasSubstr("/nowhere"));
}

TEST_F(TasksTest, OnlyATaskSaysSoForItself) {
    obey(run_order(kTask, {"sleep", "1000"}));
    ASSERT_EQ(machine_.wait_for(kTask, kRunning).phase(), kRunning);
    const Status said = say_saved(machine_.settings().checkpoint_socket(kTask));
    EXPECT_THAT(said.error().message, HasSubstr("another task"));
}

TEST_F(TasksTest, TheCleanerKeepsWhatIsKnown) {
    obey(run_order(kTask, {"true"}));
    machine_.wait_for(kTask, kExited);
    const auto later = fs::file_time_type::clock::now() + std::chrono::hours(1);
    clean(machine_.settings(), machine_.tasks().kept_files(), later);
    EXPECT_TRUE(fs::exists(machine_.settings().scratch(kTask)));
    EXPECT_EQ(machine_.output(17), "");
    clean(machine_.settings(), {}, later);
    EXPECT_FALSE(fs::exists(machine_.settings().scratch(kTask)));
    EXPECT_FALSE(fs::exists(machine_.settings().logs() / "17"));
}

}  // namespace
}  // namespace gusu::agent
