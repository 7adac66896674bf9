// Programs beside those of tasks: who asks, which agent calls back, and what passes between them.
#include <gmock/gmock.h>

#include "scheduler/service/agents/exec_session.h"
#include "tests/unit/service/fake_agent.h"

namespace gusu::service {
namespace {

v1::ExecInput input(const std::string& data) {
    v1::ExecInput input;
    input.set_data(data);
    return input;
}

v1::ExecOutput output(const std::string& data) {
    v1::ExecOutput output;
    output.set_data(data);
    return output;
}

// An end that writes down what is asked of it, and does nothing by itself.
template <typename Endpoint, typename Message>
struct Recorded : Endpoint {
    void read_next() override { said.emplace_back("read"); }
    void write(Message message) override { said.push_back("write " + message.data()); }
    void finish(const Status& status) override {
        said.push_back(status ? "finish" : "finish: " + status.error().message);
    }
    std::vector<std::string> take() { return std::exchange(said, {}); }
    std::vector<std::string> said;
};
struct RecordedCaller final : Recorded<ExecCaller, v1::ExecOutput> {
    void join(std::shared_ptr<ExecSession>) override { said.emplace_back("join"); }
};
using RecordedAgent = Recorded<ExecAgent, v1::ExecInput>;

struct Talk {
    Talk() { session->begin(); }
    std::shared_ptr<RecordedCaller> caller = std::make_shared<RecordedCaller>();
    std::shared_ptr<RecordedAgent> agent = std::make_shared<RecordedAgent>();
    std::vector<ExecResult> results;
    std::shared_ptr<ExecSession> session = std::make_shared<ExecSession>(
        caller, [this](ExecResult result, const Status&) { results.push_back(result); });
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ExecSession, OneMessageAtATimeEachWay) {
    Talk talk;
    EXPECT_THAT(talk.caller->take(), ElementsAre("join", "read"));
    talk.session->take_input(input("early"));
    EXPECT_TRUE(talk.session->attach(talk.agent));
    EXPECT_THAT(talk.agent->take(), ElementsAre("write early", "read"));
    EXPECT_THAT(talk.caller->take(), IsEmpty());  // read only when the agent has taken it
    talk.session->input_written();
    EXPECT_THAT(talk.caller->take(), ElementsAre("read"));
    talk.session->take_output(output("said"));
    EXPECT_THAT(talk.caller->take(), ElementsAre("write said"));
    EXPECT_THAT(talk.agent->take(), IsEmpty());  // and so the other way
    talk.session->output_written();
    EXPECT_THAT(talk.agent->take(), ElementsAre("read"));
}

TEST(ExecSession, EndsWhenItsEndHasGoneOut) {
    Talk talk;
    EXPECT_TRUE(talk.session->attach(talk.agent));
    v1::ExecOutput end;
    end.mutable_end()->set_exit_code(3);
    talk.session->take_output(end);
    talk.session->agent_gone();  // its last word is under way
    EXPECT_THAT(talk.results, IsEmpty());
    talk.session->output_written();
    EXPECT_THAT(talk.results, ElementsAre(ExecResult::Exited));
    EXPECT_EQ(talk.caller->said.back(), "finish");
    EXPECT_EQ(talk.agent->said.back(), "finish");
}

TEST(ExecSession, WhoeverGoesTheOtherHearsOfIt) {
    Talk hung_up;
    EXPECT_TRUE(hung_up.session->attach(hung_up.agent));
    hung_up.session->caller_gone();
    hung_up.session->caller_gone();
    EXPECT_THAT(hung_up.results, ElementsAre(ExecResult::HungUp));
    EXPECT_EQ(hung_up.agent->said.back(), "finish");

    Talk lost;
    EXPECT_TRUE(lost.session->attach(lost.agent));
    lost.session->agent_gone();
    EXPECT_THAT(lost.results, ElementsAre(ExecResult::Lost));
    EXPECT_THAT(lost.caller->said.back(), testing::HasSubstr("agent of the node is gone"));
    EXPECT_FALSE(lost.session->attach(lost.agent));
}

TEST(ExecSession, LargeMessagesAreRefused) {
    Talk talk;
    talk.session->take_input(input(std::string(kMostExecData + 1, 'x')));
    EXPECT_THAT(talk.caller->said.back(), testing::HasSubstr("send at most 65536"));
}

// A platform whose one task is placed, and then runs, on a fake agent.
struct StartingTask {
    StartingTask() {
        platform.submit(AgentsPlatform::one_task());
        auto desired = agent.next_desired();
        while (desired && desired->tasks().empty()) {
            desired = agent.next_desired();
        }
        key = desired->tasks(0).key();
    }

    AgentsPlatform platform;
    FakeAgent agent{platform, "n1"};
    v1::TaskKey key;
};

struct RunningTask : StartingTask {
    RunningTask() {
        agent.observe(seen(key, v1::TASK_PHASE_RUNNING));
        EXPECT_TRUE(platform.eventually([&](const core::State& state) {
            const core::Job* job = state.job_of(IncarnationId{key.incarnation()});
            return job != nullptr && std::holds_alternative<core::TaskRunning>(
                                         std::get<core::Placed>(job->state).tasks[0].state);
        }));
    }
};

std::optional<v1::ExecOpen> next_exec(FakeAgent& agent) {
    while (auto response = agent.next()) {
        if (response->has_exec_open()) {
            return response->exec_open();
        }
    }
    return std::nullopt;
}

// A node that asks for a program in a task of the same job, or answers for one.
class Peer {
public:
    Peer(AgentsPlatform& platform, const std::string& node)
        : stub_(v1::AgentService::NewStub(
              rpc::open_channel(platform.endpoint(node_pair(platform.authority(), node))))) {}
    ~Peer() { context_.TryCancel(); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    auto step(const v1::TaskKey& from) {
        auto stream = stub_->Step(&context_);
        v1::StepRequest request;
        *request.mutable_start()->mutable_from() = from;
        request.mutable_start()->mutable_program()->add_command("true");
        stream->Write(request);
        return stream;
    }
    auto answer(const std::string& exec_id) {
        auto stream = stub_->Exec(&context_);
        v1::ExecRequest request;
        request.set_exec_id(exec_id);
        stream->Write(request);
        return stream;
    }

private:
    std::unique_ptr<v1::AgentService::Stub> stub_;
    grpc::ClientContext context_;
};

TEST(ExecRelay, CouplesWhoAsksWithTheAgentThatCallsBack) {
    RunningTask task;
    Peer asking(task.platform, "n1");
    const auto caller = asking.step(task.key);
    const auto open = next_exec(task.agent);
    ASSERT_TRUE(open.has_value());
    EXPECT_EQ(open->key().incarnation(), task.key.incarnation());
    EXPECT_EQ(open->program().command(0), "true");
    Peer answering(task.platform, "n1");
    const auto agent = answering.answer(open->exec_id());

    v1::StepRequest said;
    *said.mutable_input() = input("to it");
    caller->Write(said);
    v1::ExecResponse heard;
    ASSERT_TRUE(agent->Read(&heard));
    EXPECT_EQ(heard.input().data(), "to it");

    v1::ExecRequest answer;
    *answer.mutable_output() = output("from it");
    agent->Write(answer);
    answer.mutable_output()->mutable_end()->set_exit_code(5);
    agent->Write(answer);
    v1::StepResponse response;
    ASSERT_TRUE(caller->Read(&response));
    EXPECT_EQ(response.output().data(), "from it");
    ASSERT_TRUE(caller->Read(&response));
    EXPECT_EQ(response.output().end().exit_code(), 5);
    EXPECT_FALSE(caller->Read(&response));
    EXPECT_TRUE(caller->Finish().ok());
    EXPECT_FALSE(agent->Read(&heard));
    EXPECT_TRUE(agent->Finish().ok());
}

TEST(ExecRelay, OneTaskLeavesRoomForOthers) {
    RunningTask task;
    std::vector<std::unique_ptr<Peer>> asking;
    using Stream = decltype(asking.front()->step(task.key));
    std::vector<Stream> callers;
    for (std::size_t i = 0; i < kMostExecSessionsOfTask; ++i) {
        asking.push_back(std::make_unique<Peer>(task.platform, "n1"));
        callers.push_back(asking.back()->step(task.key));
        ASSERT_TRUE(next_exec(task.agent).has_value());
    }
    Peer one_more(task.platform, "n1");
    const auto caller = one_more.step(task.key);
    v1::StepResponse nothing;
    EXPECT_FALSE(caller->Read(&nothing));
    EXPECT_EQ(caller->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(ExecRelay, ATaskThatIsToBeginIsWorthAnotherTry) {
    StartingTask task;
    Peer asking(task.platform, "n1");
    const auto caller = asking.step(task.key);
    v1::StepResponse nothing;
    EXPECT_FALSE(caller->Read(&nothing));
    EXPECT_EQ(caller->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(ExecRelay, AnotherNodeCannotAnswer) {
    RunningTask task;
    Peer asking(task.platform, "n1");
    const auto caller = asking.step(task.key);
    const auto open = next_exec(task.agent);
    ASSERT_TRUE(open.has_value());
    Peer other(task.platform, "n2");
    const auto stranger = other.answer(open->exec_id());
    v1::ExecResponse nothing;
    EXPECT_FALSE(stranger->Read(&nothing));
    EXPECT_EQ(stranger->Finish().error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST(ExecRelay, ANodeAsksOnlyForTasksThatItHolds) {
    RunningTask task;
    Peer other(task.platform, "n2");
    const auto stranger = other.step(task.key);
    v1::StepResponse nothing;
    EXPECT_FALSE(stranger->Read(&nothing));
    EXPECT_EQ(stranger->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST(ExecRelay, AnAgentThatGoesIsToldOf) {
    RunningTask task;
    Peer asking(task.platform, "n1");
    const auto caller = asking.step(task.key);
    ASSERT_TRUE(next_exec(task.agent).has_value());
    task.agent.vanish();
    v1::StepResponse nothing;
    EXPECT_FALSE(caller->Read(&nothing));
    const grpc::Status status = caller->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_THAT(status.error_message(), testing::HasSubstr("node n1 is out of touch"));
}

TEST(ExecRelay, WhyItDoesNotRunIsPassedOn) {
    RunningTask task;
    Peer asking(task.platform, "n1");
    const auto caller = asking.step(task.key);
    const auto open = next_exec(task.agent);
    ASSERT_TRUE(open.has_value());
    Peer answering(task.platform, "n1");
    const auto agent = answering.answer(open->exec_id());
    v1::ExecRequest why;
    why.set_failure("there is no such program");
    agent->Write(why);
    v1::StepResponse nothing;
    EXPECT_FALSE(caller->Read(&nothing));
    EXPECT_EQ(caller->Finish().error_message(), "there is no such program");
}

}  // namespace
}  // namespace gusu::service
