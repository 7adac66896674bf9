// How a task is told that it is to stop, and says that its work is saved.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "agent/supervisor/boot_clock.h"
#include "agent/supervisor/checkpoint_socket.h"
#include "agent/supervisor/stop_notice.h"
#include "tests/unit/agent/supervisor_platform.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// As a job's program says it; the answer goes to the output.
constexpr const char* kSay =
    "import os, socket\n"
    "s = socket.socket(socket.AF_UNIX)\n"
    "s.connect(os.environ['GUSU_CHECKPOINT_SOCKET'])\n"
    "s.sendall(b'WORD\\n')\n"
    "print(s.recv(99).decode().strip(), flush=True)\n";

std::string program(const std::string& word) {
    std::string text = kSay;
    return text.replace(text.find("WORD"), 4, word);
}

class Checkpoint : public testing::Test {
protected:
    Checkpoint() {
        task_.order.checkpoints = task_.path() / "checkpoints";
        task_.order.checkpoint_socket = task_.path() / "socket";
        task_.order.environment["GUSU_CHECKPOINT_SOCKET"] = task_.order.checkpoint_socket;
        task_.order.environment["GUSU_CHECKPOINT_DIR"] = task_.order.checkpoints;
        fs::create_directory(task_.order.checkpoints);
        task_.script("say.py", program("saved"));
    }

    fs::path notice() const { return fs::path(task_.order.checkpoints) / "stop-requested"; }
    SavesRecord saves() const {
        const auto read = read_saves(task_.path());
        return read && *read ? **read : SavesRecord{};
    }
    // The directory of a task is named "17.0"; this one has a name of its own.
    std::string incarnation() const {
        const std::string name = task_.path().filename();
        return name.substr(0, name.find('.'));
    }

    TaskDirectory task_;
};

TEST_F(Checkpoint, EveryWordIsCountedAndAnswered) {
    const Duration before = since_boot();
    task_.shell("python3 say.py; python3 say.py");
    EXPECT_EQ(run_to_end(task_).exit_code, 0);
    EXPECT_EQ(task_.output(), "ok\nok\n");
    EXPECT_EQ(saves().count, 2);
    EXPECT_GE(saves().at, before);
    EXPECT_LE(saves().at, since_boot());
}

TEST_F(Checkpoint, WhatHasLeftItsParentStillSpeaksForTheTask) {
    task_.shell("(setsid python3 say.py > said &) ; while ! grep -q ok said; do sleep 0.01; done");
    EXPECT_EQ(run_to_end(task_).exit_code, 0);
    EXPECT_EQ(saves().count, 1);
}

TEST_F(Checkpoint, OnlyTheTaskIsHeard) {
    task_.shell("echo ready; exec sleep 1000");
    Supervisor supervisor(task_);
    task_.wait_for_output("ready");
    TaskDirectory other;
    other.order.environment["GUSU_CHECKPOINT_SOCKET"] = task_.order.checkpoint_socket;
    other.order.command = {"python3", "-c", program("saved")};
    run_to_end(other);
    EXPECT_EQ(other.output(), "no: this is the socket of another task\n");
    EXPECT_EQ(saves(), SavesRecord{});
    supervisor.stop("KILL", Duration(0));
    supervisor.end();
}

TEST_F(Checkpoint, OtherWordsAreRefused) {
    task_.order.command = {"python3", "-c", program("deleted")};
    run_to_end(task_);
    EXPECT_EQ(task_.output(), "no: the only word is \"saved\"\n");
    EXPECT_EQ(saves(), SavesRecord{});
}

TEST_F(Checkpoint, APathTooLongForASocketIsNoReasonNotToRun) {
    task_.order.checkpoint_socket = task_.path() / std::string(120, 'x');
    task_.shell("echo ran");
    EXPECT_EQ(run_to_end(task_).exit_code, 0);
    EXPECT_EQ(task_.output(), "ran\n");
    EXPECT_THAT(CheckpointSocket::open(task_.order.checkpoint_socket).error().message,
                HasSubstr("too long"));
}

constexpr const char* kShowNotice =
    "trap 'cat $GUSU_CHECKPOINT_DIR/stop-requested; exit' TERM; echo ready; "
    "while :; do sleep 0.01; done";

TEST_F(Checkpoint, AStopLeavesANoticeBeforeItsSignal) {
    task_.shell(kShowNotice);
    Supervisor supervisor(task_);
    task_.wait_for_output("ready");
    const auto now = std::chrono::system_clock::now();
    supervisor.stop({.signal = "TERM", .grace = Duration(60'000), .why = "PREEMPTED"});
    supervisor.end();
    const std::string said = task_.output();
    ASSERT_THAT(said, MatchesRegex(".*\nincarnation=.*\nreason=PREEMPTED\ndeadline=[0-9]+\n"));
    const std::chrono::seconds deadline(std::stoll(said.substr(said.find("deadline=") + 9)));
    EXPECT_NEAR(static_cast<double>(deadline.count()),
                std::chrono::duration<double>(now.time_since_epoch()).count() + 60, 10);
}

TEST_F(Checkpoint, ATimeLimitLeavesANoticeToo) {
    task_.order.time_limit = Duration(200);
    task_.shell(kShowNotice);
    EXPECT_TRUE(run_to_end(task_).timed_out);
    EXPECT_THAT(read_text(notice()), HasSubstr("\nreason=TIMED_OUT\n"));
}

TEST_F(Checkpoint, ATaskThatAnElasticJobDoesWithoutLeavesNone) {
    task_.shell("echo ready; exec sleep 1000");
    Supervisor supervisor(task_);
    task_.wait_for_output("ready");
    supervisor.stop({.signal = "TERM", .grace = Duration(60'000), .why = kShrunk});
    EXPECT_EQ(supervisor.end().signal, SIGTERM);
    EXPECT_FALSE(fs::exists(notice()));
}

TEST_F(Checkpoint, TheNoticeOfAnotherPlacementIsRemovedAndThatOfThisOneStays) {
    task_.shell("ls $GUSU_CHECKPOINT_DIR");
    const StopNotice other{.incarnation = "16", .reason = "CANCELLED", .deadline = {}};
    ASSERT_TRUE(write_stop_notice(task_.order.checkpoints, "w", other).ok());
    run_to_end(task_);
    EXPECT_EQ(task_.output(), "");
    const StopNotice own{.incarnation = incarnation(), .reason = "CANCELLED", .deadline = {}};
    ASSERT_TRUE(write_stop_notice(task_.order.checkpoints, "w", own).ok());
    run_to_end(task_);
    EXPECT_EQ(task_.output(), "stop-requested\n");
}

TEST(StopNotice, FollowsNoLinkAndWritesOnlyWords) {
    const TaskDirectory folder;
    const fs::path victim = folder.script("victim", "precious");
    const fs::path notice = folder.path() / "stop-requested";
    fs::create_symlink(victim, notice);
    fs::create_symlink(victim, folder.path() / ".stop-requested.w");
    const StopNotice words{
        .incarnation = "17",
        .reason = "$(reboot)",
        .deadline = std::chrono::system_clock::time_point(std::chrono::seconds(90))};
    ASSERT_TRUE(write_stop_notice(folder.path(), "w", words).ok());
    EXPECT_EQ(read_text(victim), "precious");
    EXPECT_FALSE(fs::is_symlink(notice));
    EXPECT_EQ(read_text(notice), "incarnation=17\nreason=STOPPED\ndeadline=90\n");
    EXPECT_FALSE(write_stop_notice(folder.path() / "none", "w", words).ok());
}

}  // namespace
}  // namespace gusu::agent
