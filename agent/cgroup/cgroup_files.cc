#include "agent/cgroup/cgroup_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

namespace gusu::agent::cgroup_files {
namespace {

constexpr int kRounds = 100;

}  // namespace

std::string read(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return "";
    }
    std::string text;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(file, buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    close(file);
    return text;
}

Status write(const std::string& path, const std::string& text) {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const ssize_t put = file < 0 ? -1 : ::write(file, text.data(), text.size());
    const int cause = errno;
    if (file >= 0) {
        close(file);
    }
    if (put < 0) {
        return Error{ErrorCode::Unavailable,
                     "cannot write \"" + text + "\" to " + path + ": " + std::strerror(cause)};
    }
    return Done{};
}

Status make_directories(const std::string& base, const std::string& relative) {
    // Another task that ends may remove an empty parent between our two mkdirs.
    for (int round = 0; round < kRounds; ++round) {
        std::size_t end = 0;
        int cause = 0;
        while (end != std::string::npos && cause == 0) {
            end = relative.find('/', end + 1);
            const std::string directory = base + "/" + relative.substr(0, end);
            cause = mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST ? 0 : errno;
        }
        if (cause == 0) {
            return Done{};
        }
        if (cause != ENOENT) {
            return Error{ErrorCode::Unavailable, "cannot make the control group " + base + "/" +
                                                     relative + ": " + std::strerror(cause)};
        }
    }
    return Error{ErrorCode::Unavailable, "cannot make the control group " + base + "/" + relative +
                                             ": its parent goes away again and again"};
}

std::vector<std::string> children(const std::string& directory) {
    std::vector<std::string> found;
    DIR* const listing = opendir(directory.c_str());
    if (listing == nullptr) {
        return found;
    }
    while (const dirent* entry = readdir(listing)) {
        const std::string name = entry->d_name;
        if (entry->d_type == DT_DIR && name != "." && name != "..") {
            found.push_back(directory + "/" + name);
        }
    }
    closedir(listing);
    return found;
}

std::vector<pid_t> pids_below(const std::string& directory) {
    std::vector<pid_t> pids;
    std::istringstream own(read(directory + "/cgroup.procs"));
    for (pid_t pid = 0; own >> pid;) {
        if (pid > 0) {  // 0 is a process outside of our pid namespace
            pids.push_back(pid);
        }
    }
    for (const std::string& child : children(directory)) {
        const std::vector<pid_t> below = pids_below(child);
        pids.insert(pids.end(), below.begin(), below.end());
    }
    return pids;
}

bool remove_tree(const std::string& directory) {
    if (rmdir(directory.c_str()) == 0 || errno == ENOENT) {
        return true;
    }
    for (const std::string& child : children(directory)) {
        if (!remove_tree(child)) {
            return false;
        }
    }
    return rmdir(directory.c_str()) == 0 || errno == ENOENT;
}

void remove_empty_parents(const std::string& base, const std::string& relative) {
    std::size_t end = relative.rfind('/');
    while (end != std::string::npos && rmdir((base + "/" + relative.substr(0, end)).c_str()) == 0) {
        end = end == 0 ? std::string::npos : relative.rfind('/', end - 1);
    }
}

}  // namespace gusu::agent::cgroup_files
