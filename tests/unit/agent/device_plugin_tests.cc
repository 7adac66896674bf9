// The agent as the kubelet of device plugins: fake_plugin.h beside this file is one by the
// published API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/daemon/device/cdi.h"
#include "agent/daemon/device/device_plugins.h"
#include "tests/unit/agent/fake_plugin.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kResource = "huawei.com/Ascend910";
constexpr const char* kAccelerator = "ascend-910b";

// The agent's side.
class Kubelet {
public:
    explicit Kubelet(const std::filesystem::path& folder) : folder_(folder) { start(); }

    void start() {
        loop_ = std::move(*EventLoop::open());
        auto started = DevicePlugins::start(options(), *loop_, [this] { ++changes; });
        check(started.ok(), "the agent may be the kubelet of this folder");
        plugins_ = std::move(*started);
    }
    void stop() {
        plugins_.reset();
        loop_.reset();
    }

    PluginOptions options() const {
        PluginOptions options;
        options.folder = folder_ / "plugins";
        options.memory = folder_ / "plugin-devices.json";
        options.first_index = 2;
        options.resources = {{kResource, kAccelerator}};
        options.cdi_folders = {(folder_ / "cdi").string()};
        options.answer_within = std::chrono::milliseconds(500);
        options.prepare_within = std::chrono::milliseconds(500);
        return options;
    }

    DevicePlugins& plugins() { return *plugins_; }
    std::filesystem::path folder() const { return folder_ / "plugins"; }

    // "2 Ascend910-0 healthy", one a device.
    std::vector<std::string> seen() const {
        std::vector<std::string> texts;
        for (const v1::Device& device : plugins_->devices()) {
            texts.push_back(std::to_string(device.index()) + " " + device.uuid() + " " +
                            (device.healthy() ? "healthy" : device.health_detail()));
        }
        return texts;
    }

    bool turn_until(const std::function<bool()>& is_so) {
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while (!is_so() && EventLoop::Clock::now() < deadline) {
            loop_->run_once(std::chrono::milliseconds(20));
        }
        return is_so();
    }
    bool turn_until_seen(const std::vector<std::string>& wanted) {
        const bool is_seen = turn_until([&] { return seen() == wanted; });
        EXPECT_THAT(seen(), testing::ElementsAreArray(wanted));
        return is_seen;
    }

    Result<DeviceGrant> allocate(const std::vector<int>& indexes) {
        std::optional<Result<DeviceGrant>> granted;
        plugins_->allocate(indexes, [&](Result<DeviceGrant> grant) { granted = std::move(grant); });
        turn_until([&] { return granted.has_value(); });
        return granted ? *granted
                       : Result<DeviceGrant>(Error{ErrorCode::Internal, "nobody has answered"});
    }

    int changes = 0;

private:
    const std::filesystem::path folder_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<DevicePlugins> plugins_;
};

TEST(DevicePlugin, ItsDevicesAreOfferedByTheCatalogueNameOfTheirResource) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    plugin.list({{.id = "Ascend910-10", .numa_node = 1}, {.id = "Ascend910-9", .numa_node = 0}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 Ascend910-9 healthy", "3 Ascend910-10 healthy"}));
    const auto devices = kubelet.plugins().devices();
    EXPECT_EQ(devices[0].accelerator(), kAccelerator);
    EXPECT_EQ(devices[0].numa_node(), 0);
    EXPECT_EQ(devices[1].numa_node(), 1);
    EXPECT_FALSE(devices[0].simulated());
}

TEST(DevicePlugin, HealthComesAndGoesAndADeviceThatVanishesKeepsItsNumber) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    plugin.list({{.id = "a"}, {.id = "b"}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy", "3 b healthy"}));
    plugin.list({{.id = "a", .health = "Unhealthy"}, {.id = "b"}});
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a its plugin says: \"Unhealthy\"", "3 b healthy"}));
    plugin.list({{.id = "b"}, {.id = "c"}});
    ASSERT_TRUE(kubelet.turn_until_seen(
        {"2 a its plugin no longer lists it", "3 b healthy", "4 c healthy"}));
    plugin.list({{.id = "a"}, {.id = "b"}, {.id = "c"}});
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy", "3 b healthy", "4 c healthy"}));
}

TEST(DevicePlugin, WhenItDiesItsDevicesAreUnhealthyUntilItComesBack) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    {
        FakePlugin plugin(kubelet.folder(), kResource);
        plugin.list({{.id = "a"}});
        ASSERT_TRUE(plugin.register_at().ok());
        ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
    }
    ASSERT_TRUE(
        kubelet.turn_until([&] { return kubelet.seen().front().starts_with("2 a its plugin "); }));
    EXPECT_FALSE(kubelet.allocate({2}).ok());
    FakePlugin again(kubelet.folder(), kResource);
    again.list({{.id = "a"}});
    ASSERT_TRUE(again.register_at().ok());
    EXPECT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
}

TEST(DevicePlugin, TheSecondRegistrationOfAResourceReplacesTheFirst) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin old(kubelet.folder(), kResource);
    old.list({{.id = "a"}});
    ASSERT_TRUE(old.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
    FakePlugin young(kubelet.folder(), kResource);
    young.list({{.id = "a"}, {.id = "b"}});
    ASSERT_TRUE(young.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy", "3 b healthy"}));
    old.end();
    ASSERT_TRUE(kubelet.allocate({3}).ok());
    EXPECT_THAT(young.allocated(), ElementsAre("b"));
    EXPECT_THAT(kubelet.seen(), ElementsAre("2 a healthy", "3 b healthy"));
}

TEST(DevicePlugin, NumbersOutliveTheAgent) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    plugin.list({{.id = "b"}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 b healthy"}));
    kubelet.stop();
    kubelet.start();
    EXPECT_THAT(kubelet.seen(),
                ElementsAre("2 b its plugin has not registered since the agent started"));
    plugin.list({{.id = "a"}, {.id = "b"}});
    ASSERT_TRUE(plugin.register_at().ok());
    EXPECT_TRUE(kubelet.turn_until_seen({"2 b healthy", "3 a healthy"}));
}

// --- allocation

TEST(DevicePlugin, SaysWhatATaskNeeds) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    plugin.wants_preparation = true;
    (*plugin.gives.mutable_envs())["ASCEND_VISIBLE_DEVICES"] = "0,1";
    for (const char* file : {"/dev/null", "/dev/zero"}) {
        v1beta1::DeviceSpec& device = *plugin.gives.add_devices();
        device.set_host_path(file);
        device.set_container_path(file);
        device.set_permissions("rwm");
    }
    v1beta1::Mount& mount = *plugin.gives.add_mounts();
    mount.set_host_path("/usr");
    mount.set_container_path("/usr");
    plugin.list({{.id = "a"}, {.id = "b"}, {.id = "c"}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy", "3 b healthy", "4 c healthy"}));
    const auto grant = kubelet.allocate({4, 2});
    ASSERT_TRUE(grant.ok()) << grant.error().message;
    EXPECT_EQ(grant->environment,
              (std::map<std::string, std::string>{{"ASCEND_VISIBLE_DEVICES", "0,1"}}));
    EXPECT_THAT(grant->files, ElementsAre("/dev/null", "/dev/zero"));
    EXPECT_THAT(plugin.allocated(), ElementsAre("c", "a"));
    EXPECT_EQ(plugin.prepared, 1);
}

TEST(DevicePlugin, ThatHangsCostsTheTaskAndNotTheAgent) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource, Plays::DeafToAllocate);
    plugin.list({{.id = "a"}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
    EXPECT_EQ(kubelet.allocate({2}).error().message,
              "the device plugin of huawei.com/Ascend910 does not give \"a\": it did not answer in "
              "time");
}

TEST(DevicePlugin, ThatFailsToPrepareADeviceSaysWhy) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource, Plays::FailsToPrepare);
    plugin.wants_preparation = true;
    plugin.list({{.id = "a"}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
    EXPECT_THAT(kubelet.allocate({2}).error().message,
                HasSubstr("does not prepare \"a\": \"the reset failed\""));
}

struct NonsenseCase {
    const char* what;
    std::function<void(v1beta1::AllocateResponse&)> make;
    const char* told;
};

v1beta1::DeviceSpec device_at(const char* host, const char* inside, const char* permissions) {
    v1beta1::DeviceSpec device;
    device.set_host_path(host);
    device.set_container_path(inside);
    device.set_permissions(permissions);
    return device;
}

TEST(DevicePlugin, AnswersThatAProcessCannotHaveAreErrorsThatSaySo) {
    const NonsenseCase cases[] = {
        {"no container", [](auto& all) { all.clear_container_responses(); }, "for 0 containers"},
        {"a file that is no device",
         [](auto& all) {
             *all.mutable_container_responses(0)->add_devices() =
                 device_at("/etc/shadow", "/etc/shadow", "rw");
         },
         "\"/etc/shadow\", which is no device file"},
        {"a way out of /dev",
         [](auto& all) {
             *all.mutable_container_responses(0)->add_devices() =
                 device_at("/dev/../etc/shadow", "", "rw");
         },
         "which is no device file"},
        {"a device elsewhere",
         [](auto& all) {
             *all.mutable_container_responses(0)->add_devices() =
                 device_at("/dev/null", "/dev/npu0", "rw");
         },
         "only a container can have"},
        {"a device to read only",
         [](auto& all) {
             *all.mutable_container_responses(0)->add_devices() =
                 device_at("/dev/null", "/dev/null", "r");
         },
         "with the permissions \"r\""},
        {"a mount elsewhere",
         [](auto& all) {
             auto& mount = *all.mutable_container_responses(0)->add_mounts();
             mount.set_host_path("/usr/local");
             mount.set_container_path("/opt/driver");
         },
         "/usr/local at /opt/driver, which only a container can have"},
        {"a mount of nothing",
         [](auto& all) {
             auto& mount = *all.mutable_container_responses(0)->add_mounts();
             mount.set_host_path("/no/such/folder");
             mount.set_container_path("/no/such/folder");
         },
         "/no/such/folder, which is not on this machine"},
        {"a variable of ours",
         [](auto& all) {
             (*all.mutable_container_responses(0)->mutable_envs())["GUSU_JOB_ID"] = "1";
         },
         "the variable \"GUSU_JOB_ID\""},
        {"a CDI device that nobody has",
         [](auto& all) {
             all.mutable_container_responses(0)->add_cdi_devices()->set_name("vendor.com/npu=0");
         },
         "no CDI file"},
    };
    for (const NonsenseCase& one : cases) {
        v1beta1::AllocateResponse response;
        response.add_container_responses();
        one.make(response);
        const auto grant = to_grant(response, {"/no/such/folder"});
        ASSERT_FALSE(grant.ok()) << one.what;
        EXPECT_THAT(grant.error().message, HasSubstr(one.told)) << one.what;
    }
}

// --- nonsense

TEST(DevicePlugin, ListsOfNonsenseAreRefused) {
    for (const std::vector<std::string>& ids :
         {std::vector<std::string>{"a", "a"}, {""}, {std::string(64, 'x')}, {"a b"}, {"\x01"}}) {
        v1beta1::ListAndWatchResponse list;
        for (const std::string& id : ids) {
            list.add_devices()->set_id(id);
        }
        EXPECT_FALSE(check_list(list).ok()) << ids.front();
    }
}

TEST(DevicePlugin, ThatListsNonsenseLosesItsDevicesAndNoOthers) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    plugin.list({{.id = "a"}});
    ASSERT_TRUE(plugin.register_at().ok());
    ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
    plugin.list({{.id = "a"}, {.id = "a"}});
    EXPECT_TRUE(kubelet.turn_until_seen({"2 a its plugin lists the device \"a\" twice"}));
}

TEST(DevicePlugin, ThatNeverListsIsGivenUp) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    {
        FakePlugin plugin(kubelet.folder(), kResource);
        plugin.list({{.id = "a"}});
        ASSERT_TRUE(plugin.register_at().ok());
        ASSERT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
    }
    FakePlugin deaf(kubelet.folder(), kResource, Plays::DeafToList);
    ASSERT_TRUE(deaf.register_at().ok());
    EXPECT_TRUE(kubelet.turn_until_seen({"2 a its plugin does not list its devices"}));
}

TEST(DevicePlugin, RegistrationsOfNonsenseAreRefusedWithTheReason) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    EXPECT_THAT(plugin.register_at("v1alpha1").error_message(),
                HasSubstr("speaks \"v1alpha1\" of the API"));
    for (const char* endpoint : {"../other.sock", "kubelet.sock", "a/b", ".hidden"}) {
        EXPECT_THAT(plugin.register_at("v1beta1", endpoint).error_message(),
                    HasSubstr("is no name of a socket"))
            << endpoint;
    }
    for (const char* resource : {"", "npu", "/npu", "huawei.com/", "huawei.com/np u"}) {
        FakePlugin nameless(kubelet.folder(), resource);
        EXPECT_THAT(nameless.register_at().error_message(), HasSubstr("is no name of a resource"))
            << resource;
    }
}

TEST(DevicePlugin, OfAResourceThatNothingNamesIsNotOffered) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin unknown(kubelet.folder(), "example.com/toy");
    unknown.list({{.id = "t"}});
    ASSERT_TRUE(unknown.register_at().ok());
    FakePlugin known(kubelet.folder(), kResource);
    known.list({{.id = "a"}});
    ASSERT_TRUE(known.register_at().ok());
    EXPECT_TRUE(kubelet.turn_until_seen({"2 a healthy"}));
}

TEST(DevicePlugin, WhatItPrefersTellsWhichDevicesBelongTogether) {
    const Folder folder;
    Kubelet kubelet(folder.path());
    FakePlugin plugin(kubelet.folder(), kResource);
    plugin.prefers = {"b", "d"};
    plugin.list({{.id = "a"}, {.id = "b"}, {.id = "c"}, {.id = "d"}});
    ASSERT_TRUE(plugin.register_at().ok());
    const auto groups = [&] {
        std::vector<int> found;
        for (const v1::Device& device : kubelet.plugins().devices()) {
            found.push_back(device.has_link_group() ? device.link_group() : -1);
        }
        return found;
    };
    kubelet.turn_until([&] { return groups() == std::vector<int>{1, 0, 1, 0}; });
    EXPECT_THAT(groups(), ElementsAre(1, 0, 1, 0));
}

TEST(DevicePlugin, AFolderThatAKubeletServesIsLeftAlone) {
    const Folder folder;
    const Kubelet kubelet(folder.path());
    const auto loop = std::move(*EventLoop::open());
    const auto second = DevicePlugins::start(kubelet.options(), *loop, [] {});
    ASSERT_FALSE(second.ok());
    EXPECT_THAT(second.error().message, HasSubstr("a kubelet serves"));
}

// --- CDI

TEST(Cdi, ANameStandsForWhatItsFileSays) {
    const Folder folder;
    std::ofstream(folder.path() / "npu.json")
        << R"({"cdiVersion": "0.6.0", "kind": "vendor.com/npu",
        "containerEdits": {"deviceNodes": [{"path": "/dev/npu_manager"}]},
        "devices": [{"name": "0", "containerEdits": {"env": ["NPU=0", "EMPTY="],
                     "deviceNodes": [{"path": "/dev/npu0", "permissions": "rw"}],
                     "mounts": [{"hostPath": "/usr/lib/npu", "containerPath": "/usr/lib/npu"}]}},
                    {"name": "1", "containerEdits": {"hooks": [{"path": "/usr/bin/hook"}]}}]})";
    std::ofstream(folder.path() / "broken.json") << "{";
    const std::vector<std::string> folders{"/no/such/folder", folder.path().string()};
    const auto device = resolve_cdi("vendor.com/npu=0", folders);
    ASSERT_TRUE(device.ok()) << device.error().message;
    ASSERT_EQ(device->devices_size(), 2);
    EXPECT_EQ(device->devices(0).host_path(), "/dev/npu_manager");
    EXPECT_EQ(device->devices(0).permissions(), "rwm");
    EXPECT_EQ(device->devices(1).host_path(), "/dev/npu0");
    EXPECT_EQ(device->envs().at("NPU"), "0");
    EXPECT_EQ(device->envs().at("EMPTY"), "");
    EXPECT_EQ(device->mounts(0).host_path(), "/usr/lib/npu");
    EXPECT_THAT(resolve_cdi("vendor.com/npu=1", folders).error().message, HasSubstr("hooks"));
    EXPECT_THAT(resolve_cdi("vendor.com/npu=2", folders).error().message, HasSubstr("no CDI file"));
    EXPECT_THAT(resolve_cdi("npu0", folders).error().message, HasSubstr("is not of the form"));
}

}  // namespace
}  // namespace gusu::agent
