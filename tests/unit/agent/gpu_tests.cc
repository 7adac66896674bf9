// Devices and their metrics, as the fake library has them: fake_nvml.cc beside this file.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <prometheus/metric_family.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <span>

#include "agent/daemon/device/device_filter.h"
#include "agent/daemon/device/gpu_monitor.h"
#include "agent/daemon/device/nvidia.h"
#include "agent/daemon/http_service.h"
#include "proto/http/metrics_text.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Devices, AMachineWithoutTheLibraryHasNone) {
    const auto devices = nvidia_devices("libgusu-no-such-library.so.1");
    EXPECT_TRUE(devices.devices.empty());
}

// What the fake library has: fake_nvml.cc beside this file.
TEST(Devices, AreAsTheDriverTellsThem) {
    const auto devices = nvidia_devices(GUSU_FAKE_NVML);
    ASSERT_EQ(devices.devices.size(), 2U);
    const v1::Device& device = devices.devices.front();
    EXPECT_EQ(device.index(), 0);
    EXPECT_EQ(device.uuid(), "GPU-11111111-2222-3333-4444-555555555555");
    EXPECT_EQ(device.accelerator(), "nvidia-h100");
    EXPECT_EQ(device.memory(), std::int64_t{81559} << 20);
    EXPECT_EQ(device.numa_node(), -1);  // no machine has a device at that address
    EXPECT_TRUE(device.healthy());
    EXPECT_FALSE(device.simulated());
    EXPECT_EQ(devices.files, (std::map<int, std::string>{{0, "/dev/nvidia3"}}));
}

TEST(Devices, AnOldDriverTellsThemWithoutTheirFiles) {
    const auto devices = nvidia_devices(GUSU_FAKE_OLD_NVML);
    EXPECT_EQ(devices.devices.size(), 2U);
    EXPECT_TRUE(devices.files.empty());
}

// Joined: 4 and 0, 0 and 2; by switches: 1 and 5. Device 3 has a link to the CPU alone.
TEST(Devices, ThoseThatNvlinkJoinsAreOneGroup) {
    const auto devices = nvidia_devices(GUSU_FAKE_LINKED_NVML);
    std::vector<int> groups;
    for (const v1::Device& device : devices.devices) {
        groups.push_back(device.has_link_group() ? device.link_group() : -1);
    }
    EXPECT_EQ(groups, (std::vector<int>{0, 1, 0, -1, 0, 1}));
}

TEST(Devices, OneThatDoesNotAnswerIsUnhealthyAndStillHasAModel) {
    const auto devices = nvidia_devices(GUSU_FAKE_NVML);
    ASSERT_EQ(devices.devices.size(), 2U);
    EXPECT_EQ(devices.devices.back().index(), 1);
    EXPECT_FALSE(devices.devices.back().healthy());
    EXPECT_EQ(devices.devices.back().accelerator(), "nvidia-h100");
}

TEST(Devices, ADriverThatIsNoUseIsSeenAtTheNode) {
    const auto devices = nvidia_devices("libm.so.6");
    ASSERT_EQ(devices.devices.size(), 1U);
    EXPECT_FALSE(devices.devices.front().healthy());
    EXPECT_THAT(devices.devices.front().health_detail(),
                HasSubstr("libm.so.6 lacks functions that every NVIDIA driver since 2013 has"));
}

// --- what the fake library does

template <typename Function>
Function* fake(const char* name) {
    static void* const library = ::dlopen(GUSU_FAKE_NVML, RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<Function*>(::dlsym(library, name));
}

void raise_xid(unsigned long long xid) {
    fake<void(unsigned long long)>("fake_nvml_raise_xid")(xid);
}
void lose(int whether) { fake<void(int)>("fake_nvml_lose")(whether); }
void hang(int whether) { fake<void(int)>("fake_nvml_hang")(whether); }
int users() { return fake<int()>("fake_nvml_users")(); }

bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = EventLoop::Clock::now() + kSoon;
    while (!condition() && EventLoop::Clock::now() < deadline) {
        ::poll(nullptr, 0, 5);
    }
    return condition();
}

// --- readings

std::unique_ptr<GpuReader> open_reader(const char* library) {
    auto reader = GpuReader::open(library);
    EXPECT_TRUE(reader.ok());
    return std::move(*reader);
}

std::string text_of(const std::vector<GpuReading>& readings,
                    const std::map<int, std::string>& tenants) {
    class Source final : public prometheus::Collectable {
    public:
        std::vector<prometheus::MetricFamily> families;
        std::vector<prometheus::MetricFamily> Collect() const override { return families; }
    };
    Source source;
    source.families =
        gpu_metrics({.node = "n1", .accelerators = {{0, "nvidia-h100"}}}, readings, tenants);
    const prometheus::Collectable* const one = &source;
    return metrics_text(std::span(&one, 1));
}

TEST(GpuMetrics, AreThoseOfTheDriver) {
    const auto reader = open_reader(GUSU_FAKE_NVML);
    const std::string text = text_of(reader->read(), {{0, "physics"}});
    const std::string device = R"(node="n1",gpu="0",accelerator="nvidia-h100")";
    const std::string held = "{" + device + R"(,tenant="physics"} )";
    for (const std::string& line : {
             "gusu_gpu_utilization_ratio" + held + "0.42\n",
             "gusu_gpu_memory_used_bytes" + held + "900\n",
             "gusu_gpu_power_watts" + held + "350.25\n",
             "gusu_gpu_temperature_celsius" + held + "51\n",
             "gusu_gpu_xid_errors_total{" + device + R"(,kind="application"} 0)" + "\n",
             "gusu_gpu_xid_errors_total{" + device + R"(,kind="device"} 0)" + "\n",
             "gusu_gpu_ecc_errors_total{" + device + R"(,kind="corrected",counter="volatile"} 3)" +
                 "\n",
             "gusu_gpu_ecc_errors_total{" + device +
                 R"(,kind="corrected",counter="aggregate"} 30)" + "\n",
             "gusu_gpu_ecc_errors_total{" + device +
                 R"(,kind="uncorrected",counter="volatile"} 1)" + "\n",
         }) {
        EXPECT_THAT(text, HasSubstr(line));
    }
    EXPECT_THAT(text, Not(HasSubstr(R"(kind="uncorrected",counter="aggregate")")));
    EXPECT_THAT(text, Not(HasSubstr(R"(gpu="1")"))) << "a card off the bus tells nothing";
}

TEST(GpuMetrics, ADeviceThatNobodyHoldsHasNoTenant) {
    const auto reader = open_reader(GUSU_FAKE_NVML);
    EXPECT_THAT(text_of(reader->read(), {}),
                HasSubstr(R"(gusu_gpu_power_watts{node="n1",gpu="0",accelerator="nvidia-h100",)"
                          R"(tenant=""} 350.25)"));
}

TEST(GpuMetrics, WhatAnOldDriverLacksIsLeftOutAlone) {
    const auto reader = open_reader(GUSU_FAKE_OLD_NVML);
    const std::string text = text_of(reader->read(), {});
    EXPECT_THAT(text, HasSubstr("gusu_gpu_memory_used_bytes{"));
    EXPECT_THAT(text, HasSubstr("} 1000\n"));
    for (const char* missing : {"utilization", "power", "temperature", "xid", "ecc"}) {
        EXPECT_THAT(text, Not(HasSubstr(std::string("gusu_gpu_") + missing)));
    }
}

TEST(GpuMetrics, XidsAreCountedOnceByWhatCausesThem) {
    const auto reader = open_reader(GUSU_FAKE_NVML);
    reader->read();
    for (const unsigned long long xid : {13ULL, 31ULL, 79ULL}) {
        raise_xid(xid);
    }
    reader->read();
    const auto readings = reader->read();
    ASSERT_FALSE(readings.empty());
    ASSERT_TRUE(readings.front().xids.has_value());
    EXPECT_EQ(readings.front().xids->application, 2U);
    EXPECT_EQ(readings.front().xids->device, 1U);
}

TEST(GpuReader, ACardThatVanishesIsTold) {
    const auto reader = open_reader(GUSU_FAKE_NVML);
    EXPECT_FALSE(reader->read().front().lost);
    EXPECT_FALSE(reader->read().back().lost) << "it was not there before either";
    lose(1);
    EXPECT_TRUE(reader->read().front().lost);
    lose(0);
}

// --- holders

Task task_of(std::uint64_t incarnation, const std::string& tenant, int device) {
    Task task;
    task.key = {.incarnation = incarnation, .task = 0};
    task.launch.set_tenant(tenant);
    task.launch.add_devices(device);
    return task;
}

TEST(DeviceHolders, KnowTheTenantUntilItsTaskIsOver) {
    DeviceHolders holders;
    holders.take(task_of(1, "a", 0));
    holders.take(task_of(2, "b", 1));
    EXPECT_EQ(holders.tenants(), (std::map<int, std::string>{{0, "a"}, {1, "b"}}));
    holders.leave({.incarnation = 1, .task = 0});
    EXPECT_EQ(holders.tenants(), (std::map<int, std::string>{{1, "b"}}));
}

TEST(DeviceHolders, ASharedDeviceNamesItsTenantIfThereIsOne) {
    DeviceHolders holders;
    holders.take(task_of(1, "a", 0));
    holders.take(task_of(2, "a", 0));
    EXPECT_EQ(holders.tenants().at(0), "a");
    holders.take(task_of(3, "b", 0));
    EXPECT_EQ(holders.tenants().at(0), "(several)");
    holders.leave({.incarnation = 3, .task = 0});
    EXPECT_EQ(holders.tenants().at(0), "a");
}

TEST(DeviceHolders, AWholeDeviceOrASharesRest) {
    DeviceHolders holders;
    Task half = task_of(1, "a", 0);
    half.launch.set_milli_gpus_per_device(500);
    EXPECT_TRUE(holders.have_room(half));
    holders.take(half);
    EXPECT_TRUE(holders.have_room(half));
    EXPECT_FALSE(holders.have_room(task_of(2, "a", 0)));
    EXPECT_TRUE(holders.have_room(task_of(2, "a", 1)));
    holders.leave(half.key);
    EXPECT_TRUE(holders.have_room(task_of(2, "a", 0)));
}

// The scheduler may have given up for gone what is still there.
TEST(DeviceHolders, ATaskWaitsUntilWhoHoldsItsDeviceIsGone) {
    const Folder folder;
    TaskMachine machine(folder.path());
    machine.settings().devices.emplace_back().set_simulated(true);
    machine.start();
    constexpr TaskKey kBefore{.incarnation = 17, .task = 0};
    constexpr TaskKey kAfter{.incarnation = 18, .task = 0};
    auto before = run_order(kBefore, {"sh", "-c", "trap '' TERM; echo on; sleep 1000"});
    before.mutable_tasks(0)->mutable_run()->add_devices(0);
    ASSERT_TRUE(machine.tasks().obey(before).ok());
    machine.wait_for(kBefore, v1::TASK_PHASE_RUNNING);
    auto after = run_order(kAfter, {"true"});
    after.mutable_tasks(0)->mutable_run()->add_devices(0);
    ASSERT_TRUE(machine.tasks().obey(after).ok());
    EXPECT_FALSE(std::filesystem::exists(machine.settings().task(kAfter)));
    ASSERT_TRUE(machine.tasks().obey(removal(kBefore)).ok());
    EXPECT_EQ(machine.wait_for(kAfter, v1::TASK_PHASE_EXITED).exit_code(), 0);
    EXPECT_FALSE(std::filesystem::exists(machine.settings().task(kBefore)));
}

TEST(DeviceHolders, AreThoseOfTheTasks) {
    const Folder folder;
    TaskMachine machine(folder.path());
    machine.settings().devices.emplace_back().set_simulated(true);
    machine.start();
    constexpr TaskKey kTask{.incarnation = 17, .task = 0};
    auto order = run_order(kTask, {"sleep", "1000"});
    order.mutable_tasks(0)->mutable_run()->set_tenant("physics");
    order.mutable_tasks(0)->mutable_run()->add_devices(0);
    ASSERT_TRUE(machine.tasks().obey(order).ok());
    machine.wait_for(kTask, v1::TASK_PHASE_RUNNING);
    machine.stop();
    machine.start();
    EXPECT_EQ(machine.tasks().device_holders().tenants(),
              (std::map<int, std::string>{{0, "physics"}}));
    ASSERT_TRUE(machine.tasks().obey(stop_order(kTask)).ok());
    machine.wait_for(kTask, v1::TASK_PHASE_EXITED);
    EXPECT_THAT(machine.tasks().device_holders().tenants(), IsEmpty());
}

// --- the thread

const GpuNames kNames{.node = "n1", .accelerators = {{0, "nvidia-h100"}}};

TEST(GpuMonitor, ReadsByItself) {
    const DeviceHolders holders;
    const GpuMonitor monitor(kNames, holders, GUSU_FAKE_NVML);
    EXPECT_TRUE(comes_true([&] { return !monitor.Collect().empty(); }));
}

TEST(GpuMonitor, HoldsUpNobodyWhenTheDriverHangs) {
    const DeviceHolders holders;
    const int before = users();
    hang(1);
    const auto began = EventLoop::Clock::now();
    {
        const GpuMonitor monitor(kNames, holders, GUSU_FAKE_NVML);
        EXPECT_THAT(monitor.Collect(), IsEmpty());
    }
    EXPECT_LT(EventLoop::Clock::now() - began, kSoon);
    hang(0);
    EXPECT_TRUE(comes_true([&] { return users() == before; })) << "the thread ends later";
}

TEST(GpuMonitor, WithoutTheLibraryHasNoSeries) {
    const DeviceHolders holders;
    const GpuMonitor monitor({.node = "n1", .accelerators = {}}, holders, "libgusu-none.so.1");
    EXPECT_THAT(monitor.Collect(), IsEmpty());
}

// --- the agent's HTTP

std::string get(const HttpService& service, const std::string& path) {
    namespace asio = boost::asio;
    namespace http = boost::beast::http;
    const auto address = parse_host_port(service.address());
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::make_address(address->host), address->port});
    http::write(socket, http::request<http::empty_body>(http::verb::get, path, 11));
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> reply;
    http::read(socket, buffer, reply);
    return std::to_string(reply.result_int()) + " " + reply.body();
}

TEST(HttpService, ServesHealthAndNoMetricsOfSimulatedDevices) {
    const auto service = HttpService::start(
        {.listen = {.host = "127.0.0.1", .port = 0}, .security = HttpSecurity::PlainOnLoopback}, {},
        {});
    ASSERT_TRUE(service.ok()) << service.error().message;
    EXPECT_EQ(get(**service, "/healthz"), "200 alive\n");
    EXPECT_EQ(get(**service, "/metrics"), "200 ");
    EXPECT_THAT(get(**service, "/readyz"), HasSubstr("503 "));
    (*service)->set_ready(true);
    EXPECT_EQ(get(**service, "/readyz"), "200 in touch\n");
    EXPECT_THAT(get(**service, "/"), HasSubstr("404 "));
}

// --- the device filter

TEST(DeviceFilterOfNode, WithoutGroupsIsNoneUnlessItIsRequired) {
    config::v1::AgentConfig config;
    config.set_device_filter(config::v1::DEVICE_FILTER_PREFERRED);
    const NodeSettings settings;
    EXPECT_EQ(*choose_device_filter(config, settings), DeviceFilterKind::None);
    config.set_device_filter(config::v1::DEVICE_FILTER_REQUIRED);
    const auto refused = choose_device_filter(config, settings);
    ASSERT_FALSE(refused.ok());
    EXPECT_THAT(refused.error().message, HasSubstr("no control group may be made"));
}

TEST(DeviceFilterOfNode, ADeviceWhoseFileIsNotKnownLeavesNone) {
    NodeSettings settings;
    settings.devices.emplace_back().set_healthy(true);
    config::v1::AgentConfig config;
    config.set_device_filter(config::v1::DEVICE_FILTER_REQUIRED);
    EXPECT_THAT(choose_device_filter(config, settings).error().message,
                HasSubstr("does not tell which file is device 0"));
}

TEST(DeviceFilterOfNode, AllowsWhatATaskHoldsAndNoMore) {
    NodeSettings settings;
    settings.device_files = {{0, "/dev/full"}, {1, "/dev/no-such-device"}, {2, "/dev/console"}};
    settings.task_devices = {"/dev/z?ro", "/dev/no-such-folder/*"};
    const std::vector<std::string> without = allowed_devices(settings, {});
    EXPECT_THAT(without, Contains("c 1:3"));
    EXPECT_EQ(without.back(), "c 1:5");
    EXPECT_THAT(allowed_devices(settings, {0, 1}), Not(Contains("c 5:1")));
    EXPECT_THAT(allowed_devices(settings, {2}), Contains("c 5:1"));
}

TEST(DeviceFilterOfNode, IsPartOfTheOrder) {
    const Folder folder;
    TaskMachine machine(folder.path());
    NodeSettings& settings = machine.settings();
    settings.devices.emplace_back().set_index(0);
    settings.device_files = {{0, "/dev/console"}};
    v1::Launch launch;
    launch.add_devices(0);
    EXPECT_EQ(order_of(settings, {}, launch).device_filter, "");
    settings.device_filter = DeviceFilterKind::Bpf;
    EXPECT_EQ(order_of(settings, {}, launch).device_filter, "bpf");
    EXPECT_THAT(order_of(settings, {}, launch).devices, Contains("c 5:1"));
    settings.device_files = {{0, "/dev/no-such-device"}};
    launch.add_command("true");
    EXPECT_THAT(prepare_task(settings, {}, launch).error().message,
                HasSubstr("\"/dev/no-such-device\": No such file"));
}

}  // namespace
}  // namespace gusu::agent
