#include <unistd.h>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iostream>

#include "agent/gpucheck/checks.h"

namespace {

using gusu::gpucheck::Options;
using gusu::gpucheck::Output;

void give_up(int /*signal*/) {
    // A driver that hangs lets go of no thread, so nothing is tidied up.
    constexpr const char* kMessage = "gusu-gpucheck: it took longer than --timeout allows\n";
    if (::write(STDERR_FILENO, kMessage, std::strlen(kMessage)) < 0) {
        _exit(gusu::gpucheck::kLost);
    }
    _exit(gusu::gpucheck::kLost);
}

// SIGTERM and SIGINT are waited for where memory is held, and end the program as usual elsewhere.
void hold(std::chrono::seconds at_most) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    if (at_most.count() == 0) {
        int signal = 0;
        sigwait(&signals, &signal);
        return;
    }
    const timespec wait{.tv_sec = at_most.count(), .tv_nsec = 0};
    sigtimedwait(&signals, nullptr, &wait);
}

int act(const Options& options) {
    if (options.timeout.count() > 0) {
        std::signal(SIGALRM, give_up);
        ::alarm(static_cast<unsigned int>(options.timeout.count()));
    }
    // With --json the lines are for people who wait: they go to the other stream.
    std::ostream& lines = options.output == Output::Json ? std::cerr : std::cout;
    const auto report = gusu::gpucheck::run(
        options, {.line = [&](const std::string& line) { lines << line << std::endl; },
                  .hold = [&] { hold(options.hold); }});
    if (options.output == Output::Json) {
        std::cout << to_json(report) << std::flush;
    }
    return exit_code(report);
}

}  // namespace

int main(int count, char** words) {
    const auto parsed = gusu::gpucheck::parse_options(count, words);
    if (const int* code = std::get_if<int>(&parsed)) {
        return *code;
    }
    return act(std::get<Options>(parsed));
}
