// One log per program, on stderr: one line an event, "key=value" pairs after the message.
//
// Lines that repeat (but for their pairs) are counted and folded, so that a broken peer cannot fill
// a disk.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace gusu {

// level: trace, debug, info, warn, error.
void open_log(const std::string& program, const std::string& level);

}  // namespace gusu
