#include "agent/container/engine.h"

#include "agent/container/docker.h"
#include "agent/container/podman.h"

namespace gusu::agent {

Result<std::unique_ptr<const Engine>> find_engine(const std::string& socket) {
    auto podman = std::make_unique<const Podman>(socket);
    const Status is_podman = podman->ping();
    if (is_podman) {
        return std::unique_ptr<const Engine>(std::move(podman));
    }
    auto docker = std::make_unique<const Docker>(socket);
    if (is_podman.error().code == ErrorCode::Unavailable || !docker->ping()) {
        return is_podman.error();
    }
    return std::unique_ptr<const Engine>(std::move(docker));
}

}  // namespace gusu::agent
