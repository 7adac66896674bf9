#include "tools/gusu/own_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace gusu::cli {

std::optional<v1::WindowSize> window_size() {
    winsize size{};
    if (isatty(STDIN_FILENO) == 0 || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) {
        return std::nullopt;
    }
    v1::WindowSize window;
    window.set_rows(size.ws_row);
    window.set_columns(size.ws_col);
    return window;
}

RawTerminal::RawTerminal() {
    termios settings{};
    if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &settings) != 0) {
        return;
    }
    before_ = settings;
    cfmakeraw(&settings);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
}

RawTerminal::~RawTerminal() {
    if (before_) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
    }
}

}  // namespace gusu::cli
