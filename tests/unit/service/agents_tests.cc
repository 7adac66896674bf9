// Agents over real TLS against a real engine and journal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/service/agents_platform.h"
#include "tests/unit/service/fake_agent.h"

namespace gusu::service {
namespace {

using testing::HasSubstr;

// The first Desired of a stream, after its Welcome.
v1::Desired joined(FakeAgent& agent) {
    const auto welcome = agent.next();
    EXPECT_TRUE(welcome && welcome->has_welcome());
    const auto desired = agent.next_desired();
    EXPECT_TRUE(desired && desired->full());
    EXPECT_EQ(desired->sequence(), 1U);
    return desired.value_or(v1::Desired());
}

// The key of the single task the agent is told to run.
v1::TaskKey launched(FakeAgent& agent) {
    const auto desired = agent.next_desired();
    EXPECT_TRUE(desired && desired->tasks_size() == 1 && desired->tasks(0).has_run());
    return desired && desired->tasks_size() > 0 ? desired->tasks(0).key() : v1::TaskKey();
}

bool is_running(const core::State& state, JobId id) {
    const auto* placed = std::get_if<core::Placed>(&state.job(id)->state);
    return placed != nullptr && placed->running_since;
}

template <typename Contact>
bool contact_is(const core::State& state, const std::string& node) {
    const core::Node* found = state.node(node);
    return found != nullptr && std::holds_alternative<Contact>(found->contact);
}

grpc::Status enrol(AgentsPlatform& platform, const v1::EnrolRequest& request,
                   v1::EnrolResponse* response) {
    const auto stub = v1::AgentService::NewStub(rpc::open_channel(platform.endpoint()));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kSoon);
    return stub->Enrol(&context, request, response);
}

TEST(Enrolment, GivesACertificateForAToken) {
    AgentsPlatform platform;
    const NodeRequest node = make_node_request("n1");
    v1::EnrolRequest request;
    request.set_node("n1");
    request.set_token(platform.node_token("n1"));
    request.set_certificate_request(node.request);
    v1::EnrolResponse response;
    const grpc::Status answered = enrol(platform, request, &response);
    ASSERT_TRUE(answered.ok()) << answered.error_message();
    EXPECT_EQ(response.authority(), platform.authority().certificate);

    FakeAgent agent(platform, KeyPair{.certificate = response.certificate(), .key = node.key});
    agent.say(hello_of("n1"));
    joined(agent);
}

TEST(Enrolment, WhoseAnswerWasLostIsAnsweredAgainAndNobodyElse) {
    AgentsPlatform platform;
    const NodeRequest node = make_node_request("n1");
    v1::EnrolRequest request;
    request.set_node("n1");
    request.set_token(platform.node_token("n1"));
    request.set_certificate_request(node.request);
    v1::EnrolResponse lost;
    ASSERT_TRUE(enrol(platform, request, &lost).ok());
    const auto used = [](const core::State& state) {
        const auto& tokens = state.directory().tokens;
        return std::ranges::find(tokens, "n1", [](const auto& each) { return each.second.node; })
            ->second.used_by;
    };
    const std::string key = platform.now(used);
    EXPECT_EQ(key.size(), 64U);

    v1::EnrolResponse response;
    const grpc::Status again = enrol(platform, request, &response);
    ASSERT_TRUE(again.ok()) << again.error_message();
    FakeAgent agent(platform, KeyPair{.certificate = response.certificate(), .key = node.key});
    agent.say(hello_of("n1"));
    joined(agent);

    request.set_certificate_request(make_node_request("n1").request);
    const grpc::Status other = enrol(platform, request, &response);
    EXPECT_EQ(other.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(other.error_message(), HasSubstr("with another key"));
    EXPECT_THAT(other.error_message(), HasSubstr("gusu token create --node n1"));
    EXPECT_EQ(platform.now(used), key);
}

TEST(Enrolment, RefusesTheTokenOfAnotherNodeAndAnUnknownOne) {
    AgentsPlatform platform;
    v1::EnrolRequest request;
    request.set_node("n2");
    request.set_certificate_request(make_node_request("n2").request);
    v1::EnrolResponse response;
    for (const std::string& token : {platform.node_token("n1"), new_secret(), std::string()}) {
        request.set_token(token);
        const grpc::Status refused = enrol(platform, request, &response);
        EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
        EXPECT_THAT(refused.error_message(), HasSubstr("\"n2\""));
    }
}

TEST(Enrolment, ARequestThatCannotBeSignedUsesNoToken) {
    AgentsPlatform platform;
    v1::EnrolRequest request;
    request.set_node("n1");
    request.set_token(platform.node_token("n1"));
    request.set_certificate_request(make_node_request("n2").request);
    v1::EnrolResponse response;
    EXPECT_EQ(enrol(platform, request, &response).error_code(),
              grpc::StatusCode::PERMISSION_DENIED);
    request.set_certificate_request(make_node_request("n1").request);
    EXPECT_TRUE(enrol(platform, request, &response).ok());
}

TEST(Connect, TheMoreNodesTheWiderTheirReturnIsSpread) {
    const std::pair<std::size_t, Duration> cases[] = {
        {0, Duration(200)},      {8, Duration(200)},       {100, Duration(200)},
        {1'000, Duration(2000)}, {10'000, Duration(5000)},
    };
    for (const auto& [nodes, within] : cases) {
        EXPECT_EQ(LinkOptions{}.reconnect_within(nodes), within) << nodes << " nodes";
    }
    EXPECT_EQ(LinkOptions{.lease = Duration(6'000)}.reconnect_within(10'000), Duration(1'000))
        << "never so long that the lease would be over";
}

TEST(Connect, RefusesWhoeverIsNotTheNode) {
    AgentsPlatform platform;
    FakeAgent other(platform, node_pair(platform.authority(), "n1"));
    other.say(hello_of("n2"));
    EXPECT_EQ(other.end()->error_code(), grpc::StatusCode::PERMISSION_DENIED);

    FakeAgent nobody(platform, KeyPair{});
    nobody.say(hello_of("n1"));
    EXPECT_EQ(nobody.end()->error_code(), grpc::StatusCode::UNAUTHENTICATED);

    FakeAgent ahead(platform, node_pair(platform.authority(), "n1"));
    v1::Hello hello = hello_of("n1");
    hello.set_highest_epoch(platform.engine().epoch() + 1);
    ahead.say(hello);
    EXPECT_EQ(ahead.end()->error_code(), grpc::StatusCode::FAILED_PRECONDITION);

    FakeAgent rude(platform, node_pair(platform.authority(), "n1"));
    rude.heartbeat();
    rude.observe({});
    EXPECT_EQ(rude.end()->error_code(), grpc::StatusCode::INVALID_ARGUMENT);

    FakeAgent absurd(platform, node_pair(platform.authority(), "n1"));
    hello = hello_of("n1");
    hello.mutable_inventory()->set_memory(-1);
    absurd.say(hello);
    EXPECT_EQ(absurd.end()->error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_TRUE(platform.now([](const core::State& state) { return state.nodes().empty(); }));
}

TEST(Connect, EndsAStreamWithoutHello) {
    AgentsPlatform platform({.hello_within = Duration(50)});
    FakeAgent mute(platform, node_pair(platform.authority(), "n1"));
    EXPECT_EQ(mute.end()->error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(Connect, TellsTheLeaseAndAnswersHeartbeats) {
    AgentsPlatform platform({.lease = Duration(12'000)});
    FakeAgent agent(platform, node_pair(platform.authority(), "n1"));
    agent.say(hello_of("n1"));
    const auto welcome = agent.next();
    ASSERT_TRUE(welcome && welcome->has_welcome());
    EXPECT_EQ(welcome->welcome().epoch(), platform.engine().epoch());
    EXPECT_EQ(welcome->welcome().lease().seconds(), 12);
    EXPECT_EQ(welcome->welcome().heartbeat_every().seconds(), 2);
    ASSERT_TRUE(agent.next_desired());
    EXPECT_TRUE(welcome->welcome().tells_heard());
    agent.heartbeat(/*sent_ms=*/4711);
    const auto answer = agent.next();
    ASSERT_TRUE(answer && answer->has_desired());
    EXPECT_EQ(answer->desired().heard_ms(), 4711);
    EXPECT_EQ(answer->desired().sequence(), 2U);
    EXPECT_FALSE(answer->desired().full());
}

TEST(Connect, WhatAStartingTaskWaitsForIsToldUntilItRuns) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    platform.submit(AgentsPlatform::one_task());
    const v1::TaskKey key = launched(agent);
    const IncarnationId incarnation{key.incarnation()};
    const auto told = [&] { return platform.service().starting().of(incarnation); };
    EXPECT_EQ(told(), "");
    v1::TaskObservation starting = seen(key, v1::TASK_PHASE_STARTING);
    starting.set_waits_for("pulling image x");
    agent.observe(starting);
    EXPECT_TRUE(
        platform.eventually([&](const auto&) { return told() == "node n1: pulling image x"; }));
    agent.observe(seen(key, v1::TASK_PHASE_RUNNING));
    EXPECT_TRUE(platform.eventually([&](const auto&) { return told().empty(); }));
}

bool has_health(const core::State& state, std::size_t device, core::Health health) {
    return state.node("n1")->description.devices[device].health == health;
}

TEST(Connect, WhatANodeOffersMayChangeWhileJobsRun) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    const JobId job = platform.submit(AgentsPlatform::one_task());
    const v1::TaskKey key = launched(agent);
    agent.observe(seen(key, v1::TASK_PHASE_RUNNING));
    ASSERT_TRUE(platform.eventually([&](const auto& state) { return is_running(state, job); }));

    v1::NodeInventory inventory = hello_of("n1").inventory();
    for (v1::Device& device : *inventory.mutable_devices()) {
        device.set_healthy(false);
        device.set_quarantined(true);
        device.set_health_detail("XID 48");
    }
    agent.describe(inventory);
    ASSERT_TRUE(platform.eventually(
        [](const auto& state) { return has_health(state, 3, core::Health::Quarantined); }));
    EXPECT_TRUE(platform.now([&](const auto& state) { return is_running(state, job); }));
    EXPECT_TRUE(
        platform.now([](const auto& state) { return contact_is<core::InContact>(state, "n1"); }));

    // Nothing new is placed there before it is well again.
    const JobId waiting = platform.submit(AgentsPlatform::one_task());
    agent.describe(hello_of("n1").inventory());
    ASSERT_TRUE(platform.eventually(
        [](const auto& state) { return has_health(state, 3, core::Health::Healthy); }));
    EXPECT_NE(launched(agent).incarnation(), key.incarnation());
    EXPECT_TRUE(
        platform.now([&](const core::State& state) { return !state.job(waiting)->is_finished(); }));

    inventory.set_memory(-1);
    agent.describe(inventory);
    EXPECT_EQ(agent.end()->error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

v1::Hello hello_to_confirm(const std::string& boot) {
    v1::Hello hello = hello_of("n1");
    hello.set_boot_id(boot);
    hello.set_confirms(true);
    return hello;
}

bool is_asked(FakeAgent& agent) {
    const auto asked = agent.next();
    return asked && asked->has_confirm_hello();
}

TEST(Connect, AHelloOfAnEarlierBootThatComesLateIsNotHeeded) {
    AgentsPlatform platform;
    const KeyPair pair = node_pair(platform.authority(), "n1");
    FakeAgent now(platform, pair);
    now.say(hello_to_confirm("boot-2"));
    ASSERT_TRUE(is_asked(now));
    EXPECT_TRUE(platform.now([](const core::State& state) { return state.nodes().empty(); }));
    now.confirm_hello();
    joined(now);

    // Its machine has gone, and nobody answers.
    FakeAgent late(platform, pair);
    late.say(hello_to_confirm("boot-1"));
    ASSERT_TRUE(is_asked(late));
    const JobId job = platform.submit(AgentsPlatform::one_task());
    now.observe(seen(launched(now), v1::TASK_PHASE_RUNNING));
    EXPECT_TRUE(platform.eventually([&](const auto& state) { return is_running(state, job); }));
}

TEST(Connect, OnlyTheLastHelloOfANodeIsConfirmed) {
    AgentsPlatform platform;
    const KeyPair pair = node_pair(platform.authority(), "n1");
    FakeAgent before(platform, pair);
    before.say(hello_to_confirm("boot-1"));
    ASSERT_TRUE(is_asked(before));
    FakeAgent now(platform, pair);
    now.say(hello_to_confirm("boot-2"));
    ASSERT_TRUE(is_asked(now));
    before.confirm_hello();
    EXPECT_EQ(before.end()->error_code(), grpc::StatusCode::ABORTED);
    now.confirm_hello();
    now.confirm_hello();  // one that comes twice changes nothing
    joined(now);
    EXPECT_TRUE(platform.now(
        [](const core::State& state) { return state.node("n1")->boot_id == "boot-2"; }));
}

TEST(Connect, ACheckOfDevicesReachesTheAgent) {
    AgentsPlatform platform;
    v1::CheckDevices order;
    order.set_check("17");
    order.add_devices(3);
    EXPECT_EQ(platform.service().check_devices("n1", order).error().code, ErrorCode::Unavailable);
    FakeAgent agent(platform, "n1");
    joined(agent);
    ASSERT_TRUE(platform.service().check_devices("n1", order).ok());
    const auto told = agent.next();
    ASSERT_TRUE(told && told->has_check_devices());
    EXPECT_EQ(told->check_devices().check(), "17");
    EXPECT_EQ(told->check_devices().devices(0), 3);
}

TEST(Orders, FollowAJobFromLaunchToRemoval) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    EXPECT_EQ(joined(agent).tasks_size(), 0);

    const JobId job = platform.submit(AgentsPlatform::one_task("train"));
    const auto desired = agent.next_desired();
    ASSERT_TRUE(desired && desired->tasks_size() == 1);
    EXPECT_EQ(desired->epoch(), platform.engine().epoch());
    EXPECT_EQ(desired->sequence(), 2U);
    const v1::Launch& launch = desired->tasks(0).run();
    EXPECT_EQ(launch.job_id(), job.value);
    EXPECT_EQ(launch.command(0), "train");
    EXPECT_EQ(launch.devices_size(), 1);

    const v1::TaskKey key = desired->tasks(0).key();
    agent.observe(seen(key, v1::TASK_PHASE_RUNNING));
    ASSERT_TRUE(platform.eventually([&](const auto& state) { return is_running(state, job); }));
    agent.observe(seen(key, v1::TASK_PHASE_EXITED));
    ASSERT_TRUE(platform.eventually(
        [&](const core::State& state) { return state.job(job)->is_finished(); }));
    const auto removal = agent.next_desired();
    ASSERT_TRUE(removal && removal->removed_size() == 1);
    EXPECT_EQ(removal->removed(0).incarnation(), key.incarnation());
}

TEST(Orders, CancelStopsEveryTaskThatHasNotEnded) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    v1::JobSpec spec = AgentsPlatform::one_task();
    spec.mutable_groups(0)->set_tasks(2);
    spec.mutable_checkpoint()->set_signal("USR1");
    const JobId job = platform.submit(spec);
    const auto run = agent.next_desired();
    ASSERT_TRUE(run && run->tasks_size() == 2);
    agent.observe(seen(run->tasks(0).key(), v1::TASK_PHASE_EXITED));
    ASSERT_TRUE(platform.eventually([&](const core::State& state) {
        return std::holds_alternative<core::TaskEnded>(
            std::get<core::Placed>(state.job(job)->state).tasks[0].state);
    }));

    ASSERT_TRUE(platform.post(core::CancelJobs{kRoot, {{job, {}}}}).ok());
    const auto stop = agent.next_desired();
    ASSERT_TRUE(stop && stop->tasks_size() == 1);
    EXPECT_EQ(stop->tasks(0).key().task(), 1);
    EXPECT_EQ(stop->tasks(0).stop().signal(), "USR1");
    EXPECT_EQ(stop->tasks(0).stop().why(), "CANCELLED");

    agent.observe(seen(stop->tasks(0).key(), v1::TASK_PHASE_EXITED));
    const auto removal = agent.next_desired();
    ASSERT_TRUE(removal);
    EXPECT_EQ(removal->removed_size(), 2);
}

TEST(Orders, WhoseWorkIsSavedHasNoGraceLeft) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    const JobId job = platform.submit(AgentsPlatform::one_task());
    v1::TaskObservation saved = seen(launched(agent), v1::TASK_PHASE_RUNNING);
    agent.observe(saved);
    ASSERT_TRUE(platform.post(core::CancelJobs{kRoot, {{job, {}}}}).ok());
    const auto stop = agent.next_desired();
    ASSERT_TRUE(stop && stop->tasks_size() == 1);
    EXPECT_GT(stop->tasks(0).stop().grace().seconds(), 0);

    // What was saved long before the stop does not end the grace.
    saved.set_checkpoints(1);
    saved.mutable_saved_ago()->set_seconds(3600);
    agent.observe(saved);
    saved.set_checkpoints(2);
    saved.mutable_saved_ago()->set_seconds(0);
    agent.observe(saved);
    // Both may come in one message, as they were decided.
    const auto again = agent.next_desired();
    ASSERT_TRUE(again && again->tasks_size() >= 1);
    const v1::StopOrder& last = again->tasks(again->tasks_size() - 1).stop();
    EXPECT_EQ(last.why(), "CANCELLED");
    EXPECT_EQ(last.grace().seconds(), 0);
}

TEST(Orders, ATaskThatAnElasticJobDoesWithoutIsStoppedAlone) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    core::Policy policy;
    policy.runs_at_least = Duration(0);
    ASSERT_TRUE(platform.post(core::SetPolicy{policy}).ok());
    // Who borrows: "t" has a guarantee of all there is.
    ASSERT_TRUE(platform.post(core::CreateTenant{kRoot, "guest", {}}).ok());
    ASSERT_TRUE(platform.post(core::CreateTenant{kRoot, "owner", {}}).ok());
    const core::SetQuota own{.caller = kRoot,
                             .tenant = "owner",
                             .accelerator = "test-gpu",
                             .guaranteed = Amount(4'000),
                             .limit = {},
                             .lendable = {}};
    ASSERT_TRUE(platform.post(own).ok());

    v1::JobSpec elastic = AgentsPlatform::one_task();
    elastic.set_preemptible(true);
    elastic.mutable_groups(0)->set_tasks(2);
    elastic.mutable_groups(0)->set_min_tasks(1);
    elastic.mutable_groups(0)->mutable_resources()->set_gpus(4);
    const JobId job = platform.submit(elastic, "guest");
    const auto run = agent.next_desired();
    ASSERT_TRUE(run && run->tasks_size() == 2);
    for (const v1::DesiredTask& task : run->tasks()) {
        agent.observe(seen(task.key(), v1::TASK_PHASE_RUNNING));
    }
    ASSERT_TRUE(platform.eventually([&](const auto& state) { return is_running(state, job); }));

    v1::JobSpec first = AgentsPlatform::one_task();
    first.mutable_groups(0)->mutable_resources()->set_gpus(4);
    platform.submit(first, "owner");
    const auto stop = agent.next_desired();
    ASSERT_TRUE(stop && stop->tasks_size() == 1);
    EXPECT_EQ(stop->tasks(0).key().task(), 1);
    EXPECT_EQ(stop->tasks(0).stop().why(), "SHRUNK");
    agent.observe(seen(stop->tasks(0).key(), v1::TASK_PHASE_EXITED));
    const v1::TaskKey owners = launched(agent);
    EXPECT_NE(owners.incarnation(), stop->tasks(0).key().incarnation());
    EXPECT_TRUE(platform.now([&](const core::State& state) { return is_running(state, job); }));
}

TEST(Orders, AnAgentThatComesBackIsToldWhatItHas) {
    AgentsPlatform platform;
    v1::TaskKey running;
    v1::TaskKey ended;
    JobId job;
    JobId pair;
    {
        FakeAgent agent(platform, "n1");
        joined(agent);
        job = platform.submit(AgentsPlatform::one_task());
        running = launched(agent);
        v1::JobSpec two = AgentsPlatform::one_task();
        two.mutable_groups(0)->set_tasks(2);
        pair = platform.submit(two);
        ended = agent.next_desired()->tasks(0).key();
        agent.observe(seen(running, v1::TASK_PHASE_RUNNING));
        agent.observe(seen(ended, v1::TASK_PHASE_EXITED));
        ASSERT_TRUE(platform.eventually([&](const core::State& state) {
            return std::holds_alternative<core::TaskEnded>(
                std::get<core::Placed>(state.job(pair)->state).tasks[0].state);
        }));
    }
    ASSERT_TRUE(platform.eventually(
        [](const auto& state) { return contact_is<core::Unreachable>(state, "n1"); }));

    FakeAgent again(platform, node_pair(platform.authority(), "n1"));
    v1::Hello hello = hello_of("n1");
    *hello.add_tasks() = seen(running, v1::TASK_PHASE_RUNNING);
    *hello.add_tasks() = seen(ended, v1::TASK_PHASE_EXITED);
    again.say(hello);
    const v1::Desired full = joined(again);
    std::map<std::pair<std::uint64_t, int>, bool> is_run;
    for (const v1::DesiredTask& task : full.tasks()) {
        is_run[{task.key().incarnation(), task.key().task()}] = task.has_run();
    }
    const std::map<std::pair<std::uint64_t, int>, bool> expected{
        {{running.incarnation(), 0}, true},  // runs on
        {{ended.incarnation(), 0}, false},   // listed, so that its end is kept, and never run again
        {{ended.incarnation(), 1}, true}};   // still to be started
    EXPECT_EQ(is_run, expected);

    again.observe(seen(running, v1::TASK_PHASE_EXITED));
    const auto removal = again.next_desired();
    ASSERT_TRUE(removal && removal->removed_size() == 1);
    EXPECT_EQ(removal->removed(0).incarnation(), running.incarnation());
}

TEST(Orders, TheFirstHoldsWhatTheAgentKnowsAndLargeOnesAreSplit) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    v1::JobSpec spec = AgentsPlatform::one_task();
    spec.mutable_groups(0)->set_tasks(32);
    spec.mutable_groups(0)->mutable_resources()->set_gpus(0);
    spec.clear_command();
    spec.set_script("#!/bin/sh\n" + std::string((1 << 20) - 100, '#'));
    const JobId job = platform.submit(spec);
    int tasks = 0;
    int messages = 0;
    v1::TaskKey last;
    while (tasks < 32) {
        const auto desired = agent.next_desired();
        ASSERT_TRUE(desired);
        EXPECT_LE(desired->ByteSizeLong(), kMostOrderBytes);
        tasks += desired->tasks_size();
        last = desired->tasks(desired->tasks_size() - 1).key();
        ++messages;
    }
    EXPECT_EQ(messages, 3);

    agent.observe(seen(last, v1::TASK_PHASE_RUNNING));
    ASSERT_TRUE(platform.eventually([&](const core::State& state) {
        return std::holds_alternative<core::TaskRunning>(
            std::get<core::Placed>(state.job(job)->state).tasks.back().state);
    }));
    const Orders full = platform.now([](const core::State& state) {
        NodeOrders orders;
        return orders.full(state, *state.node("n1"));
    });
    ASSERT_EQ(full.size(), 3U);
    EXPECT_TRUE(full[0].desired.full());
    EXPECT_FALSE(full[1].desired.full());
    EXPECT_EQ(full[0].desired.tasks(0).key().task(), last.task());
    EXPECT_EQ(
        full[0].desired.tasks_size() + full[1].desired.tasks_size() + full[2].desired.tasks_size(),
        32);
}

TEST(Contact, ASilentNodeIsUnreachable) {
    AgentsPlatform platform({.lease = Duration(600)});
    FakeAgent agent(platform, "n1");
    joined(agent);
    EXPECT_TRUE(platform.eventually(
        [](const core::State& state) { return contact_is<core::Unreachable>(state, "n1"); }));
    EXPECT_EQ(agent.end()->error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    EXPECT_FALSE(platform.service().silent_for("n1"));
}

TEST(Contact, ALostNodeTakesItsJobsWithItAfterLeaseAndKillTime) {
    AgentsPlatform platform({.lease = Duration(2'400), .kill_time = Duration(100)});
    const JobId job = platform.submit([] {
        v1::JobSpec spec = AgentsPlatform::one_task();
        spec.mutable_groups(0)->mutable_resources()->set_gpus(0);
        spec.set_hold(true);
        return spec;
    }());
    FakeAgent agent(platform, "n1");
    joined(agent);
    ASSERT_TRUE(platform.post(core::ReleaseJobs{kRoot, {{job, {}}}}).ok());
    agent.observe(seen(launched(agent), v1::TASK_PHASE_RUNNING));
    agent.vanish();
    ASSERT_TRUE(platform.eventually([&](const core::State& state) {
        const auto* finished = std::get_if<core::Finished>(&state.job(job)->state);
        return finished != nullptr && finished->ending.reason == core::EndReason::NodeLost;
    }));
}

TEST(Contact, ASecondStreamReplacesTheFirst) {
    AgentsPlatform platform;
    FakeAgent first(platform, "n1");
    joined(first);
    FakeAgent second(platform, "n1");
    joined(second);
    EXPECT_EQ(first.end()->error_code(), grpc::StatusCode::ABORTED);
    platform.submit(AgentsPlatform::one_task());
    launched(second);
    EXPECT_TRUE(platform.now(
        [](const core::State& state) { return contact_is<core::InContact>(state, "n1"); }));
    EXPECT_TRUE(platform.service().silent_for("n1"));
}

TEST(Contact, ShutdownEndsStreamsAndGivesUpNoNode) {
    AgentsPlatform platform;
    FakeAgent agent(platform, "n1");
    joined(agent);
    platform.service().shutdown();
    EXPECT_EQ(agent.end()->error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_TRUE(platform.now(
        [](const core::State& state) { return contact_is<core::InContact>(state, "n1"); }));
    FakeAgent late(platform, "n1");
    EXPECT_EQ(late.end()->error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace gusu::service
