// Watches, logs and usage, with an agent at the other end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <thread>

#include "gusu/v1/agent_service.grpc.pb.h"
#include "tests/unit/service/fake_agent.h"
#include "tests/unit/service/rpc_platform.h"

namespace gusu::service {
namespace {

using testing::HasSubstr;

// A node that has enrolled with a token and does what its test says.
class Node {
public:
    Node(RpcPlatform& platform, const std::string& name) {
        const NodeRequest own = make_node_request(name);
        v1::EnrolRequest request;
        request.set_node(name);
        request.set_token(platform.admin().create_token("", name)->secret());
        request.set_certificate_request(own.request);
        rpc::Endpoint endpoint = platform.endpoint();
        endpoint.token.clear();
        grpc::ClientContext context;
        v1::EnrolResponse enrolled;
        const auto stub = v1::AgentService::NewStub(rpc::open_channel(endpoint));
        const grpc::Status status = stub->Enrol(&context, request, &enrolled);
        EXPECT_TRUE(status.ok()) << status.error_message();
        endpoint.certificate = enrolled.certificate();
        endpoint.key = own.key;
        endpoint = with_own_connection(endpoint, platform);
        stub_ = v1::AgentService::NewStub(rpc::open_channel(endpoint));
        context_.set_deadline(std::chrono::system_clock::now() + kPatienceOfTests);
        stream_ = stub_->Connect(&context_);
        v1::ConnectRequest hello;
        *hello.mutable_hello() = hello_of(name);
        stream_->Write(hello);
    }
    ~Node() {
        vanish();
        stream_->Finish();
    }
    void vanish() { context_.TryCancel(); }

    v1::TaskKey launched() {
        const auto response = next([](const v1::ConnectResponse& each) {
            return each.desired().tasks_size() > 0 && each.desired().tasks(0).has_run();
        });
        EXPECT_TRUE(response) << "nothing was to be launched";
        return response ? response->desired().tasks(0).key() : v1::TaskKey();
    }
    std::optional<v1::LogRead> next_log_read() {
        const auto response =
            next([](const v1::ConnectResponse& each) { return each.has_log_read(); });
        return response ? std::optional(response->log_read()) : std::nullopt;
    }
    v1::LogRead log_read() {
        const auto read = next_log_read();
        EXPECT_TRUE(read) << "no log was asked for";
        return read.value_or(v1::LogRead());
    }
    void observe(const v1::TaskKey& key, v1::TaskPhase phase, int exit_code = 0) {
        v1::ConnectRequest request;
        v1::TaskObservation& task = *request.mutable_observed()->add_tasks();
        task = seen(key, phase);
        task.set_exit_code(exit_code);
        stream_->Write(request);
    }
    void send_log(const v1::LogRead& read, const std::string& data, bool end) {
        v1::ConnectRequest request;
        request.mutable_log_chunk()->set_read_id(read.read_id());
        request.mutable_log_chunk()->set_offset(read.offset());
        request.mutable_log_chunk()->set_data(data);
        request.mutable_log_chunk()->set_end(end);
        stream_->Write(request);
    }

private:
    // The first message not taken yet for which `wanted` holds; none if the stream ends before it.
    // A read of a log may overtake the order that starts its task, so the others are kept.
    template <typename Wanted>
    std::optional<v1::ConnectResponse> next(const Wanted& wanted) {
        const auto kept = std::ranges::find_if(kept_, wanted);
        if (kept != kept_.end()) {
            v1::ConnectResponse response = std::move(*kept);
            kept_.erase(kept);
            return response;
        }
        v1::ConnectResponse response;
        while (stream_->Read(&response)) {
            if (wanted(response)) {
                return response;
            }
            kept_.push_back(response);
        }
        return std::nullopt;
    }
    static rpc::Endpoint with_own_connection(rpc::Endpoint endpoint, RpcPlatform& platform) {
        endpoint.connection = platform.endpoint().connection;
        return endpoint;
    }

    std::unique_ptr<v1::AgentService::Stub> stub_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::ConnectRequest, v1::ConnectResponse>> stream_;
    std::deque<v1::ConnectResponse> kept_;
};

// A stream of the caller's, read by the test.
template <typename Response>
struct Reading {
    std::unique_ptr<grpc::ClientContext> context = std::make_unique<grpc::ClientContext>();
    std::unique_ptr<grpc::ClientReader<Response>> reader;

    std::optional<Response> next() {
        Response response;
        return reader->Read(&response) ? std::optional(response) : std::nullopt;
    }
    grpc::Status finish() { return reader->Finish(); }
};

Reading<v1::WatchJobsResponse> watch(Caller& caller, const std::vector<std::string>& ids) {
    Reading<v1::WatchJobsResponse> reading;
    reading.context->set_deadline(std::chrono::system_clock::now() + kPatienceOfTests);
    v1::WatchJobsRequest request;
    request.mutable_job_ids()->Add(ids.begin(), ids.end());
    reading.reader = caller.jobs->WatchJobs(reading.context.get(), request);
    return reading;
}

Reading<v1::ReadLogsResponse> read_logs(Caller& caller, const std::string& id, bool follow) {
    Reading<v1::ReadLogsResponse> reading;
    reading.context->set_deadline(std::chrono::system_clock::now() + kPatienceOfTests);
    v1::ReadLogsRequest request;
    request.set_job_id(id);
    request.set_follow(follow);
    reading.reader = caller.jobs->ReadLogs(reading.context.get(), request);
    return reading;
}

TEST(Watch, GivesWhatIsAndWhatBecomesAndEndsWithTheLast) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const std::string first = ada.submit(simple_spec("physics"))->job().id();
    const std::string second = ada.submit(simple_spec("physics"))->job().id();
    ASSERT_TRUE(ada.cancel(second).ok());
    auto reading = watch(ada, {first, second});
    std::map<std::string, v1::JobState> states;
    for (int i = 0; i < 2; ++i) {
        const auto response = reading.next();
        ASSERT_TRUE(response);
        EXPECT_NE(response->resume_token(), "");
        states[response->job().id()] = response->job().state();
    }
    EXPECT_EQ(states[first], v1::JOB_STATE_PENDING);
    EXPECT_EQ(states[second], v1::JOB_STATE_CANCELLED);
    ASSERT_TRUE(ada.hold(first).ok());
    EXPECT_EQ(reading.next()->job().wait_reason(), v1::WAIT_REASON_HELD_BY_USER);
    ASSERT_TRUE(ada.cancel(first).ok());
    EXPECT_EQ(reading.next()->job().state(), v1::JOB_STATE_CANCELLED);
    EXPECT_FALSE(reading.next());
    EXPECT_TRUE(reading.finish().ok());
}

TEST(Watch, OfJobsLongGoneOrNotOnesOwnEndsAtOnce) {
    RpcPlatform platform;  // keeps 2 ended jobs in memory
    Caller ada = platform.as("ada");
    std::vector<std::string> gone;
    for (int i = 0; i < 4; ++i) {
        gone.push_back(ada.submit(simple_spec("physics"))->job().id());
        ASSERT_TRUE(ada.cancel(gone.back()).ok());
    }
    auto reading = watch(ada, {gone.front()});
    EXPECT_EQ(reading.next()->job().state(), v1::JOB_STATE_CANCELLED);
    EXPECT_FALSE(reading.next());
    EXPECT_TRUE(reading.finish().ok());
    Caller bob = platform.as("bob");
    for (const std::string& id : {gone.front(), gone.back(), std::string("999")}) {
        auto refused = watch(bob, {id});
        EXPECT_FALSE(refused.next());
        const grpc::Status status = refused.finish();
        EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
        EXPECT_EQ(status.error_message(), "no job " + id);
    }
}

// More of them end in one step than the state remembers.
TEST(Watch, OfAnArrayEndsThoughItIsForgottenAtOnce) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    v1::JobSpec spec = simple_spec("physics");
    spec.mutable_array()->set_indices("0-9");
    const std::string id = ada.submit(spec)->job().id();
    auto reading = watch(ada, {id, id + "_0"});
    ASSERT_TRUE(reading.next() && reading.next());
    ASSERT_TRUE(ada.cancel(id).ok());
    std::map<std::string, v1::JobState> last;
    while (const auto response = reading.next()) {
        last[response->job().id()] = response->job().state();
    }
    EXPECT_TRUE(reading.finish().ok());
    EXPECT_EQ(last[id], v1::JOB_STATE_CANCELLED);
    EXPECT_EQ(last[id + "_0"], v1::JOB_STATE_CANCELLED);
}

TEST(Watch, IsToldThatTheSchedulerStops) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    auto reading = watch(ada, {ada.submit(simple_spec("physics"))->job().id()});
    ASSERT_TRUE(reading.next());
    const auto began = std::chrono::steady_clock::now();
    platform.server().stop();
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
    EXPECT_FALSE(reading.next());
    EXPECT_EQ(reading.finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(Logs, AreFollowedFromAttemptToAttempt) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    v1::JobSpec spec = simple_spec("physics", 1);
    spec.mutable_retry()->set_retries(1);
    spec.mutable_retry()->mutable_backoff()->set_nanos(1'000'000);
    const std::string id = ada.submit(spec)->job().id();
    auto reading = read_logs(ada, id, /*follow=*/true);  // while it waits

    Node node(platform, "n1");
    for (const int attempt : {1, 2}) {
        const v1::TaskKey key = node.launched();
        node.observe(key, v1::TASK_PHASE_RUNNING);
        const v1::LogRead read = node.log_read();
        EXPECT_EQ(read.attempt(), attempt);
        EXPECT_EQ(read.offset(), 0);
        EXPECT_TRUE(read.follow());
        node.send_log(read, "attempt " + std::to_string(attempt), /*end=*/true);
        node.observe(key, v1::TASK_PHASE_EXITED, attempt == 1 ? 3 : 0);
        const auto chunk = reading.next();
        ASSERT_TRUE(chunk);
        EXPECT_EQ(chunk->attempt(), attempt);
        EXPECT_EQ(chunk->data(), "attempt " + std::to_string(attempt));
    }
    EXPECT_FALSE(reading.next());
    const grpc::Status end = reading.finish();
    EXPECT_TRUE(end.ok()) << end.error_message();
    EXPECT_EQ(ada.get(id)->job().state(), v1::JOB_STATE_SUCCEEDED);
}

TEST(Logs, ASlowReaderLosesNothing) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const std::string id = ada.submit(simple_spec("physics", 1))->job().id();
    Node node(platform, "n1");
    const v1::TaskKey key = node.launched();
    node.observe(key, v1::TASK_PHASE_RUNNING);
    auto reading = read_logs(ada, id, /*follow=*/false);
    constexpr int kChunk = 64 << 10;
    constexpr std::int64_t kAll = std::int64_t{8} << 20;  // eight windows
    // Sends what it is asked for, from wherever it is asked for it, as long as it is asked.
    std::thread agent([&] {
        while (auto read = node.next_log_read()) {
            for (std::int64_t at = read->offset(); at < kAll; at += kChunk) {
                read->set_offset(at);
                const std::string data(kChunk, static_cast<char>('a' + at / kChunk % 26));
                node.send_log(*read, data, /*end=*/at + kChunk >= kAll);
            }
        }
    });
    std::int64_t received = 0;
    while (const auto chunk = reading.next()) {
        ASSERT_EQ(chunk->offset(), received);
        for (std::size_t i = 0; i < chunk->data().size(); i += 4096) {
            const std::int64_t at = received + static_cast<std::int64_t>(i);
            ASSERT_EQ(chunk->data()[i], static_cast<char>('a' + at / kChunk % 26));
        }
        received += static_cast<std::int64_t>(chunk->data().size());
    }
    const grpc::Status end = reading.finish();
    EXPECT_TRUE(end.ok()) << end.error_message();
    EXPECT_EQ(received, kAll);
    node.vanish();
    agent.join();
}

TEST(Logs, AreRefusedWithTheReason) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const std::string id = ada.submit(simple_spec("physics", 1))->job().id();
    const auto end_of = [](Reading<v1::ReadLogsResponse> reading) {
        EXPECT_FALSE(reading.next());
        return reading.finish();
    };
    const grpc::Status waits = end_of(read_logs(ada, id, false));
    EXPECT_EQ(waits.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(waits.error_message(), HasSubstr("gusu logs --follow " + id));
    Caller bob = platform.as("bob");
    EXPECT_EQ(end_of(read_logs(bob, id, true)).error_code(), grpc::StatusCode::NOT_FOUND);
    ASSERT_TRUE(ada.cancel(id).ok());
    EXPECT_EQ(end_of(read_logs(ada, id, false)).error_code(), grpc::StatusCode::NOT_FOUND);
    EXPECT_TRUE(end_of(read_logs(ada, id, true)).ok());
}

TEST(Usage, CountsWhatRunsAndWhatHasRun) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const auto usage = [&ada] {
        return ada.ask(*ada.tenants, &v1::TenantService::Stub::GetUsage, v1::GetUsageRequest());
    };
    EXPECT_EQ(usage()->rows_size(), 0);
    const std::string id = ada.submit(simple_spec("physics", 2))->job().id();
    Node node(platform, "n1");
    const v1::TaskKey key = node.launched();
    node.observe(key, v1::TASK_PHASE_RUNNING);
    auto reading = watch(ada, {id});
    while (reading.next()->job().state() != v1::JOB_STATE_RUNNING) {
    }
    node.observe(key, v1::TASK_PHASE_EXITED);
    while (reading.next()) {
    }
    const auto after = usage();
    ASSERT_TRUE(after.ok()) << after.why();
    ASSERT_EQ(after->rows_size(), 1);
    EXPECT_EQ(after->rows(0).tenant(), "physics");
    EXPECT_EQ(after->rows(0).accelerator(), "test-gpu");
    EXPECT_EQ(after->rows(0).jobs(), 1);
    EXPECT_TRUE(after->rows(0).simulated());
    EXPECT_NEAR(after->rows(0).gpu_hours(), ada.get(id)->job().gpu_hours(), 1e-9);
    Caller bob = platform.as("bob");
    EXPECT_EQ(bob.ask(*bob.tenants, &v1::TenantService::Stub::GetUsage, v1::GetUsageRequest())
                  ->rows_size(),
              0);
    v1::GetUsageRequest other;
    other.set_tenant("physics");
    EXPECT_EQ(bob.ask(*bob.tenants, &v1::TenantService::Stub::GetUsage, other).code(),
              grpc::StatusCode::NOT_FOUND);
}

}  // namespace
}  // namespace gusu::service
