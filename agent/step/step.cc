#include "agent/step/step.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "agent/enter/frames.h"
#include "agent/supervisor/descriptor.h"

namespace gusu::agent {
namespace {

constexpr int kSignalBase = 128;
constexpr int kPassedOn[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

sigset_t passed_on() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : kPassedOn) {
        sigaddset(&signals, number);
    }
    return signals;
}

Result<Descriptor> connect_to(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return Error{ErrorCode::InvalidArgument, path + " is too long for a socket"};
    }
    path.copy(address.sun_path, path.size());
    Descriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
        return Error{ErrorCode::Unavailable,
                     "the node's agent does not answer at " + path + ": " + std::strerror(errno)};
    }
    return connection;
}

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = write(file, text.data(), text.size());
        if (put < 0 && errno != EINTR) {
            return;  // nobody reads it any more
        }
        text.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
    }
}

enum class Output { Shown, Dropped };

// One program in one task.
class Remote {
public:
    Remote(const Place& place, const ProgramRequest& request)
        : name_(request.node.empty() ? "task " + std::to_string(request.task)
                                     : "node " + request.node) {
        const auto words = to_json(request);
        auto connection = connect_to(place.socket);
        if (!words || !connection) {
            fail(words ? connection.error().message : words.error().message);
            return;
        }
        socket_ = std::move(*connection);
        if (!send_frame(socket_.get(), FrameKind::Request, *words)) {
            fail("the node's agent has closed the connection");
        }
        fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    }

    bool is_over() const { return !socket_.open(); }
    int exit_code() const { return exit_code_; }
    const std::string& failure() const { return failure_; }
    bool has_room() const { return is_over() || to_send_.size() < kMostFrameData; }
    pollfd watched() const {
        const auto events = POLLIN | (to_send_.empty() ? 0 : POLLOUT);
        return {socket_.get(), static_cast<short>(events), 0};
    }

    void say(FrameKind kind, std::string_view content) {
        if (!is_over()) {
            to_send_ += to_bytes(kind, content);
        }
    }

    void send_on() {
        while (!is_over() && !to_send_.empty()) {
            const ssize_t put = send(socket_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
            if (put < 0) {
                return;  // what it has to say of its end can still be heard
            }
            to_send_.erase(0, static_cast<std::size_t>(put));
        }
    }

    void hear(Output output) {
        char bytes[kMostFrameData];
        const ssize_t got = is_over() ? 0 : recv(socket_.get(), bytes, sizeof bytes, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (got > 0) {
            frames_.add({bytes, static_cast<std::size_t>(got)});
        }
        for (auto frame = frames_.next(); frame && !is_over(); frame = frames_.next()) {
            take(*frame, output);
        }
        if (!is_over() && (got <= 0 || frames_.is_broken())) {
            fail("the node's agent has closed the connection");
        }
    }

private:
    void take(const Frame& frame, Output output) {
        if (frame.kind == FrameKind::End) {
            const auto end = two_numbers(frame.content);
            exit_code_ = !end              ? kNeverRan
                         : end->second > 0 ? kSignalBase + end->second
                                           : end->first;
            socket_.reset();
        } else if (frame.kind == FrameKind::Failure) {
            fail(frame.content);
        } else if (output == Output::Shown && frame.kind == FrameKind::Data) {
            write_all(STDOUT_FILENO, frame.content);
        } else if (output == Output::Shown && frame.kind == FrameKind::ErrorData) {
            write_all(STDERR_FILENO, frame.content);
        }
    }

    void fail(const std::string& why) {
        failure_ = name_ + ": " + why;
        exit_code_ = kNeverRan;
        socket_.reset();
    }

    const std::string name_;
    Descriptor socket_;
    FrameReader frames_;
    std::string to_send_;
    std::string failure_;
    int exit_code_ = 0;
};

class Step {
public:
    Step(const Place& place, const std::vector<ProgramRequest>& requests, Output output)
        : output_(output), takes_input_(output == Output::Shown) {
        const sigset_t signals = passed_on();
        sigprocmask(SIG_BLOCK, &signals, nullptr);
        signals_ = Descriptor(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
        remotes_.reserve(requests.size());
        for (const ProgramRequest& request : requests) {
            remotes_.emplace_back(place, request);
        }
        if (!takes_input_) {
            say_to_all(FrameKind::NothingMore, "");
        }
    }

    const std::vector<Remote>& run() {
        while (!std::ranges::all_of(remotes_, &Remote::is_over)) {
            round();
        }
        return remotes_;
    }

private:
    void round() {
        const bool wants_input = takes_input_ && std::ranges::all_of(remotes_, &Remote::has_room);
        std::vector<pollfd> watched = {{signals_.get(), POLLIN, 0},
                                       {wants_input ? STDIN_FILENO : -1, POLLIN, 0}};
        std::ranges::transform(remotes_, std::back_inserter(watched), &Remote::watched);
        poll(watched.data(), watched.size(), -1);
        if (watched[0].revents != 0) {
            pass_signals_on();
        }
        if (watched[1].revents != 0) {
            pass_input_on();
        }
        for (std::size_t i = 0; i < remotes_.size(); ++i) {
            if (watched[i + 2].revents != 0) {
                remotes_[i].hear(output_);
            }
            remotes_[i].send_on();
        }
    }

    void pass_signals_on() {
        signalfd_siginfo got = {};
        while (read(signals_.get(), &got, sizeof got) == sizeof got) {
            const int number = static_cast<int>(got.ssi_signo);
            if (number == SIGINT && was_interrupted_) {
                _exit(kSignalBase + number);
            }
            was_interrupted_ = was_interrupted_ || number == SIGINT;
            say_to_all(FrameKind::Signal, std::to_string(number));
        }
    }

    void pass_input_on() {
        char bytes[kMostFrameData];
        const ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got > 0) {
            say_to_all(FrameKind::Data, {bytes, static_cast<std::size_t>(got)});
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            takes_input_ = false;
            say_to_all(FrameKind::NothingMore, "");
        }
    }

    void say_to_all(FrameKind kind, std::string_view content) {
        for (Remote& remote : remotes_) {
            remote.say(kind, content);
        }
    }

    const Output output_;
    bool takes_input_;
    bool was_interrupted_ = false;
    Descriptor signals_;
    std::vector<Remote> remotes_;
};

}  // namespace

int run_step(const Place& place, const std::vector<ProgramRequest>& requests) {
    Step step(place, requests, Output::Shown);
    int worst = 0;
    for (const Remote& remote : step.run()) {
        if (!remote.failure().empty()) {
            std::fprintf(stderr, "gusu-step: %s\n", remote.failure().c_str());
        }
        worst = std::max(worst, remote.exit_code());
    }
    return worst;
}

std::vector<ProgramRequest> run_quietly(const Place& place,
                                        const std::vector<ProgramRequest>& requests) {
    Step step(place, requests, Output::Dropped);
    const std::vector<Remote>& remotes = step.run();
    std::vector<ProgramRequest> failed;
    for (std::size_t i = 0; i < remotes.size(); ++i) {
        if (remotes[i].exit_code() != 0) {
            failed.push_back(requests[i]);
        }
    }
    return failed;
}

}  // namespace gusu::agent
