#include "scheduler/wire/agent.h"

#include <gmock/gmock.h>

#include <functional>

#include "tests/unit/wire/small_platform.h"

namespace gusu::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::Hello good_hello() {
    v1::Hello hello;
    hello.set_node("n1");
    hello.set_boot_id("8f3a-1");
    hello.set_session("s1");
    v1::NodeInventory& inventory = *hello.mutable_inventory();
    inventory.set_address("10.0.0.1");
    inventory.set_cpus(63.5);
    inventory.set_memory(1LL << 38);
    inventory.add_runtimes("process");
    for (const int index : {1, 0}) {
        v1::Device& device = *inventory.add_devices();
        device.set_index(index);
        device.set_uuid("GPU-" + std::to_string(index));
        device.set_accelerator("nvidia-h200");
        device.set_memory(141LL << 30);
        device.set_healthy(index == 0);
        device.set_numa_node(-1);
    }
    return hello;
}

TEST(Hello, BecomesAJoin) {
    v1::Hello hello = good_hello();
    v1::TaskObservation& task = *hello.add_tasks();
    task.mutable_key()->set_incarnation(9);
    task.mutable_key()->set_task(2);
    task.set_phase(v1::TASK_PHASE_RUNNING);
    const auto join = to_join(hello);
    ASSERT_TRUE(join.ok()) << join.error().message;
    EXPECT_EQ(join->description.name, "n1");
    EXPECT_EQ(join->description.milli_cpus, Amount(63'500));
    ASSERT_EQ(join->description.devices.size(), 2U);
    EXPECT_EQ(join->description.devices[0].index, 0);
    EXPECT_EQ(join->description.devices[0].health, core::Health::Healthy);
    EXPECT_EQ(join->description.devices[1].health, core::Health::Unhealthy);
    ASSERT_EQ(join->tasks.size(), 1U);
    EXPECT_EQ(join->tasks[0].incarnation, IncarnationId{9});
    EXPECT_EQ(join->tasks[0].task, 2);
    EXPECT_TRUE(std::holds_alternative<core::TaskRunning>(join->tasks[0].state));
}

TEST(Hello, ADeviceThatIsNotOfferedSaysWhy) {
    v1::NodeInventory inventory = good_hello().inventory();
    inventory.mutable_devices(0)->set_quarantined(true);
    inventory.mutable_devices(0)->set_health_detail("XID 48");
    const auto described = to_describe("n1", inventory);
    ASSERT_TRUE(described.ok()) << described.error().message;
    EXPECT_EQ(described->description.name, "n1");
    EXPECT_EQ(described->description.devices[1].health, core::Health::Quarantined);
    EXPECT_EQ(described->description.devices[1].health_detail, "XID 48");
    inventory.mutable_devices(0)->set_health_detail(std::string(2000, 'x'));
    EXPECT_FALSE(to_describe("n1", inventory).ok());
}

struct BadHello {
    std::function<void(v1::Hello&)> spoil;
    const char* says;
};

const BadHello kBadHellos[] = {
    {[](auto& h) { h.set_node("n 1"); }, R"(hello.node: value "n 1")"},
    {[](auto& h) { h.set_node(""); }, R"(hello.node: value "")"},
    {[](auto& h) { h.set_boot_id(""); }, "hello.boot_id"},
    {[](auto& h) { h.set_session("\n"); }, "hello.session"},
    {[](auto& h) { h.mutable_inventory()->set_address(""); }, "hello.inventory.address: is empty"},
    {[](auto& h) { h.mutable_inventory()->set_cpus(1e9); }, "hello.inventory.cpus: value 1e+09"},
    {[](auto& h) { h.mutable_inventory()->set_memory(-1); }, "hello.inventory.memory: value -1"},
    {[](auto& h) { h.mutable_inventory()->mutable_devices(0)->set_index(0); },
     "hello.inventory.devices[1].index: value 0 is used twice"},
    {[](auto& h) { h.mutable_inventory()->mutable_devices(0)->set_uuid("GPU-0"); },
     R"(devices[1].uuid: value "GPU-0" is used twice)"},
    {[](auto& h) { h.mutable_inventory()->mutable_devices(0)->set_index(-1); },
     "devices[0].index: value -1"},
    {[](auto& h) { h.mutable_inventory()->mutable_devices(0)->set_accelerator(""); },
     R"(devices[0].accelerator: value "")"},
    {[](auto& h) { h.mutable_inventory()->mutable_devices(0)->set_memory(1LL << 62); },
     "devices[0].memory: value 4611686018427387904 is too large"},
    {[](auto& h) {
         for (int i = 0; i < 1100; ++i) {
             h.mutable_inventory()->add_devices()->set_index(i);
         }
     },
     "hello.inventory.devices: value 1102 is too large"},
    {[](auto& h) { h.mutable_inventory()->add_runtimes(""); }, "runtimes[1]"},
    {[](auto& h) { h.add_tasks()->mutable_key()->set_incarnation(1); }, "hello.tasks[0].phase"},
    {[](auto& h) { h.add_tasks(); }, "hello.tasks[0].key.incarnation"},
};

TEST(Hello, AnAbsurdMachineIsRefused) {
    for (const BadHello& bad : kBadHellos) {
        v1::Hello hello = good_hello();
        bad.spoil(hello);
        const auto join = to_join(hello);
        ASSERT_FALSE(join.ok()) << bad.says;
        EXPECT_THAT(join.error().message, HasSubstr(bad.says));
    }
}

TEST(Observation, EveryEndHasItsReason) {
    struct EndCase {
        std::function<void(v1::TaskObservation&)> set;
        core::EndReason reason;
    };
    const EndCase cases[] = {
        {[](auto&) {}, core::EndReason::Completed},
        {[](auto& t) { t.set_exit_code(3); }, core::EndReason::ExitCode},
        {[](auto& t) { t.set_signal(9); }, core::EndReason::ExitCode},
        {[](auto& t) {
             t.set_signal(9);
             t.set_out_of_memory(true);
         },
         core::EndReason::OutOfMemory},
        {[](auto& t) {
             t.set_signal(15);
             t.set_timed_out(true);
         },
         core::EndReason::TimedOut},
        {[](auto& t) { t.set_launch_error("no such file"); }, core::EndReason::LaunchFailed},
        {[](auto& t) {
             t.set_launch_error("prolog failed");
             t.set_device_fault("prolog failed");
             t.set_drain("prolog failed");
         },
         core::EndReason::DeviceFault},
    };
    for (const EndCase& end : cases) {
        v1::TaskObservation message;
        message.mutable_key()->set_incarnation(1);
        message.set_phase(v1::TASK_PHASE_EXITED);
        end.set(message);
        const auto observation = to_observation(message, "observed.tasks[0]");
        ASSERT_TRUE(observation.ok()) << observation.error().message;
        const core::Ending ending = std::get<core::TaskEnded>(observation->state).ending;
        EXPECT_EQ(ending.reason, end.reason);
        EXPECT_EQ(ending.exit_code, message.exit_code());
        EXPECT_EQ(ending.signal, message.signal());
        if (ending.reason != core::EndReason::OutOfMemory) {
            EXPECT_EQ(ending.detail, message.launch_error());
        } else {
            EXPECT_THAT(ending.detail, testing::HasSubstr("--mem"));
        }
        EXPECT_EQ(observation->drain, message.drain());
    }
}

TEST(Launch, SaysWhereATaskStandsInItsGang) {
    SmallPlatform platform;
    v1::JobSpec spec = gpu_spec(4);
    spec.mutable_time_limit()->set_seconds(60);
    spec.mutable_checkpoint()->set_signal("USR1");
    (*spec.mutable_env())["A"] = "1";
    platform.submit(0, 100, spec);
    platform.place(1, 100, 4);
    const v1::Launch launch = to_launch(platform.state(), platform.job(100), 3);
    EXPECT_EQ(launch.job_id(), 100U);
    EXPECT_EQ(launch.job_id_text(), "100");
    EXPECT_EQ(launch.job_name(), "train");
    EXPECT_EQ(launch.tenant(), "suda");
    EXPECT_EQ(launch.user(), "li");
    EXPECT_EQ(launch.attempt(), 1);
    EXPECT_THAT(launch.command(), ElementsAre("/usr/bin/train"));
    EXPECT_EQ(launch.env().at("A"), "1");
    EXPECT_EQ(launch.time_limit().seconds(), 60);
    EXPECT_EQ(launch.stop_signal(), "USR1");
    EXPECT_EQ(launch.stop_grace().seconds(), 30);
    EXPECT_THAT(launch.devices(), ElementsAre(11));
    EXPECT_EQ(launch.milli_gpus_per_device(), 1000);
    EXPECT_EQ(launch.milli_cpus(), 1000);
    EXPECT_EQ(launch.memory(), 1LL << 30);
    EXPECT_EQ(launch.task_count(), 4);
    EXPECT_THAT(launch.node_list(), ElementsAre("n1", "n2"));
    EXPECT_EQ(launch.node_rank(), 1);
    EXPECT_EQ(launch.local_rank(), 1);
    EXPECT_EQ(launch.tasks_on_node(), 2);
    EXPECT_EQ(launch.master_address(), "n1.example.org");
    EXPECT_EQ(launch.master_port(), 20'600);
    EXPECT_FALSE(launch.is_array());
}

TEST(Launch, AnElementKnowsItsArrayAndAGroupItsCommand) {
    SmallPlatform platform;
    v1::JobSpec spec = gpu_spec(1);
    spec.mutable_array()->set_indices("5,7");
    spec.mutable_groups(0)->add_command("own");
    platform.submit(0, 100, spec);
    platform.place(1, 102, 1);
    const v1::Launch launch = to_launch(platform.state(), platform.job(102), 0);
    EXPECT_TRUE(launch.is_array());
    EXPECT_EQ(launch.array_id(), 100U);
    EXPECT_EQ(launch.array_index(), 7);
    EXPECT_EQ(launch.array_size(), 2);
    EXPECT_EQ(launch.job_id_text(), "100_7");
    EXPECT_THAT(launch.command(), ElementsAre("own"));
}

TEST(Launch, PortsStayInTheirRange) {
    EXPECT_EQ(master_port({20'000}), 20'000);
    EXPECT_EQ(master_port({39'999}), 39'999);
    EXPECT_EQ(master_port({~std::uint64_t{0}}), 20'000 + 11'615);
}

TEST(StopOrder, SaysHowAndWhy) {
    SmallPlatform platform;
    v1::JobSpec spec = gpu_spec(1);
    spec.mutable_checkpoint()->set_signal("INT");
    spec.mutable_checkpoint()->mutable_grace()->set_seconds(5);
    platform.submit(0, 100, spec);
    platform.place(1, 100, 1);
    platform.happen(2, core::JobStopRequested{
                           {100}, {.reason = core::EndReason::CancelledByAdmin, .detail = {}}});
    const v1::StopOrder order = to_stop_order(platform.state(), platform.job(100));
    EXPECT_EQ(order.signal(), "INT");
    EXPECT_EQ(order.grace().seconds(), 5);
    EXPECT_EQ(order.why(), "CANCELLED");

    platform.happen(3, core::JobCheckpointed{{100}, {600}, from_milliseconds(3'000)});
    EXPECT_EQ(to_stop_order(platform.state(), platform.job(100)).grace().seconds(), 0);
}

TEST(StopOrder, OfATaskThatTheJobDoesWithout) {
    SmallPlatform platform;
    platform.submit(0, 100, gpu_spec(1));
    platform.place(1, 100, 1);
    platform.happen(2, core::JobShrunk{.shrink = {{100}, {600}, {0}}, .detail = {}});
    const v1::StopOrder order = to_stop_order(platform.state(), platform.job(100));
    EXPECT_EQ(order.why(), "SHRUNK");
    EXPECT_GT(order.grace().seconds(), 0);
}

TEST(Observation, SaysWhenTheWorkWasSaved) {
    v1::TaskObservation message;
    message.mutable_key()->set_incarnation(7);
    message.mutable_key()->set_task(2);
    EXPECT_FALSE(to_checkpoint(message));
    message.set_checkpoints(2);
    message.mutable_saved_ago()->set_seconds(3);
    ASSERT_TRUE(to_checkpoint(message));
    EXPECT_EQ(to_checkpoint(message)->incarnation, IncarnationId{7});
    EXPECT_EQ(to_checkpoint(message)->task, 2);
    EXPECT_EQ(to_checkpoint(message)->ago, Duration(3'000));
    message.mutable_saved_ago()->set_seconds(-3);
    EXPECT_EQ(to_checkpoint(message)->ago, Duration(0));
}

}  // namespace
}  // namespace gusu::wire
