#include "agent/supervisor/exec_error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr const char* kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

std::string first_line(const std::string& path) {
    const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    char buffer[256];
    const ssize_t got = file.open() ? read(file.get(), buffer, sizeof buffer) : -1;
    const std::string start(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    return start.substr(0, start.find('\n'));
}

std::string interpreter_of(const std::string& line) {
    const std::size_t begin = line.find_first_not_of(" \t", 2);
    const std::size_t end = line.find_first_of(" \t", begin);
    return begin == std::string::npos ? "" : line.substr(begin, end - begin);
}

// The file is there and yet the kernel says that something is not.
std::string explain_missing_interpreter(const std::string& path) {
    const std::string line = first_line(path);
    if (!line.starts_with("#!")) {
        return "the program " + quote(path) +
               " needs a loader that this node does not have: it is built for another system";
    }
    if (line.ends_with('\r')) {
        return "the script " + quote(path) +
               " has Windows line ends (CRLF) in its first line: convert it with \"sed -i "
               "'s/\\r$//'\"";
    }
    return "the interpreter " + quote(interpreter_of(line)) + " of the script " + quote(path) +
           " does not exist on this node";
}

std::string explain_refusal(const std::string& path) {
    struct stat found = {};
    if (stat(path.c_str(), &found) != 0) {
        return "the program " + quote(path) + " cannot be reached: " + std::strerror(errno);
    }
    if (S_ISDIR(found.st_mode)) {
        return "the program " + quote(path) + " is a directory";
    }
    if ((found.st_mode & 0111) == 0) {
        return "the program " + quote(path) + " is not executable: run chmod +x on it";
    }
    const std::string line = first_line(path);
    if (access(path.c_str(), X_OK) == 0 && line.starts_with("#!")) {
        return "the interpreter " + quote(interpreter_of(line)) + " of the script " + quote(path) +
               " is not executable";
    }
    return "the task's user may not execute the program " + quote(path) +
           ", or its file system is mounted noexec";
}

std::string path_of(const std::map<std::string, std::string>& environment) {
    const auto found = environment.find("PATH");
    return found == environment.end() ? kDefaultPath : found->second;
}

std::vector<std::string> candidates(const std::string& program, const std::string& path) {
    if (program.find('/') != std::string::npos) {
        return {program};
    }
    std::vector<std::string> found;
    for (std::size_t begin = 0; begin <= path.size();) {
        const std::size_t end = std::min(path.find(':', begin), path.size());
        // An empty entry is the working directory, as every shell has it.
        const std::string directory = path.substr(begin, end - begin);
        found.push_back((directory.empty() ? "." : directory) + "/" + program);
        begin = end + 1;
    }
    return found;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (std::string& text : strings) {
        list.push_back(text.data());
    }
    list.push_back(nullptr);
    return list;
}

}  // namespace

std::string explain_exec_error(const std::string& path, int cause) {
    switch (cause) {
        case ENOENT:
            return access(path.c_str(), F_OK) == 0
                       ? explain_missing_interpreter(path)
                       : "the program " + quote(path) + " does not exist on this node";
        case EACCES:
            return explain_refusal(path);
        case ENOEXEC:
            return first_line(path).find('\0') == std::string::npos
                       ? "the script " + quote(path) +
                             " does not begin with \"#!\": write \"#!/bin/bash\" in its first line"
                       : "the program " + quote(path) + " is not built for this kind of machine";
        case E2BIG:
            return "the command and environment of " + quote(path) +
                   " are longer than the kernel takes";
        default:
            return "the program " + quote(path) + " cannot be started: " + std::strerror(cause);
    }
}

std::string exec_program(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment) {
    std::vector<std::string> arguments = command;
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) {
        variables.push_back(name + "=" + value);
    }
    const std::vector<char*> argv = pointers(arguments);
    const std::vector<char*> envp = pointers(variables);
    const std::string path = path_of(environment);
    std::string reason;  // of the first file that is there but cannot be started
    for (const std::string& candidate : candidates(command.front(), path)) {
        execve(candidate.c_str(), argv.data(), envp.data());
        const int cause = errno;
        const bool absent = cause == ENOTDIR || access(candidate.c_str(), F_OK) != 0;
        if (!absent && cause != EACCES) {
            return explain_exec_error(candidate, cause);
        }
        if (!absent && reason.empty()) {
            reason = explain_exec_error(candidate, cause);
        }
    }
    if (!reason.empty()) {
        return reason;
    }
    if (command.front().find('/') != std::string::npos) {
        return explain_exec_error(command.front(),
                                  access(command.front().c_str(), F_OK) == 0 ? EACCES : errno);
    }
    return "the program " + quote(command.front()) + " is in no directory of PATH " + quote(path);
}

}  // namespace gusu::agent
