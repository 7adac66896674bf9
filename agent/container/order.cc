#include "agent/container/order.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace gusu::agent {

using nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Mount, source, target, read_only)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ContainerOrder, socket, name, node, image, command, environment,
                                   workdir, uid, gid, mounts, devices, cgroup_parent, milli_cpus,
                                   memory, processes, output, error)

std::string to_json(const ContainerOrder& order) {
    return json(order).dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<ContainerOrder> read_container_order(const std::filesystem::path& directory) {
    const std::filesystem::path file = directory / kContainerOrder;
    std::ifstream stream(file);
    const json content = json::parse(stream, nullptr, false);
    try {
        return content.get<ContainerOrder>();
    } catch (const json::exception& error) {
        return Error{ErrorCode::Internal, "cannot read " + file.string() + ": " + error.what()};
    }
}

}  // namespace gusu::agent
