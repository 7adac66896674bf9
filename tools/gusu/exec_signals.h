// The signals that a program in a task is to have in place of this one.
#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace gusu::cli {

// While it lives, SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 and SIGWINCH are bytes with
// their number to be read from file(). The second of the first four calls `give_up` with its
// number: whoever reads may be held up. Make it before anything that starts threads: they inherit
// the mask by which the signals reach nobody else.
class ExecSignals {
public:
    enum class First { IsPassedOn, GivesUp };
    // GivesUp: a terminal tells of keys by itself, and what else comes is meant for this program.
    ExecSignals(First first, std::function<void(int)> give_up);
    ~ExecSignals();
    ExecSignals(const ExecSignals&) = delete;
    ExecSignals& operator=(const ExecSignals&) = delete;

    int file() const { return pipe_[0]; }

private:
    void listen();

    const First first_;
    const std::function<void(int)> give_up_;
    sigset_t before_{};
    int signals_ = -1;
    int stop_ = -1;
    int pipe_[2] = {-1, -1};
    std::thread thread_;
};

}  // namespace gusu::cli
