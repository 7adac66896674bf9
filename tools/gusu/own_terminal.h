// The terminal that this program runs in.
#pragma once

#include <termios.h>

#include <optional>

#include "gusu/v1/exec.pb.h"

namespace gusu::cli {

// Of stdin; nothing if it is none.
std::optional<v1::WindowSize> window_size();

// While it lives, every key goes through as it is typed; afterwards the terminal is as it was.
class RawTerminal {
public:
    // Does nothing unless stdin is a terminal.
    RawTerminal();
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

private:
    std::optional<termios> before_;
};

}  // namespace gusu::cli
