// Ctrl-C and SIGTERM as something to do instead of the end of the process.
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace gusu::cli {

// While it lives, SIGINT, SIGTERM and SIGHUP call `first` on a thread of its own; a second one ends
// the process with 130. Make it before anything that starts threads: they inherit the mask by which
// the signals reach nobody else.
class Interrupt {
public:
    explicit Interrupt(std::function<void()> first);
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

private:
    void listen() const;

    std::function<void()> first_;
    sigset_t before_{};
    int signals_ = -1;
    int stop_ = -1;
    std::thread thread_;
};

}  // namespace gusu::cli
