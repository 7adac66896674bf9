#include "tools/gusu/client.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/unit/gusu/fake_scheduler.h"
#include "tools/gusu/follow.h"
#include "tools/gusu/job_commands.h"
#include "tools/gusu/submit_commands.h"

namespace gusu::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// The logs of a job's attempts, served in chunks, with an accident at chosen places.
struct Logs {
    std::map<int, std::string> attempts;
    int running = 1;
    int failures = 0;
    std::vector<std::string> asked;

    // Serves at most `until_failure` bytes of a stream while there are failures left.
    grpc::Status serve(const v1::ReadLogsRequest& request, FakeScheduler::LogWriter& writer) {
        const int attempt = request.attempt() == 0 ? running : request.attempt();
        asked.push_back(std::to_string(request.attempt()) + "@" + std::to_string(request.offset()));
        const std::string& text = attempts.at(attempt);
        constexpr std::size_t kChunk = 5;
        for (auto from = static_cast<std::size_t>(request.offset()); from < text.size();
             from += kChunk) {
            v1::ReadLogsResponse chunk;
            chunk.set_attempt(attempt);
            chunk.set_offset(static_cast<std::int64_t>(from));
            chunk.set_data(text.substr(from, kChunk));
            writer.Write(chunk);
            if (failures > 0) {
                --failures;
                return kAway;
            }
        }
        return grpc::Status::OK;
    }
};

v1::ReadLogsRequest follow_request() {
    v1::ReadLogsRequest request;
    request.set_job_id("7");
    request.set_follow(true);
    return request;
}

class FollowTest : public testing::Test {
protected:
    FollowTest() {
        scheduler.on_logs = [this](const auto& request, auto& writer) {
            return logs.serve(request, writer);
        };
        scheduler.on_get = [this](const auto&, auto& response) {
            response.mutable_job()->set_attempt(logs.running);
            return grpc::Status::OK;
        };
    }

    Status copy(const v1::ReadLogsRequest& request, Duration outage = std::chrono::seconds(20)) {
        Client client = scheduler.client(outage);
        return copy_log(client, request, [this](std::string_view bytes) {
            copied += bytes;
            return true;
        });
    }

    Logs logs;
    std::string copied;
    // Last, so that its calls are over before what they use goes.
    FakeScheduler scheduler;
};

TEST_F(FollowTest, EachByteOnceOverManyOutages) {
    logs.attempts[1] = std::string("0123456789\0abcdefghij\xff", 22);
    logs.failures = 3;
    const Status done = copy(follow_request());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(copied, logs.attempts[1]);
    EXPECT_THAT(logs.asked, ElementsAre("0@0", "1@5", "1@10", "1@15"));
    EXPECT_THAT(scheduler.notes, Contains("connection lost, reconnecting"));
    EXPECT_THAT(scheduler.notes, Contains("connected again"));
}

TEST_F(FollowTest, GoesOnAfterARestartOfTheScheduler) {
    logs.attempts[1] = "before and after";
    bool restarted = false;
    Client client = scheduler.client();
    scheduler.on_logs = [&](const auto& request, auto& writer) {
        if (request.offset() == 0) {
            logs.failures = 1;
        }
        return logs.serve(request, writer);
    };
    const Status done = copy_log(client, follow_request(), [&](std::string_view bytes) {
        copied += bytes;
        if (!std::exchange(restarted, true)) {
            scheduler.restart();
        }
        return true;
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(copied, "before and after");
}

TEST_F(FollowTest, TheNextAttemptFollowsThoughTheStreamWasResumedWithinOne) {
    logs.attempts[1] = "first try\n";
    logs.attempts[2] = "second try\n";
    logs.failures = 1;
    scheduler.on_get = [](const auto&, auto& response) {
        response.mutable_job()->set_attempt(2);
        return grpc::Status::OK;
    };
    const Status done = copy(follow_request());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(copied, "first try\nsecond try\n");
}

TEST_F(FollowTest, AnAttemptThatNeverBeganIsTheEnd) {
    logs.attempts[1] = "only try\n";
    scheduler.on_logs = [this](const auto& request, auto& writer) {
        return request.attempt() == 2 ? grpc::Status(grpc::StatusCode::NOT_FOUND, "no attempt 2")
                                      : logs.serve(request, writer);
    };
    scheduler.on_get = [](const auto&, auto& response) {
        response.mutable_job()->set_attempt(2);
        return grpc::Status::OK;
    };
    const Status done = copy(follow_request());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(copied, "only try\n");
}

TEST_F(FollowTest, TooLongAnOutageIsUnavailable) {
    scheduler.on_logs = [](const auto&, auto&) { return kAway; };
    const Status done = copy(follow_request(), Duration(30));
    ASSERT_FALSE(done);
    EXPECT_EQ(exit_code(done.error()), kUnreachable);
    EXPECT_THAT(done.error().message, HasSubstr(scheduler.target()));
}

TEST_F(FollowTest, WithoutFollowAnOutageEndsIt) {
    logs.attempts[1] = "0123456789";
    logs.failures = 1;
    v1::ReadLogsRequest request = follow_request();
    request.set_follow(false);
    EXPECT_FALSE(copy(request));
    EXPECT_EQ(copied, "01234");
}

TEST_F(FollowTest, AReaderThatLeavesEndsIt) {
    logs.attempts[1] = "0123456789";
    Client client = scheduler.client();
    const Status done = copy_log(client, follow_request(), [](std::string_view) { return false; });
    EXPECT_TRUE(done);
}

TEST(Watch, ResumesAfterItsLastToken) {
    FakeScheduler scheduler;
    std::vector<std::string> tokens;
    scheduler.on_watch = [&](const v1::WatchJobsRequest& request, auto& writer) {
        tokens.push_back(request.resume_token());
        v1::WatchJobsResponse response;
        response.mutable_job()->set_id("7");
        if (request.resume_token().empty()) {
            response.mutable_job()->set_state(v1::JOB_STATE_RUNNING);
            response.set_resume_token("a");
            writer.Write(response);
            return kAway;
        }
        response.mutable_job()->set_state(v1::JOB_STATE_FAILED);
        response.mutable_job()->set_exit_code(3);
        writer.Write(response);
        return grpc::Status::OK;
    };
    Client client = scheduler.client();
    const Result<WatchResult> watched = watch_jobs(client, {.job_ids = {"7"}});
    ASSERT_TRUE(watched) << watched.error().message;
    EXPECT_THAT(tokens, ElementsAre("", "a"));
    EXPECT_EQ(exit_code_of(watched->jobs.at("7")), 3);
}

TEST(Watch, TheTimeGivenRunsOut) {
    FakeScheduler scheduler;
    scheduler.on_watch = [](const auto&, auto&) { return kAway; };
    std::ostringstream out;
    std::ostringstream err;
    Session session(out, err);
    session.use(scheduler.client());
    EXPECT_EQ(wait(session, {.job_ids = {"7"}, .timeout = "0", .reconnect_for = ""}), kTimeRanOut);
}

TEST(Change, IsSaidAgainWithTheSameRequestId) {
    FakeScheduler scheduler;
    std::vector<std::string> ids;
    scheduler.on_submit = [&](const v1::SubmitJobRequest& request, auto& response) {
        ids.push_back(request.request_id());
        response.mutable_job()->set_id("12");
        return ids.size() < 4 ? kAway : grpc::Status::OK;
    };
    Client client = scheduler.client();
    const Result<v1::SubmitJobResponse> done = client.call(v1::SubmitJobRequest());
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->job().id(), "12");
    ASSERT_EQ(ids.size(), 4u);
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1u);
    EXPECT_EQ(ids[0].size(), 32u);
    EXPECT_THAT(scheduler.notes, ElementsAre("scheduler unreachable, retrying"));

    ASSERT_TRUE(client.call(v1::SubmitJobRequest()));
    EXPECT_NE(ids[4], ids[0]) << "another change has another id";
}

TEST(Change, ComesThroughOnceTheSchedulerIsBack) {
    FakeScheduler scheduler;
    scheduler.on_submit = [](const auto&, auto&) { return grpc::Status::OK; };
    Client client = scheduler.client();
    ASSERT_TRUE(client.call(v1::SubmitJobRequest()));
    scheduler.stop();
    scheduler.on_note = [&] { scheduler.start_again(); };
    const Result<v1::SubmitJobResponse> done = client.call(v1::SubmitJobRequest());
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_THAT(scheduler.notes, ElementsAre("scheduler unreachable, retrying"));
}

TEST(Change, AGivenRequestIdIsKept) {
    FakeScheduler scheduler;
    std::string id;
    scheduler.on_submit = [&](const v1::SubmitJobRequest& request, auto&) {
        id = request.request_id();
        return grpc::Status::OK;
    };
    Client client = scheduler.client();
    v1::SubmitJobRequest request;
    request.set_request_id("mine");
    ASSERT_TRUE(client.call(request));
    EXPECT_EQ(id, "mine");
}

TEST(Change, ARefusalIsNotSaidAgain) {
    FakeScheduler scheduler;
    int calls = 0;
    scheduler.on_submit = [&](const auto&, auto&) {
        ++calls;
        return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "suda has 0 GPUs left");
    };
    Client client = scheduler.client();
    const Result<v1::SubmitJobResponse> done = client.call(v1::SubmitJobRequest());
    ASSERT_FALSE(done);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(exit_code(done.error()), kRefused);
    EXPECT_THAT(done.error().message, HasSubstr("suda has 0 GPUs left"));
}

TEST(Change, EndsWithFourWhenNobodyListens) {
    FakeScheduler scheduler;
    Client client = scheduler.client(Duration(50));
    scheduler.stop();
    const Result<v1::SubmitJobResponse> done = client.call(v1::SubmitJobRequest());
    ASSERT_FALSE(done);
    EXPECT_EQ(exit_code(done.error()), kUnreachable);
    EXPECT_THAT(done.error().message, HasSubstr(scheduler.target()));
}

struct CodeCase {
    grpc::StatusCode code;
    int exit;
};

const CodeCase kCodes[] = {
    {grpc::StatusCode::INVALID_ARGUMENT, kRefused},
    {grpc::StatusCode::NOT_FOUND, kNotFound},
    {grpc::StatusCode::ALREADY_EXISTS, kRefused},
    {grpc::StatusCode::RESOURCE_EXHAUSTED, kRefused},
    {grpc::StatusCode::FAILED_PRECONDITION, kRefused},
    {grpc::StatusCode::PERMISSION_DENIED, kNotAllowed},
    {grpc::StatusCode::UNAUTHENTICATED, kNotAllowed},
    {grpc::StatusCode::UNAVAILABLE, kUnreachable},
    {grpc::StatusCode::INTERNAL, kRefused},
};

TEST(ExitCode, OfEveryStatusAVerbMeets) {
    FakeScheduler scheduler;
    for (const CodeCase& one : kCodes) {
        scheduler.on_get = [&](const auto&, auto&) { return grpc::Status(one.code, "because"); };
        std::ostringstream out;
        std::ostringstream err;
        Session session(out, err);
        session.use(scheduler.client());
        EXPECT_EQ(show_job(session, "7"), one.exit) << one.code;
        EXPECT_EQ(out.str(), "");
        EXPECT_THAT(err.str(), testing::StartsWith("gusu: "));
        EXPECT_THAT(err.str(), HasSubstr("because"));
    }
}

class ListTest : public testing::Test {
protected:
    ListTest() {
        scheduler.on_list = [this](const v1::ListJobsRequest& request, auto& response) {
            asked.push_back(request);
            const int first = request.page_token().empty() ? 0 : std::stoi(request.page_token());
            const int end = std::min(first + std::min(request.page_size(), 2), 5);
            for (int i = first; i < end; ++i) {
                response.add_jobs()->set_id(std::to_string(100 + i));
            }
            response.set_next_page_token(end < 5 ? std::to_string(end) : "");
            return grpc::Status::OK;
        };
        session.use(scheduler.client());
        session.settings.format = Format::Json;
    }

    std::vector<std::string> listed_ids() const {
        std::vector<std::string> ids;
        const nlohmann::json document = nlohmann::json::parse(out.str());
        for (const auto& job : document.at("jobs")) {
            ids.push_back(job.at("id"));
        }
        return ids;
    }

    std::ostringstream out;
    std::ostringstream err;
    Session session{out, err};
    std::vector<v1::ListJobsRequest> asked;
    // Last, so that its calls are over before what they use goes.
    FakeScheduler scheduler;
};

TEST_F(ListTest, AllPagesAreOneDocument) {
    EXPECT_EQ(jobs(session, {.states = {"pending"}, .tenant = "suda", .user = ""}), kDone);
    EXPECT_THAT(listed_ids(), ElementsAre("100", "101", "102", "103", "104"));
    EXPECT_EQ(asked.size(), 3u);
    EXPECT_EQ(asked[2].tenant(), "suda");
    EXPECT_THAT(asked[2].states(), ElementsAre(v1::JOB_STATE_PENDING));
}

TEST_F(ListTest, ALimitIsExact) {
    EXPECT_EQ(jobs(session, {.states = {}, .tenant = "", .user = "", .limit = 3}), kDone);
    EXPECT_THAT(listed_ids(), ElementsAre("100", "101", "102"));
}

TEST_F(ListTest, AnUnknownStateIsWrongWords) {
    EXPECT_EQ(jobs(session, {.states = {"PENDIN"}, .tenant = "", .user = ""}), kWrongWords);
    EXPECT_THAT(err.str(), HasSubstr("did you mean PENDING?"));
    EXPECT_TRUE(asked.empty());
}

// A scheduler that answers with its own target.
void answer_submissions(FakeScheduler& scheduler) {
    scheduler.on_submit = [&scheduler](const auto&, auto& response) {
        response.mutable_job()->set_id(scheduler.target());
        return grpc::Status::OK;
    };
}

TEST(SeveralSchedulers, WhoDoesNotAnswerIsLeftForTheNext) {
    FakeScheduler gone;
    FakeScheduler here;
    gone.stop();
    answer_submissions(here);
    here.on_get = [](const auto&, auto&) { return grpc::Status::OK; };
    Client client = here.client_of(gone.target() + "," + here.target());
    EXPECT_TRUE(client.call(v1::GetJobRequest()).ok());
    const auto submitted = client.call(v1::SubmitJobRequest());
    ASSERT_TRUE(submitted.ok()) << submitted.error().message;
    EXPECT_EQ(submitted->job().id(), here.target());
    EXPECT_TRUE(here.notes.empty());
}

TEST(SeveralSchedulers, TheLeaderThatAStandbyNamesIsAsked) {
    FakeScheduler standby;
    FakeScheduler leads;
    standby.leader = leads.target();
    answer_submissions(leads);
    Client client = standby.client();
    const auto submitted = client.call(v1::SubmitJobRequest());
    ASSERT_TRUE(submitted.ok()) << submitted.error().message;
    EXPECT_EQ(submitted->job().id(), leads.target());
}

TEST(SeveralSchedulers, ReadsWaitUntilOneLeads) {
    FakeScheduler first;
    FakeScheduler second;
    int asked = 0;
    first.on_get = [](const auto&, auto&) { return kAway; };
    second.on_get = [&asked](const auto&, auto&) { return ++asked < 3 ? kAway : grpc::Status::OK; };
    Client client = first.client_of(first.target() + "," + second.target());
    const auto got = client.call(v1::GetJobRequest());
    EXPECT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ(asked, 3);
}

}  // namespace
}  // namespace gusu::cli
