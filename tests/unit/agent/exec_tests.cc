// Programs beside those of tasks: what is said to them and by them, and real ones in real tasks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "agent/daemon/environment.h"
#include "agent/daemon/exec/enter_process.h"
#include "agent/daemon/exec/exec_messages.h"
#include "agent/daemon/exec/step_doors.h"
#include "agent/enter/frames.h"
#include "tests/unit/agent/supervisor_platform.h"

namespace gusu::agent {
namespace {

std::vector<std::string> all_frames(std::string_view bytes, std::size_t piece) {
    FrameReader reader;
    std::vector<std::string> seen;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
        reader.add(bytes.substr(i, piece));
        while (const auto frame = reader.next()) {
            seen.push_back(static_cast<char>(frame->kind) + frame->content);
        }
    }
    return seen;
}

TEST(Frames, ComeOutAsTheyWentInHoweverTheyAreCut) {
    const std::string bytes = to_bytes(FrameKind::Data, "one") + to_bytes(FrameKind::NothingMore) +
                              to_bytes(FrameKind::Data, std::string(70'000, 'x')) +
                              to_bytes(FrameKind::End, "7 0");
    for (const std::size_t piece : {1UL, 4UL, 5UL, 1'000UL, bytes.size()}) {
        EXPECT_THAT(all_frames(bytes, piece),
                    testing::ElementsAre("done", "n", "d" + std::string(70'000, 'x'), "z7 0"));
    }
}

TEST(Frames, WhatIsNoneIsNotTaken) {
    for (const std::string& wrong : {std::string("?\1\0\0\0x", 6), std::string("d\0\0\0\xff", 5)}) {
        FrameReader reader;
        reader.add(wrong);
        EXPECT_FALSE(reader.next().has_value());
        EXPECT_TRUE(reader.is_broken());
    }
}

TEST(Frames, NumbersAreNumbers) {
    EXPECT_EQ(two_numbers("24 80")->second, 80);
    for (const char* wrong : {"", "24", "24 ", " 80", "24 80 3", "-1 5", "9999999999 1"}) {
        EXPECT_FALSE(two_numbers(wrong).has_value()) << wrong;
    }
}

TEST(ExecMessages, PassThroughFramesUnchanged) {
    v1::ExecInput resize;
    resize.mutable_resize()->set_rows(24);
    resize.mutable_resize()->set_columns(80);
    v1::ExecInput signal;
    signal.set_signal(15);
    v1::ExecInput data;
    data.set_data(std::string("a\0b", 3));
    v1::ExecInput end;
    end.set_end(true);
    for (const v1::ExecInput& input : {resize, signal, data, end}) {
        EXPECT_EQ(to_input(*to_frame(input))->DebugString(), input.DebugString());
    }
    v1::ExecOutput ended;
    ended.mutable_end()->set_exit_code(3);
    v1::ExecOutput started;
    started.set_started(true);
    for (const v1::ExecOutput& output : {ended, started}) {
        EXPECT_EQ(to_output(*to_frame(output))->DebugString(), output.DebugString());
    }
}

TEST(ExecMessages, WhatGoesTheOtherWayIsNotTaken) {
    EXPECT_FALSE(to_input({.kind = FrameKind::End, .content = "0 0"}).has_value());
    EXPECT_FALSE(to_output({.kind = FrameKind::Resize, .content = "1 1"}).has_value());
    EXPECT_FALSE(to_input({.kind = FrameKind::Signal, .content = "900"}).has_value());
    EXPECT_FALSE(to_frame(v1::ExecInput()).has_value());
}

TEST(ProgramRequest, IsReadAsItWasWritten) {
    const ProgramRequest request{.command = {"sh", "-c", "a \"b\""},
                                 .environment = {{"K", "v"}},
                                 .terminal = TerminalRequest{"xterm", 24, 80},
                                 .node = "n2",
                                 .task = 3};
    EXPECT_EQ(*read_program_request(*to_json(request)), request);
    EXPECT_FALSE(to_json(ProgramRequest{.command = {"\xff"}}).ok());
    for (const char* wrong : {"", "[]", "{}", R"({"command": 3})"}) {
        EXPECT_FALSE(read_program_request(wrong).ok()) << wrong;
    }
}

TEST(StepDoors, KnowWhoIsOfTheTask) {
    const std::string inside = "12:memory:/base/gusu/n1/17.0\n0::/base/gusu/n1/17.0/box/x\n";
    EXPECT_TRUE(is_in_group(inside, "gusu/n1/17.0"));
    EXPECT_FALSE(is_in_group(inside, "gusu/n1/17.00"));
    EXPECT_FALSE(is_in_group("0::/gusu/n1/17.01\n", "gusu/n1/17.0"));
    EXPECT_FALSE(is_in_group("0::/user.slice\n", "gusu/n1/17.0"));
}

TEST(Environment, TellsMpiOfTheNodes) {
    v1::Launch launch;
    launch.set_task_count(3);
    launch.add_node_list("a");
    launch.add_node_list("b");
    launch.add_tasks_of_nodes(2);
    launch.add_tasks_of_nodes(1);
    EXPECT_EQ(hosts_text(launch), "a slots=2\nb slots=1\n");
    TaskPlace place;
    place.programs = "/opt/gusu";
    place.hosts = "/s/.hosts";
    const auto environment = task_environment(launch, place, {});
    EXPECT_EQ(environment.at("OMPI_MCA_plm_rsh_agent"), "/opt/gusu/gusu-step --rsh");
    EXPECT_EQ(environment.at("OMPI_MCA_orte_default_hostfile"), "/s/.hosts");
    launch.set_task_count(1);
    EXPECT_FALSE(task_environment(launch, place, {}).contains("OMPI_MCA_plm_rsh_agent"));
}

// gusu-enter in a task that runs, as the agent starts it.
class Entering {
public:
    Entering(const TaskDirectory& task, const Supervisor& supervisor,
             const ProgramRequest& request) {
        auto started = start_enter(GUSU_ENTER, task.path(), pidfd_of(supervisor.pid()));
        EXPECT_TRUE(started.ok()) << started.error().message;
        entered_ = std::move(*started);
        say(FrameKind::Request, *to_json(request));
    }
    Entering(const Entering&) = delete;
    Entering& operator=(const Entering&) = delete;
    ~Entering() {
        entered_.socket.reset();
        EXPECT_TRUE(readable(entered_.process.get())) << "gusu-enter did not end";
        siginfo_t ignored = {};
        waitid(P_PIDFD, static_cast<id_t>(entered_.process.get()), &ignored, WEXITED);
    }

    void say(FrameKind kind, std::string_view content = {}) const {
        EXPECT_TRUE(send_frame(entered_.socket.get(), kind, content));
    }
    void hang_up() { entered_.socket.reset(); }

    // The next that is neither that it has started nor empty.
    Frame hear() {
        const timeval patience{.tv_sec = kHang / 1000, .tv_usec = 0};
        setsockopt(entered_.socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        while (auto frame = receive_frame(entered_.socket.get(), reader_)) {
            if (frame->kind != FrameKind::Started) {
                return *frame;
            }
        }
        return {.kind = FrameKind::Failure, .content = "(nothing came)"};
    }
    // All that it says on stdout, and then its end as "z0 0".
    std::string all() {
        std::string text;
        for (;;) {
            const Frame frame = hear();
            if (frame.kind == FrameKind::End || frame.kind == FrameKind::Failure) {
                return text + static_cast<char>(frame.kind) + frame.content;
            }
            text += frame.content;
        }
    }

private:
    EnterProcess entered_;
    FrameReader reader_;
};

struct RunningTask {
    RunningTask() {
        directory.shell("echo up; sleep 1000");
        supervisor.emplace(directory);
        directory.wait_for_output("up");
    }

    TaskDirectory directory;
    std::optional<Supervisor> supervisor;
};

TEST(Enter, RunsBesideTheTask) {
    RunningTask task;
    task.directory.order.environment["COLOUR"] = "red";
    EXPECT_TRUE(write_order(task.directory.path(), task.directory.order).ok());
    Entering there(task.directory, *task.supervisor,
                   {.command = {"sh", "-c", "pwd; echo $COLOUR $SHAPE; exit 7"},
                    .environment = {{"SHAPE", "round"}}});
    EXPECT_EQ(there.all(), task.directory.path().string() + "\nred round\nz7 0");
}

TEST(Enter, GivesItItsInputToTheEnd) {
    RunningTask task;
    Entering there(task.directory, *task.supervisor, {.command = {"wc", "-c"}});
    for (int i = 0; i < 20; ++i) {
        there.say(FrameKind::Data, std::string(30'000, 'x'));
    }
    there.say(FrameKind::NothingMore);
    EXPECT_EQ(there.all(), "600000\nz0 0");
}

TEST(Enter, ATerminalIsOne) {
    RunningTask task;
    Entering there(
        task.directory, *task.supervisor,
        {.command = {"sh", "-c", "stty size; stty -echo; read line; stty size; echo $TERM"},
         .terminal = TerminalRequest{"vt100", 24, 80}});
    EXPECT_EQ(there.hear().content, "24 80\r\n");
    there.say(FrameKind::Resize, "41 133");
    there.say(FrameKind::Data, "\n");
    EXPECT_THAT(there.all(), testing::HasSubstr("41 133\r\nvt100\r\nz0 0"));
}

TEST(Enter, SignalsReachIt) {
    RunningTask task;
    Entering there(task.directory, *task.supervisor,
                   {.command = {"sh", "-c", "echo up; sleep 1000"}});
    EXPECT_EQ(there.hear().content, "up\n");
    there.say(FrameKind::Signal, "15");
    EXPECT_EQ(there.all(), "z0 15");
}

TEST(Enter, SaysWhyItDoesNotRun) {
    RunningTask task;
    Entering there(task.directory, *task.supervisor, {.command = {"no-such-program"}});
    EXPECT_THAT(there.all(), testing::StartsWith("f"));
}

TEST(Enter, WhoHangsUpEndsItAndWhatItHasStarted) {
    RunningTask task;
    Entering there(task.directory, *task.supervisor,
                   {.command = {"sh", "-c", "sleep 1000 & echo $!; wait"}});
    EXPECT_FALSE(there.hear().content.empty());
    there.hang_up();  // the destructor waits for the end
}

TEST(Enter, TheEndOfTheTaskEndsIt) {
    RunningTask task;
    Entering there(
        task.directory, *task.supervisor,
        {.command = {"sh", "-c", "trap '' TERM HUP; echo up; while :; do sleep 1; done"}});
    EXPECT_EQ(there.hear().content, "up\n");
    task.supervisor->stop("KILL", Duration(0));
    EXPECT_EQ(there.all(), "z0 9");
}

}  // namespace
}  // namespace gusu::agent
