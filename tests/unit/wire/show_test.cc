#include "scheduler/wire/show.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include "tests/unit/wire/small_platform.h"

namespace gusu::wire {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;

JobView at(std::int64_t seconds, Detail detail = Detail::Full) {
    return {.now = from_milliseconds(seconds * 1000), .detail = detail, .waits = {}};
}

std::vector<std::string> lines(const v1::Job& job) {
    std::vector<std::string> lines;
    for (const v1::JobEvent& event : job.events()) {
        lines.push_back(std::to_string(event.time().seconds()) + "s " + event.what());
    }
    return lines;
}

TEST(ShowJob, AWaitingJobSaysWhy) {
    SmallPlatform platform;
    platform.submit(10, 100, gpu_spec(2));
    JobView view = at(20);
    view.waits = {.reason = v1::WAIT_REASON_MODEL_BUSY, .detail = "8 of 8 in use"};
    const v1::Job shown = to_proto(platform.state(), platform.job(100), view);
    EXPECT_EQ(shown.id(), "100");
    EXPECT_EQ(shown.user(), "li");
    EXPECT_EQ(shown.state(), v1::JOB_STATE_PENDING);
    EXPECT_EQ(shown.wait_reason(), v1::WAIT_REASON_MODEL_BUSY);
    EXPECT_EQ(shown.wait_detail(), "8 of 8 in use");
    EXPECT_EQ(shown.attempt(), 1);
    EXPECT_EQ(shown.gpus(), 2);
    EXPECT_EQ(shown.gpu_hours(), 0);
    EXPECT_EQ(shown.submitted_at().seconds(), 10);
    EXPECT_FALSE(shown.has_started_at());
}

TEST(ShowJob, APlacedJobGoesThroughItsStates) {
    SmallPlatform platform;
    const auto state = [&] { return shown_state(platform.state(), platform.job(100)); };
    platform.submit(0, 100, gpu_spec(3));
    platform.place(10, 100, 3);
    EXPECT_EQ(state(), v1::JOB_STATE_STARTING);
    for (const int task : {0, 1, 2}) {
        platform.change(20, 100, task, core::TaskRunning{from_milliseconds(20'000)});
    }
    EXPECT_EQ(state(), v1::JOB_STATE_RUNNING);
    platform.happen(25,
                    core::NodeContactLost{.node = {3}, .lease_ends = from_milliseconds(85'000)});
    EXPECT_EQ(state(), v1::JOB_STATE_UNREACHABLE);
    platform.happen(
        30, core::JobStopRequested{{100}, {.reason = core::EndReason::TimedOut, .detail = {}}});
    EXPECT_EQ(state(), v1::JOB_STATE_STOPPING);

    const v1::Job shown = to_proto(platform.state(), platform.job(100), at(3610, Detail::Events));
    EXPECT_EQ(shown.nodes(), 2);
    EXPECT_EQ(shown.incarnation(), 600U);
    EXPECT_EQ(shown.started_at().seconds(), 20);
    EXPECT_DOUBLE_EQ(shown.gpu_hours(), 3);
    ASSERT_EQ(shown.placements_size(), 3);
    EXPECT_EQ(shown.placements(1).node(), "n1");
    EXPECT_THAT(shown.placements(1).devices(), ElementsAre(11));
    EXPECT_EQ(shown.placements(1).state(), v1::JOB_STATE_RUNNING);
    EXPECT_EQ(shown.placements(2).node(), "n2");
    EXPECT_EQ(shown.placements(2).state(), v1::JOB_STATE_UNREACHABLE);
    EXPECT_TRUE(shown.placements(2).simulated());
    EXPECT_THAT(lines(shown), ElementsAre("0s submitted by li", "10s placed on n1, n2",
                                          "20s all tasks running", "30s asked to stop: TIMED_OUT"));
}

TEST(ShowJob, TellsWhatWasSavedGivenUpAndLost) {
    SmallPlatform platform;
    platform.submit(0, 100, gpu_spec(3));
    platform.place(10, 100, 3);
    platform.happen(20, core::JobCheckpointed{{100}, {600}, from_milliseconds(15'000)});
    platform.happen(30, core::JobShrunk{.shrink = {{100}, {600}, {2}}, .detail = {}});
    const auto shown = [&](std::int64_t seconds) {
        return to_proto(platform.state(), platform.job(100), at(seconds, Detail::Events));
    };
    EXPECT_EQ(shown(30).checkpointed_at().seconds(), 15);
    EXPECT_EQ(shown(30).placements(2).state(), v1::JOB_STATE_STOPPING);
    EXPECT_EQ(shown(30).gpus(), 3);
    platform.change(40, 100, 2, core::TaskEnded{.at = from_milliseconds(40'000), .ending = {}});
    EXPECT_EQ(shown(40).gpus(), 2);
    EXPECT_EQ(shown(40).nodes(), 1);
    EXPECT_DOUBLE_EQ(shown(60).gpu_hours() * 3600, 50 + 50 + 30);
    platform.happen(
        60, core::JobRequeued{.job = {100},
                              .incarnation = {600},
                              .ending = {.reason = core::EndReason::Preempted, .detail = {}},
                              .not_before = {},
                              .usage = {}});
    EXPECT_FALSE(shown(60).has_checkpointed_at());
    EXPECT_THAT(lines(shown(60)),
                ElementsAre("0s submitted by li", "10s placed on n1, n2", "15s its work is saved",
                            "30s 1 task told to stop for another job, goes on with 2",
                            "60s attempt ended: PREEMPTED; lost 115 GPU-seconds since its work "
                            "was saved",
                            "60s waiting again, attempt 2"));
}

TEST(ShowJob, EveryEndHasItsState) {
    struct EndCase {
        core::EndReason reason;
        v1::JobState state;
    };
    const EndCase cases[] = {
        {core::EndReason::Completed, v1::JOB_STATE_SUCCEEDED},
        {core::EndReason::ExitCode, v1::JOB_STATE_FAILED},
        {core::EndReason::TimedOut, v1::JOB_STATE_FAILED},
        {core::EndReason::NodeLost, v1::JOB_STATE_FAILED},
        {core::EndReason::OutOfMemory, v1::JOB_STATE_FAILED},
        {core::EndReason::DependencyFailed, v1::JOB_STATE_FAILED},
        {core::EndReason::LaunchFailed, v1::JOB_STATE_FAILED},
        {core::EndReason::CancelledByUser, v1::JOB_STATE_CANCELLED},
        {core::EndReason::CancelledByAdmin, v1::JOB_STATE_CANCELLED},
    };
    for (const EndCase& end : cases) {
        SmallPlatform platform;
        platform.submit(0, 100, gpu_spec(1));
        platform.place(10, 100, 1);
        platform.change(20, 100, 0, core::TaskRunning{});
        platform.happen(
            1810, core::JobEnded{.job = {100},
                                 .incarnation = {600},
                                 .ending = {.reason = end.reason, .exit_code = 3, .detail = {}},
                                 .usage = {}});
        const v1::Job shown =
            to_proto(platform.state(), platform.job(100), at(99'999, Detail::Events));
        EXPECT_EQ(shown.state(), end.state);
        EXPECT_EQ(short_name(shown.end_reason()), short_name(shown_reason(end.reason)));
        EXPECT_EQ(shown.exit_code(), 3);
        EXPECT_EQ(shown.started_at().seconds(), 20);
        EXPECT_EQ(shown.ended_at().seconds(), 1810);
        EXPECT_DOUBLE_EQ(shown.gpu_hours(), 0.5);
        EXPECT_EQ(shown.placements(0).node(), "n1");
        EXPECT_EQ(shown.events_size(), 5);
    }
}

TEST(ShowJob, AnElementIsNamedByItsArrayAndIndex) {
    SmallPlatform platform;
    v1::JobSpec spec = gpu_spec(1);
    spec.mutable_array()->set_indices("5,7");
    spec.mutable_array()->set_max_running(1);
    platform.submit(0, 100, spec);
    const v1::Job shown = to_proto(platform.state(), platform.job(102), at(1));
    EXPECT_EQ(shown.id(), "100_7");
    EXPECT_EQ(shown.array_id(), "100");
    EXPECT_EQ(shown.array_index(), 7);
    EXPECT_EQ(shown.spec().array().indices(), "5,7");
    EXPECT_EQ(shown.spec().array().max_running(), 1);
    EXPECT_EQ(job_id_text(platform.state(), JobId{100}), "100");
    EXPECT_EQ(job_id_text(platform.state(), JobId{101}), "100_5");
}

v1::JobSpec full_spec() {
    v1::JobSpec spec = gpu_spec(2);
    spec.set_name("vit");
    spec.set_tenant("suda");
    spec.set_kind(v1::JOB_KIND_SERVICE);
    spec.set_script("#!/bin/sh\nexec \"$@\"\n");
    (*spec.mutable_env())["A"] = "1";
    spec.set_workdir("/home/li");
    spec.set_image("debian:12");
    spec.mutable_time_limit()->set_seconds(60);
    spec.set_priority(v1::PRIORITY_LOW);
    spec.set_preemptible(true);
    spec.mutable_retry()->set_retries(2);
    spec.mutable_retry()->mutable_backoff()->set_seconds(7);
    spec.mutable_checkpoint()->set_signal("USR1");
    spec.mutable_checkpoint()->mutable_grace()->set_seconds(9);
    spec.set_output("%j.out");
    spec.set_error("%j.err");
    spec.mutable_begin()->set_seconds(77);
    spec.mutable_begin()->set_nanos(5'000'000);
    spec.mutable_deadline()->set_seconds(4'000'000);
    spec.mutable_retry()->add_exit_codes(75);
    spec.mutable_retry()->add_final_exit_codes(2);
    spec.set_hold(true);
    spec.set_comment("a\nb");
    spec.set_launch_mode(v1::LAUNCH_MODE_ALL);
    (*spec.mutable_labels())["grant"] = "x";
    v1::TaskGroup& group = *spec.mutable_groups(0);
    group.set_name("worker");
    group.mutable_resources()->set_cpus(2.5);
    group.mutable_resources()->set_memory(1 << 20);
    group.add_accelerators("nvidia-h200");
    group.set_distinct_nodes(true);
    (*group.mutable_node_labels())["rack"] = "r1";
    group.add_command("other");
    return spec;
}

TEST(ShowJob, TheSpecComesBackAsItWasGiven) {
    SmallPlatform platform;
    const v1::JobSpec spec = full_spec();
    // Every field but the array and the dependencies, which other tests show, and what is refused.
    const std::set<std::string> others{"array", "dependencies", "topology", "exclusive"};
    const auto* descriptor = v1::JobSpec::descriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
        const auto* field = descriptor->field(i);
        const bool is_set = field->is_repeated() ? spec.GetReflection()->FieldSize(spec, field) > 0
                                                 : spec.GetReflection()->HasField(spec, field);
        EXPECT_TRUE(is_set || others.contains(field->name())) << field->name();
    }
    platform.submit(0, 100, spec);
    const v1::JobSpec shown = to_proto_spec(platform.state(), platform.job(100));
    EXPECT_TRUE(MessageDifferencer::Equals(shown, spec)) << shown.ShortDebugString() << "\n"
                                                         << spec.ShortDebugString();
}

TEST(ShowJob, BriefLeavesOutWhatRuns) {
    SmallPlatform platform;
    platform.submit(0, 100, full_spec());
    const v1::Job shown = to_proto(platform.state(), platform.job(100), at(1, Detail::Brief));
    EXPECT_EQ(shown.spec().name(), "vit");
    EXPECT_TRUE(shown.spec().command().empty());
    EXPECT_TRUE(shown.spec().groups(0).command().empty());
    EXPECT_TRUE(shown.spec().script().empty());
    EXPECT_TRUE(shown.spec().env().empty());
}

TEST(ShowNode, ShowsWhatIsUsed) {
    SmallPlatform platform;
    platform.submit(0, 100, gpu_spec(3));
    platform.place(10, 100, 3);
    platform.happen(11, core::NodeLabelled{.node = {2}, .labels = {{"room", ""}, {"row", "7"}}});
    const auto node = [&](std::uint64_t id) {
        return to_proto(platform.state(), *platform.state().node(NodeId{id}),
                        from_milliseconds(50'000));
    };
    const v1::Node shown = node(2);
    EXPECT_EQ(shown.state(), v1::NODE_STATE_READY);
    EXPECT_EQ(shown.gpus(), 4);
    EXPECT_EQ(shown.gpus_used(), 2);
    EXPECT_EQ(shown.cpus_used(), 2);
    EXPECT_EQ(shown.memory_used(), 2LL << 30);
    EXPECT_THAT(shown.job_ids(), ElementsAre("100"));
    EXPECT_EQ(shown.last_seen().seconds(), 50);
    EXPECT_EQ(shown.inventory().devices(1).allocated(), 1);
    EXPECT_EQ(shown.inventory().devices(2).allocated(), 0);
    EXPECT_EQ(shown.inventory().labels().at("row"), "7");
    EXPECT_EQ(shown.inventory().labels().at("rack"), "r1");
    EXPECT_FALSE(shown.inventory().labels().contains("room"));

    platform.happen(12, core::NodeDrained{.node = {2}, .reason = "fan"});
    EXPECT_EQ(node(2).state(), v1::NODE_STATE_DRAINED);
    EXPECT_EQ(node(2).drain_reason(), "fan");
    EXPECT_FALSE(node(2).drained_as_black_hole());
    platform.happen(12, core::NodeDrained{.node = {2},
                                          .reason = "4 jobs of 3 users failed",
                                          .cause = core::DrainCause::BlackHole});
    EXPECT_TRUE(node(2).drained_as_black_hole());
    platform.happen(13,
                    core::NodeContactLost{.node = {2}, .lease_ends = from_milliseconds(73'000)});
    EXPECT_EQ(node(2).state(), v1::NODE_STATE_UNREACHABLE);
    EXPECT_EQ(node(2).last_seen().seconds(), 13);
}

TEST(ShowNode, TellsWhoFailedAtOnceThere) {
    SmallPlatform platform;
    platform.submit(0, 100, gpu_spec(3));
    platform.place(10, 100, 3);
    core::TaskChanged ended{.job = {100}, .incarnation = {101}, .task = 0, .state = {}};
    ended.incarnation = std::get<core::Placed>(platform.state().job({100})->state).incarnation;
    ended.state = core::TaskEnded{
        .at = from_milliseconds(12'000),
        .ending = {.reason = core::EndReason::ExitCode, .exit_code = 1, .signal = 0, .detail = {}}};
    const auto failed_fast = [&] {
        return to_proto(platform.state(), *platform.state().node(NodeId{2}), Time()).failed_fast();
    };
    EXPECT_EQ(failed_fast(), 0);
    platform.happen(12, ended);
    EXPECT_EQ(failed_fast(), 1);
    platform.happen(13, core::NodeResumed{{2}});
    EXPECT_EQ(failed_fast(), 0);
}

TEST(ShowTenant, ClassIsTheStrictestOfItAndThoseAboveIt) {
    SmallPlatform platform;
    core::TenantDescription sensitive;
    sensitive.data_class = core::DataClass::Sensitive;
    platform.happen(1, core::TenantCreated{{20}, {}, "med", sensitive});
    platform.happen(2, core::TenantCreated{{21}, {20}, "med/genome", {}});
    const v1::Tenant below = to_proto(platform.state(), *platform.state().tenant("med/genome"));
    EXPECT_EQ(below.data_class(), v1::DATA_CLASS_PUBLIC);
    EXPECT_EQ(below.data_class_now(), v1::DATA_CLASS_SENSITIVE);
    const v1::Tenant other = to_proto(platform.state(), *platform.state().tenant("suda"));
    EXPECT_EQ(other.data_class_now(), v1::DATA_CLASS_PUBLIC);
}

TEST(ShowQuota, WhatIsAboveTheGuaranteeIsBorrowed) {
    SmallPlatform platform;
    platform.submit(0, 100, gpu_spec(3));
    platform.place(10, 100, 3);
    platform.happen(
        11, core::QuotaChanged{
                {1},
                "nvidia-h200",
                {.guaranteed = Amount(1000), .limit = Amount(8000), .lendable = Amount(500)}});
    const core::Tenant& tenant = *platform.state().tenant("suda");
    const v1::Quota shown = to_proto_quota(platform.state(), tenant, "nvidia-h200", Amount(250));
    EXPECT_EQ(shown.tenant(), "suda");
    EXPECT_EQ(shown.guaranteed(), 1);
    EXPECT_EQ(shown.limit(), 8);
    EXPECT_EQ(shown.lendable(), 0.5);
    EXPECT_EQ(shown.used(), 3);
    EXPECT_EQ(shown.borrowed(), 2);
    EXPECT_EQ(shown.lent(), 0.25);
    EXPECT_TRUE(shown.simulated());

    const v1::Quota none = to_proto_quota(platform.state(), tenant, "ascend-910b", Amount());
    EXPECT_EQ(none.guaranteed(), 0);
    EXPECT_FALSE(none.has_limit());
    EXPECT_EQ(none.borrowed(), 0);
}

TEST(ShowUsage, IsInHours) {
    SmallPlatform platform;
    const v1::Usage shown = to_proto(platform.state(), {.tenant = "suda",
                                                        .user = "li",
                                                        .accelerator = "nvidia-h200",
                                                        .milli_gpu_ms = 1.5 * 3.6e9,
                                                        .milli_cpu_ms = 3 * 3.6e9,
                                                        .jobs = 7});
    EXPECT_DOUBLE_EQ(shown.gpu_hours(), 1.5);
    EXPECT_DOUBLE_EQ(shown.cpu_hours(), 3);
    EXPECT_EQ(shown.jobs(), 7);
    EXPECT_TRUE(shown.simulated());
}

TEST(ShowGrant, NamesRoleAndTenant) {
    SmallPlatform platform;
    const v1::Grant shown =
        to_proto(platform.state(),
                 core::Grant{.user = "li", .role = core::Role::TenantAdmin, .tenant = {1}});
    EXPECT_EQ(shown.tenant(), "suda");
    EXPECT_EQ(shown.role(), v1::ROLE_TENANT_ADMIN);
    for (int role = 1; role <= v1::Role_MAX; ++role) {
        const auto ours = to_role({.parent = nullptr, .name = "role"}, static_cast<v1::Role>(role));
        ASSERT_TRUE(ours.ok());
        EXPECT_EQ(to_proto(platform.state(), core::Grant{"li", *ours, {}}).role(), role);
    }
    EXPECT_FALSE(to_role({.parent = nullptr, .name = "role"}, v1::ROLE_UNSPECIFIED).ok());
}

}  // namespace
}  // namespace gusu::wire
