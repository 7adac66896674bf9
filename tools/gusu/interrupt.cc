#include "tools/gusu/interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "scheduler/base/check.h"
#include "tools/gusu/session.h"

namespace gusu::cli {
namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    return signals;
}

}  // namespace

Interrupt::Interrupt(std::function<void()> first) : first_(std::move(first)) {
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    signals_ = signalfd(-1, &signals, SFD_CLOEXEC);
    stop_ = eventfd(0, EFD_CLOEXEC);
    check(signals_ >= 0 && stop_ >= 0, "the system has descriptors for signals");
    thread_ = std::thread([this] { listen(); });
}

Interrupt::~Interrupt() {
    const std::uint64_t one = 1;
    check(write(stop_, &one, sizeof one) == sizeof one, "an event is counted");
    thread_.join();
    close(signals_);
    close(stop_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::listen() const {
    bool asked = false;
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
        if (asked) {
            _exit(kInterrupted);
        }
        asked = true;
        first_();
    }
}

}  // namespace gusu::cli
