#include "agent/supervisor/checkpoint_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <utility>

#include "agent/cgroup/cgroup_files.h"
#include "agent/supervisor/task_socket.h"

namespace gusu::agent {
namespace {

constexpr std::size_t kMostSpeakers = 16;
constexpr std::size_t kLongestWord = 64;
// More steps up than any tree of processes has.
constexpr int kMostAncestors = 1'000;

// 0 if it is gone.
pid_t parent_of(pid_t pid) {
    const std::string stat = cgroup_files::read("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream rest(stat.substr(name_end + 1));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    return parent;
}

// Orphans of the task become our children, so all of it is below us.
bool is_below_us(pid_t pid) {
    for (int i = 0; pid > 1 && i < kMostAncestors; ++i) {
        pid = parent_of(pid);
        if (pid == getpid()) {
            return true;
        }
    }
    return false;
}

// In any hierarchy: nobody can move a process there but us and who runs the container.
bool is_in_group(pid_t pid, const std::string& group) {
    const std::string groups = cgroup_files::read("/proc/" + std::to_string(pid) + "/cgroup");
    return !group.empty() && groups.find("/" + group + "/") != std::string::npos;
}

bool is_of_the_task(int connection, const std::string& group) {
    ucred peer = {};
    socklen_t size = sizeof peer;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (is_below_us(peer.pid) || is_in_group(peer.pid, group));
}

enum class From { TheTask, Elsewhere };

std::string answer(From from, const std::string& word, const std::function<Status()>& save) {
    if (word != "saved") {
        return "no: the only word is \"saved\"\n";
    }
    if (from == From::Elsewhere) {
        return "no: this is the socket of another task\n";
    }
    const Status saved = save();
    return saved ? "ok\n" : "no: " + saved.error().message + "\n";
}

}  // namespace

Result<CheckpointSocket> CheckpointSocket::open(const std::string& path, std::string group) {
    Result<Descriptor> listener = listen_at(path, static_cast<int>(kMostSpeakers));
    if (!listener) {
        return listener.error();
    }
    return CheckpointSocket(std::move(*listener), std::move(group));
}

void CheckpointSocket::add_to(std::vector<pollfd>& watched) const {
    watched.push_back({listener_.get(), POLLIN, 0});
    for (const Speaker& speaker : speakers_) {
        watched.push_back({speaker.connection.get(), POLLIN, 0});
    }
}

void CheckpointSocket::take(const std::function<Status()>& save) {
    accept_all();
    for (Speaker& speaker : speakers_) {
        hear(speaker, save);
    }
    std::erase_if(speakers_, [](const Speaker& speaker) { return speaker.is_over; });
}

// Not for ever, whoever floods the socket.
void CheckpointSocket::accept_all() {
    for (std::size_t i = 0; i < kMostSpeakers; ++i) {
        Descriptor connection(
            accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!connection.open()) {
            return;
        }
        if (speakers_.size() == kMostSpeakers) {
            drop_one();
        }
        const bool of_the_task = is_of_the_task(connection.get(), group_);
        speakers_.push_back({.connection = std::move(connection), .is_of_the_task = of_the_task});
    }
}

// Strangers first, and then who has said nothing for the longest.
void CheckpointSocket::drop_one() {
    const auto stranger = std::ranges::find(speakers_, false, &Speaker::is_of_the_task);
    speakers_.erase(stranger == speakers_.end() ? speakers_.begin() : stranger);
}

// A word ends with its line, or with the connection.
void CheckpointSocket::hear(Speaker& speaker, const std::function<Status()>& save) {
    char buffer[kLongestWord];
    const ssize_t got = recv(speaker.connection.get(), buffer, sizeof buffer, 0);
    if (got < 0) {
        speaker.is_over = errno != EAGAIN && errno != EINTR;
        return;
    }
    speaker.heard.append(buffer, static_cast<std::size_t>(got));
    const std::size_t end = speaker.heard.find('\n');
    if (got > 0 && end == std::string::npos && speaker.heard.size() < kLongestWord) {
        return;
    }
    speaker.is_over = true;
    if (speaker.heard.empty()) {
        return;
    }
    const From from = speaker.is_of_the_task ? From::TheTask : From::Elsewhere;
    const std::string said = answer(from, speaker.heard.substr(0, end), save);
    (void)send(speaker.connection.get(), said.data(), said.size(), MSG_NOSIGNAL);
}

}  // namespace gusu::agent
