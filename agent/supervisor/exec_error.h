// Starting a program, and saying in words why it did not start: what stands in the way and what to
// do about it, as a researcher reads it.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace gusu::agent {

// Becomes the program; a name without "/" is looked up in PATH of `environment`. Returns only if
// that failed, with the reason. A file without "#!" is not given to a shell by guess.
std::string exec_program(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment);

// Why execve() of the file at `path` failed with `cause`.
std::string explain_exec_error(const std::string& path, int cause);

}  // namespace gusu::agent
