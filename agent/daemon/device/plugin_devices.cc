#include "agent/daemon/device/plugin_devices.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr const char* kVersion = "v1beta1";
constexpr std::size_t kLongestId = 63;
constexpr std::size_t kLongestResource = 253;
constexpr int kMostDevices = 512;
constexpr const char* kHealthy = "Healthy";

bool is_of(const std::string& text, std::string_view extra) {
    return std::ranges::all_of(text, [&](unsigned char c) {
        return std::isalnum(c) != 0 || extra.find(static_cast<char>(c)) != std::string_view::npos;
    });
}

Error nonsense(const std::string& what) { return {ErrorCode::InvalidArgument, what}; }

int numa_node_of(const v1beta1::Device& device) {
    constexpr std::int64_t kMostNodes = 4095;
    if (device.topology().nodes().empty()) {
        return -1;
    }
    const std::int64_t node = device.topology().nodes(0).id();
    return node >= 0 && node <= kMostNodes ? static_cast<int>(node) : -1;
}

}  // namespace

Status check_registration(const v1beta1::RegisterRequest& request) {
    if (request.version() != kVersion) {
        return nonsense("the plugin speaks " + quote(request.version()) + " of the API, and only " +
                        kVersion + " is spoken here");
    }
    const std::string& resource = request.resource_name();
    const std::size_t slash = resource.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == resource.size() ||
        resource.size() > kLongestResource || !is_of(resource, "./-_")) {
        return nonsense(quote(resource) + " is no name of a resource, as vendor.com/device is");
    }
    const std::string& endpoint = request.endpoint();
    if (endpoint.empty() || endpoint.front() == '.' || endpoint == "kubelet.sock" ||
        endpoint.size() > 100 || !is_of(endpoint, ".-_")) {
        return nonsense("the endpoint of " + resource + ", " + quote(endpoint) +
                        ", is no name of a socket in the plugins' folder");
    }
    return Done{};
}

Status check_list(const v1beta1::ListAndWatchResponse& list) {
    if (list.devices_size() > kMostDevices) {
        return nonsense("lists " + std::to_string(list.devices_size()) + " devices, and " +
                        std::to_string(kMostDevices) + " are the most");
    }
    std::set<std::string> ids;
    for (const v1beta1::Device& device : list.devices()) {
        const std::string& id = device.id();
        if (id.empty() || id.size() > kLongestId ||
            !std::ranges::all_of(id, [](unsigned char c) { return c > ' ' && c < 127; })) {
            return nonsense("lists a device with the id " + quote(id) +
                            ", which is empty, too long or not plain text");
        }
        if (!ids.insert(id).second) {
            return nonsense("lists the device " + quote(id) + " twice");
        }
    }
    return Done{};
}

Result<PluginDevices> PluginDevices::read(const std::string& json) {
    PluginDevices devices;
    if (json.empty()) {
        return devices;
    }
    const auto content = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
    if (!content.is_array()) {
        return nonsense("is not what an agent wrote");
    }
    for (const auto& entry : content) {
        const bool right = entry.is_object() &&
                           entry.value("index", nlohmann::json()).is_number() &&
                           entry.value("resource", nlohmann::json()).is_string() &&
                           entry.value("id", nlohmann::json()).is_string();
        if (!right) {
            return nonsense("is not what an agent wrote");
        }
        devices.by_index_[entry["index"].get<int>()].place = {entry["resource"].get<std::string>(),
                                                              entry["id"].get<std::string>()};
    }
    return devices;
}

std::string PluginDevices::to_json() const {
    auto content = nlohmann::ordered_json::array();
    for (const auto& [index, known] : by_index_) {
        content.push_back(
            {{"index", index}, {"resource", known.place.resource}, {"id", known.place.id}});
    }
    return content.dump(1) + "\n";
}

void PluginDevices::begin_at(int first) {
    first_ = first;
    while (!by_index_.empty() && by_index_.begin()->first < first) {
        const int free = std::max(first, by_index_.rbegin()->first + 1);
        auto moved = by_index_.extract(by_index_.begin());
        moved.key() = free;
        by_index_.insert(std::move(moved));
    }
}

PluginDevices::Known& PluginDevices::known(const Place& place, bool& is_new) {
    for (auto& [index, known] : by_index_) {
        if (known.place == place) {
            return known;
        }
    }
    int free = first_;
    while (by_index_.contains(free)) {
        ++free;
    }
    is_new = true;
    Known& added = by_index_[free];
    added.place = place;
    return added;
}

bool PluginDevices::take(const std::string& resource, const v1beta1::ListAndWatchResponse& list) {
    bool any_new = false;
    lose(resource, "its plugin no longer lists it");
    std::vector<const v1beta1::Device*> sorted;
    for (const v1beta1::Device& device : list.devices()) {
        sorted.push_back(&device);
    }
    // By length first: device 10 comes after device 9.
    std::ranges::sort(sorted, {}, [](const v1beta1::Device* device) {
        return std::pair(device->id().size(), device->id());
    });
    for (const v1beta1::Device* device : sorted) {
        Known& here = known({resource, device->id()}, any_new);
        here.healthy = device->health() == kHealthy;
        here.detail = here.healthy ? "" : "its plugin says: " + quote(device->health());
        here.numa_node = numa_node_of(*device);
    }
    return any_new;
}

void PluginDevices::lose(const std::string& resource, const std::string& why) {
    for (auto& [index, known] : by_index_) {
        if (known.place.resource == resource) {
            known.healthy = false;
            known.detail = why;
        }
    }
}

void PluginDevices::group(const std::string& resource, const std::vector<std::string>& together) {
    for (auto& [index, known] : by_index_) {
        if (known.place.resource == resource) {
            const bool first = std::ranges::find(together, known.place.id) != together.end();
            known.group = together.empty() ? std::nullopt : std::optional(first ? 0 : 1);
        }
    }
}

std::vector<std::string> PluginDevices::healthy_ids(const std::string& resource) const {
    std::vector<std::string> ids;
    for (const auto& [index, known] : by_index_) {
        if (known.place.resource == resource && known.healthy) {
            ids.push_back(known.place.id);
        }
    }
    return ids;
}

std::optional<PluginDevices::Place> PluginDevices::at(int index) const {
    const auto found = by_index_.find(index);
    return found == by_index_.end() ? std::nullopt : std::optional(found->second.place);
}

std::vector<v1::Device> PluginDevices::describe(const Names& names) const {
    std::vector<v1::Device> devices;
    for (const auto& [index, known] : by_index_) {
        const std::string name =
            names.catalogue.name_of_resource(known.place.resource, names.resources);
        if (name.empty()) {
            continue;
        }
        v1::Device& device = devices.emplace_back();
        device.set_index(index);
        device.set_uuid(known.place.id);
        device.set_accelerator(name);
        if (const v1::Accelerator* facts = names.catalogue.accelerator(name)) {
            device.set_memory(facts->memory());
        }
        device.set_healthy(known.healthy);
        device.set_health_detail(known.detail);
        device.set_numa_node(known.numa_node);
        if (known.group) {
            device.set_link_group(*known.group);
        }
    }
    return devices;
}

}  // namespace gusu::agent
