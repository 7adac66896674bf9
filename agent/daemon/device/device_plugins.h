// The agent in the place of the kubelet: vendors' device plugins for Kubernetes, unchanged,
// register here, list their devices, and say what a task needs to use them. All but the network's
// own threads happens on the loop's.
//
// A plugin that hangs, dies, answers nonsense or comes back touches its own devices only.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/device/device_grant.h"
#include "agent/daemon/device/plugin_devices.h"
#include "agent/daemon/event_loop.h"

namespace gusu::agent {

struct PluginOptions {
    std::filesystem::path folder;                  // of the sockets
    std::filesystem::path memory;                  // file: which device has which number
    int first_index = 0;                           // numbers below are taken
    std::map<std::string, std::string> resources;  // catalogue names; see agent.proto
    Catalogue catalogue;
    std::vector<std::string> cdi_folders = kCdiFolders;
    // How long a plugin may take to answer.
    Timers::Clock::duration answer_within = std::chrono::seconds(10);
    // To prepare devices for a task: it may reset them.
    Timers::Clock::duration prepare_within = std::chrono::seconds(30);
};

class DevicePlugins {
public:
    // `changed` is called when devices() says something else than before. An error where a kubelet
    // has the folder.
    static Result<std::unique_ptr<DevicePlugins>> start(PluginOptions options, EventLoop& loop,
                                                        std::function<void()> changed);
    // Waits for calls under way, which it cancels.
    ~DevicePlugins();
    DevicePlugins(const DevicePlugins&) = delete;
    DevicePlugins& operator=(const DevicePlugins&) = delete;

    // Also those of before whose plugin has not come yet: as unhealthy.
    std::vector<v1::Device> devices() const;
    bool has_any_of(const std::vector<int>& indexes) const;

    using Granted = std::function<void(Result<DeviceGrant>)>;
    // Asks the plugins of these devices, and answers later. Others than plugins' are left out.
    void allocate(const std::vector<int>& indexes, Granted granted);

private:
    class Network;
    class Plugin;
    class Allocation;

    DevicePlugins(PluginOptions options, EventLoop& loop, std::function<void()> changed);
    void registered(const v1beta1::RegisterRequest& request);
    void listed(const std::shared_ptr<Plugin>& plugin, const v1beta1::ListAndWatchResponse& list);
    void lost(const std::shared_ptr<Plugin>& plugin, const std::string& why);
    void ask_for_groups(const std::shared_ptr<Plugin>& plugin);
    bool is_current(const std::shared_ptr<Plugin>& plugin) const;
    void remember();

    const PluginOptions options_;
    std::function<void()> changed_;
    PluginDevices devices_;
    std::map<std::string, std::shared_ptr<Plugin>> plugins_;  // by resource
    std::shared_ptr<Network> network_;
};

}  // namespace gusu::agent
