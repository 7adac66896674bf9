// check(condition, "what must hold"): for our own bugs, in release too.
//
// A scheduler that is wrong about who owns a GPU must not go on: it stops, and the journal brings
// it back in the last state that was right.
#pragma once

#include <source_location>
#include <string_view>

namespace gusu {

[[noreturn]] void check_failed(std::string_view what, std::source_location where);

inline void check(bool condition, std::string_view what,
                  std::source_location where = std::source_location::current()) {
    if (!condition) {
        check_failed(what, where);
    }
}

}  // namespace gusu
