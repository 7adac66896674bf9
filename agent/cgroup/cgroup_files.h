// Reading and writing the files of a control group. Each write is one write(2), as the kernel
// wants it.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::agent::cgroup_files {

// "" where there is no such file.
std::string read(const std::string& path);

// The error names the path, what was written and what the kernel said.
Status write(const std::string& path, const std::string& text);

// Makes base/a, base/a/b, ... for the relative path "a/b". `base` must be there.
Status make_directories(const std::string& base, const std::string& relative);

// The processes in a group and in all groups below it.
std::vector<pid_t> pids_below(const std::string& directory);

// Removes a group and those below it. False while any of them still has a process.
bool remove_tree(const std::string& directory);

// Removes base/a/b and base/a for the relative path "a/b/c", as long as they are empty.
void remove_empty_parents(const std::string& base, const std::string& relative);

// The groups directly below one.
std::vector<std::string> children(const std::string& directory);

}  // namespace gusu::agent::cgroup_files
