// The devices that plugins have on this node. Each keeps its number for good, also over restarts of
// plugins and agent, because jobs hold devices by their numbers. Without sockets and files.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/daemon/device/catalogue.h"
#include "deviceplugin/v1beta1/api.pb.h"
#include "gusu/v1/node.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Of this version, with a socket of its own in the plugins' folder, for a resource with a name.
Status check_registration(const v1beta1::RegisterRequest& request);
// Ids that can be told apart, and not too many.
Status check_list(const v1beta1::ListAndWatchResponse& list);

class PluginDevices {
public:
    // What to_json() wrote, "" for nothing yet.
    static Result<PluginDevices> read(const std::string& json);
    // The numbers and whose they are; nothing of their health.
    std::string to_json() const;

    // Numbers from here on are for plugins: those below are taken.
    void begin_at(int first);

    // What a plugin lists now. True if a number was given out.
    bool take(const std::string& resource, const v1beta1::ListAndWatchResponse& list);
    // All of the resource are unhealthy until it lists them again.
    void lose(const std::string& resource, const std::string& why);
    // Those in `together` reach each other better than they reach the others of the resource.
    void group(const std::string& resource, const std::vector<std::string>& together);

    // Of this resource, the healthy ones.
    std::vector<std::string> healthy_ids(const std::string& resource) const;

    struct Place {
        std::string resource;
        std::string id;

        friend auto operator<=>(const Place&, const Place&) = default;
    };
    std::optional<Place> at(int index) const;

    struct Names {
        const Catalogue& catalogue;
        const std::map<std::string, std::string>& resources;  // as configured
    };
    // As they are offered: those whose resource is an accelerator.
    std::vector<v1::Device> describe(const Names& names) const;

private:
    struct Known {
        Place place;
        bool healthy = false;
        std::string detail = "its plugin has not registered since the agent started";
        int numa_node = -1;
        std::optional<int> group = {};
    };
    Known& known(const Place& place, bool& is_new);

    std::map<int, Known> by_index_;
    int first_ = 0;
};

}  // namespace gusu::agent
