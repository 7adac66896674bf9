#include "tools/gusu/exec_signals.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "scheduler/base/check.h"

namespace gusu::cli {
namespace {

constexpr int kEnding[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
constexpr int kOthers[] = {SIGUSR1, SIGUSR2, SIGWINCH};

sigset_t taken_over() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : kEnding) {
        sigaddset(&signals, number);
    }
    for (const int number : kOthers) {
        sigaddset(&signals, number);
    }
    return signals;
}

}  // namespace

ExecSignals::ExecSignals(First first, std::function<void(int)> give_up)
    : first_(first), give_up_(std::move(give_up)) {
    const sigset_t signals = taken_over();
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    signals_ = signalfd(-1, &signals, SFD_CLOEXEC);
    stop_ = eventfd(0, EFD_CLOEXEC);
    check(signals_ >= 0 && stop_ >= 0 && pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0,
          "the system has descriptors for signals");
    thread_ = std::thread([this] { listen(); });
}

ExecSignals::~ExecSignals() {
    const std::uint64_t one = 1;
    check(write(stop_, &one, sizeof one) == sizeof one, "an event is counted");
    thread_.join();
    for (const int file : {signals_, stop_, pipe_[0], pipe_[1]}) {
        close(file);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void ExecSignals::listen() {
    bool gives_up = first_ == First::GivesUp;
    pollfd watched[] = {{signals_, POLLIN, 0}, {stop_, POLLIN, 0}};
    while (true) {
        if (poll(watched, 2, -1) < 0) {
            continue;
        }
        if ((watched[1].revents & POLLIN) != 0) {
            return;
        }
        signalfd_siginfo arrived{};
        if (read(signals_, &arrived, sizeof arrived) != sizeof arrived) {
            continue;
        }
        const int number = static_cast<int>(arrived.ssi_signo);
        const bool is_ending = std::ranges::find(kEnding, number) != std::end(kEnding);
        if (is_ending && std::exchange(gives_up, true)) {
            give_up_(number);
            continue;
        }
        const auto byte = static_cast<unsigned char>(number);
        (void)!write(pipe_[1], &byte, 1);  // one that finds it full would say nothing new
    }
}

}  // namespace gusu::cli
