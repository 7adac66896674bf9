#include <gmock/gmock.h>

#include <sstream>

#include "tests/unit/gusu/fake_scheduler.h"
#include "tools/gusu/exec_commands.h"

namespace gusu::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::ExecTaskResponse started() {
    v1::ExecTaskResponse response;
    response.mutable_output()->set_started(true);
    return response;
}

v1::ExecTaskResponse ended(int exit_code, int signal) {
    v1::ExecTaskResponse response;
    response.mutable_output()->mutable_end()->set_exit_code(exit_code);
    response.mutable_output()->mutable_end()->set_signal(signal);
    return response;
}

class ExecTest : public testing::Test {
protected:
    ExecTest() { session.use(scheduler.client()); }

    int exec(const std::vector<std::string>& command) {
        return cli::exec(session, {.job_id = "12", .task = 3, .command = command});
    }

    FakeScheduler scheduler;
    std::ostringstream out;
    std::ostringstream err;
    Session session{out, err};
};

TEST_F(ExecTest, EndsAsTheProgramDoes) {
    v1::ExecTaskRequest start;
    std::vector<std::string> heard;
    scheduler.on_exec = [&](FakeScheduler::ExecStream& stream) {
        stream.Read(&start);
        stream.Write(started());
        v1::ExecTaskRequest said;
        stream.Read(&said);
        heard.push_back(said.input().ShortDebugString());
        v1::ExecTaskResponse response;
        response.mutable_output()->set_data("hello\n");
        stream.Write(response);
        stream.Write(ended(7, 0));
        return grpc::Status::OK;
    };
    testing::internal::CaptureStdout();
    EXPECT_EQ(exec({"cat", "-n"}), 7);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "hello\n");
    EXPECT_EQ(start.start().job_id(), "12");
    EXPECT_EQ(start.start().task(), 3);
    EXPECT_THAT(start.start().program().command(), ElementsAre("cat", "-n"));
    EXPECT_FALSE(start.start().program().has_terminal());
    EXPECT_THAT(heard, ElementsAre("end: true"));  // without -i there is nothing to read
}

TEST_F(ExecTest, SignalsAndRefusalsHaveTheirCodes) {
    scheduler.on_exec = [&](FakeScheduler::ExecStream& stream) {
        stream.Write(started());
        stream.Write(ended(0, 9));
        return grpc::Status::OK;
    };
    EXPECT_EQ(exec({"a"}), 137);
    scheduler.on_exec = [](FakeScheduler::ExecStream&) {
        return grpc::Status(grpc::StatusCode::NOT_FOUND, "no job 12");
    };
    EXPECT_EQ(exec({"a"}), kNotFound);
    scheduler.on_exec = [](FakeScheduler::ExecStream& stream) {
        stream.Write(started());
        return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "the agent is gone");
    };
    EXPECT_EQ(exec({"a"}), kRefused);
    EXPECT_THAT(err.str(), HasSubstr("the agent is gone"));
}

TEST_F(ExecTest, ASchedulerThatGoesIsTold) {
    scheduler.on_exec = [](FakeScheduler::ExecStream& stream) {
        stream.Write(started());
        return kAway;
    };
    EXPECT_EQ(exec({"a"}), kUnreachable);
}

TEST_F(ExecTest, AsksTheOneThatLeads) {
    FakeScheduler leading;
    scheduler.leader = leading.target();
    leading.on_exec = [](FakeScheduler::ExecStream& stream) {
        stream.Write(started());
        stream.Write(ended(5, 0));
        return grpc::Status::OK;
    };
    EXPECT_EQ(exec({"a"}), 5);
}

}  // namespace
}  // namespace gusu::cli
