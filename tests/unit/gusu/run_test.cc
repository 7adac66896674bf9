#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <sstream>

#include "tests/unit/gusu/fake_scheduler.h"
#include "tools/gusu/interrupt.h"
#include "tools/gusu/program.h"
#include "tools/gusu/submit_commands.h"

namespace gusu::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// One job, 12, that prints two lines and ends with exit code 3.
class RunTest : public testing::Test {
protected:
    RunTest() {
        session.use(scheduler.client());
        scheduler.on_submit = [this](const v1::SubmitJobRequest& request, auto& response) {
            submitted = request;
            response.mutable_job()->set_id("12");
            *response.mutable_job()->mutable_spec() = request.spec();
            return grpc::Status::OK;
        };
        scheduler.on_watch = [this](const v1::WatchJobsRequest& request, auto& writer) {
            watched.push_back(request.job_ids(0));
            v1::WatchJobsResponse response;
            response.mutable_job()->set_id("12");
            response.mutable_job()->set_state(v1::JOB_STATE_PENDING);
            response.mutable_job()->set_wait_reason(v1::WAIT_REASON_BEHIND);
            response.mutable_job()->set_wait_detail("2 jobs before it");
            writer.Write(response);
            response.mutable_job()->set_state(v1::JOB_STATE_RUNNING);
            writer.Write(response);
            response.mutable_job()->set_state(v1::JOB_STATE_FAILED);
            response.mutable_job()->set_end_reason(v1::END_REASON_EXIT_CODE);
            response.mutable_job()->set_exit_code(3);
            writer.Write(response);
            return grpc::Status::OK;
        };
        scheduler.on_logs = [](const v1::ReadLogsRequest& request, auto& writer) {
            v1::ReadLogsResponse chunk;
            chunk.set_attempt(1);
            chunk.set_data(request.stream() == v1::LOG_STREAM_ERROR ? "warning\n" : "one\ntwo\n");
            writer.Write(chunk);
            return grpc::Status::OK;
        };
        scheduler.on_get = [](const auto&, auto& response) {
            response.mutable_job()->set_attempt(1);
            return grpc::Status::OK;
        };
    }

    static Submission submission(const std::vector<std::string>& words) {
        Result<Submission> read = parse_submission(words);
        EXPECT_TRUE(read) << read.error().message;
        return *read;
    }

    v1::SubmitJobRequest submitted;
    std::vector<std::string> watched;
    std::ostringstream out;
    std::ostringstream err;
    Session session{out, err};
    // Last, so that its calls are over before what they use goes.
    FakeScheduler scheduler;
};

TEST_F(RunTest, StreamsTheOutputAndExitsAsTheJob) {
    testing::internal::CaptureStdout();
    const int code = run(session, submission({"run", "--gpus", "1", "--", "train"}));
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "one\ntwo\n");
    EXPECT_EQ(code, 3);
    EXPECT_EQ(out.str(), "");
    EXPECT_THAT(err.str(), HasSubstr("Job 12 waits: BEHIND: 2 jobs before it"));
    EXPECT_THAT(err.str(), HasSubstr("Job 12: FAILED (EXIT_CODE 3)"));
    EXPECT_THAT(submitted.spec().command(), ElementsAre("train"));
}

TEST_F(RunTest, StderrKeptApartComesOnStderr) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    run(session, submission({"run", "--error", "e.txt", "--", "train"}));
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "one\ntwo\n");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "warning\n");
}

TEST_F(RunTest, SubmitPrintsTheIdAlone) {
    EXPECT_EQ(submit(session, submission({"submit", "--", "train"})), kDone);
    EXPECT_EQ(out.str(), "12\n");
    EXPECT_EQ(err.str(), "");
    EXPECT_TRUE(watched.empty());
}

TEST_F(RunTest, SubmitAndWaitExitsAsTheJob) {
    EXPECT_EQ(submit(session, submission({"submit", "--wait", "--", "train"})), 3);
    EXPECT_EQ(out.str(), "12\n");
}

TEST_F(RunTest, DryRunWaitsForNothing) {
    EXPECT_EQ(submit(session, submission({"submit", "--dry-run", "--wait", "--", "train"})), kDone);
    EXPECT_TRUE(submitted.dry_run());
    EXPECT_TRUE(watched.empty());
    EXPECT_THAT(out.str(), Not(HasSubstr("12\n")));
}

TEST_F(RunTest, WaitExitsAsTheJobAndLeavesStdoutAlone) {
    EXPECT_EQ(wait(session, {.job_ids = {"12"}, .timeout = "1h", .reconnect_for = ""}), 3);
    EXPECT_EQ(out.str(), "");
    EXPECT_THAT(err.str(), HasSubstr("Job 12: FAILED (EXIT_CODE 3)"));
}

TEST_F(RunTest, AnArrayHasNoOneOutputToFollow) {
    EXPECT_EQ(run(session, submission({"run", "--array", "0-3", "--", "train"})), kWrongWords);
    EXPECT_TRUE(submitted.request_id().empty()) << "nothing was submitted";
}

void send_signals(const std::vector<int>& signals) {
    std::promise<void> called;
    const Interrupt interrupt([&] { called.set_value(); });
    kill(getpid(), signals.front());
    called.get_future().wait();
    if (signals.size() == 1) {
        _exit(7);
    }
    kill(getpid(), signals.back());
    while (true) {
        pause();
    }
}

TEST(InterruptDeathTest, TheFirstSignalCallsTheSecondEnds) {
    testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(send_signals({SIGINT}), testing::ExitedWithCode(7), "");
    EXPECT_EXIT(send_signals({SIGTERM}), testing::ExitedWithCode(7), "");
    EXPECT_EXIT(send_signals({SIGINT, SIGINT}), testing::ExitedWithCode(kInterrupted), "");
}

}  // namespace
}  // namespace gusu::cli
