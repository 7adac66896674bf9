#include "agent/daemon/device/cdi.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/daemon/files.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct Name {
    std::string kind;  // "vendor.com/npu"
    std::string device;
};

std::optional<Name> parse_name(const std::string& name) {
    const std::size_t equals = name.find('=');
    const std::size_t slash = name.find('/');
    if (equals == std::string::npos || slash == std::string::npos || slash == 0 ||
        slash + 1 >= equals || equals + 1 == name.size()) {
        return std::nullopt;
    }
    return Name{name.substr(0, equals), name.substr(equals + 1)};
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Not there, or not a list: empty.
Json list_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : Json::array();
}

Status add_edits(const Json& edits, v1beta1::ContainerAllocateResponse& response) {
    if (!list_of(edits, "hooks").empty()) {
        return Error{ErrorCode::FailedPrecondition,
                     "it needs hooks, which only a container runtime can call"};
    }
    for (const Json& entry : list_of(edits, "env")) {
        const std::string text = entry.is_string() ? entry.get<std::string>() : "";
        if (const std::size_t equals = text.find('='); equals != std::string::npos) {
            (*response.mutable_envs())[text.substr(0, equals)] = text.substr(equals + 1);
        }
    }
    for (const Json& node : list_of(edits, "deviceNodes")) {
        v1beta1::DeviceSpec& device = *response.add_devices();
        const std::string path = text_of(node, "path");
        const std::string host = text_of(node, "hostPath");
        const std::string permissions = text_of(node, "permissions");
        device.set_container_path(path);
        device.set_host_path(host.empty() ? path : host);
        device.set_permissions(permissions.empty() ? "rwm" : permissions);
    }
    for (const Json& entry : list_of(edits, "mounts")) {
        v1beta1::Mount& mount = *response.add_mounts();
        mount.set_container_path(text_of(entry, "containerPath"));
        mount.set_host_path(text_of(entry, "hostPath"));
    }
    return Done{};
}

// The last file of these folders that has the device; with the folder's order, and names' below it.
std::optional<Json> find_spec(const Name& name, const std::vector<std::string>& folders) {
    std::optional<Json> found;
    for (const std::string& folder : folders) {
        std::error_code failure;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(folder, failure)) {
            if (entry.path().extension() == ".json") {
                files.push_back(entry.path());
            }
        }
        std::ranges::sort(files);
        for (const fs::path& file : files) {
            const auto text = read_file(file);
            Json spec = Json::parse(text ? *text : "", nullptr, /*allow_exceptions=*/false);
            if (!spec.is_object() || text_of(spec, "kind") != name.kind) {
                continue;
            }
            const Json devices = list_of(spec, "devices");
            if (std::ranges::any_of(devices, [&](const Json& device) {
                    return device.is_object() && text_of(device, "name") == name.device;
                })) {
                found = std::move(spec);
            }
        }
    }
    return found;
}

}  // namespace

Result<v1beta1::ContainerAllocateResponse> resolve_cdi(const std::string& name,
                                                       const std::vector<std::string>& folders) {
    const auto parts = parse_name(name);
    if (!parts) {
        return Error{ErrorCode::InvalidArgument,
                     "the CDI name " + quote(name) + " is not of the form vendor.com/class=device"};
    }
    const auto spec = find_spec(*parts, folders);
    if (!spec) {
        std::string looked;
        for (const std::string& folder : folders) {
            looked += (looked.empty() ? "" : ", ") + folder;
        }
        return Error{ErrorCode::NotFound,
                     "no CDI file (*.json in " + looked + ") has the device " + quote(name)};
    }
    v1beta1::ContainerAllocateResponse response;
    std::vector<Json> edits{spec->value("containerEdits", Json::object())};
    for (const Json& device : list_of(*spec, "devices")) {
        if (device.is_object() && text_of(device, "name") == parts->device) {
            edits.push_back(device.value("containerEdits", Json::object()));
        }
    }
    for (const Json& each : edits) {
        if (const Status added = add_edits(each, response); !added) {
            return Error{added.error().code,
                         "the CDI device " + quote(name) + ": " + added.error().message};
        }
    }
    return response;
}

}  // namespace gusu::agent
