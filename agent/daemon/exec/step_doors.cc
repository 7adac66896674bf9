#include "agent/daemon/exec/step_doors.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <sstream>
#include <utility>

#include "agent/enter/frames.h"
#include "agent/supervisor/task_socket.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

constexpr int kBacklog = 64;
// In one round of the loop, whoever floods it.
constexpr int kMostAtOnce = 16;

// Without control groups it is the folder that keeps others out.
bool is_of_the_task(const Descriptor& connection, const std::string& group) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    if (group.empty()) {
        return true;
    }
    const auto groups = read_file("/proc/" + std::to_string(peer.pid) + "/cgroup");
    return groups && is_in_group(*groups, group);
}

}  // namespace

bool is_in_group(const std::string& own_groups, const std::string& group) {
    std::istringstream lines(own_groups);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t found = line.find("/" + group);
        const std::size_t end = found + 1 + group.size();
        if (found != std::string::npos && (end == line.size() || line[end] == '/')) {
            return true;
        }
    }
    return false;
}

StepDoors::~StepDoors() {
    for (const auto& [key, door] : doors_) {
        loop_.unwatch(door.get());
    }
}

void StepDoors::open(const TaskKey& key) {
    auto door = listen_at(settings_.step_socket(key).string(), kBacklog);
    if (!door) {
        spdlog::warn("a task cannot start programs in others task={} reason={}", to_text(key),
                     door.error().message);
        return;
    }
    close(key);
    const int number = door->get();
    doors_[key] = std::move(*door);
    loop_.watch(number, [this, key] { let_in(key); });
}

void StepDoors::close(const TaskKey& key) {
    const auto door = doors_.find(key);
    if (door != doors_.end()) {
        loop_.unwatch(door->second.get());
        doors_.erase(door);
    }
}

void StepDoors::let_in(const TaskKey& key) {
    for (int i = 0; i < kMostAtOnce; ++i) {
        Descriptor connection(::accept4(doors_.at(key).get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!connection.open()) {
            return;
        }
        if (!is_of_the_task(connection, settings_.cgroup(key))) {
            send_frame(connection.get(), FrameKind::Failure, "this is the socket of another task");
        } else if (knocked_ != nullptr) {
            knocked_(key, std::move(connection));
        }
    }
}

}  // namespace gusu::agent
