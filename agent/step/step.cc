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
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>

#include "agent/enter/frames.h"
#include "agent/supervisor/descriptor.h"

namespace gusu::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSignalBase = 128;
// Tasks of a gang begin one after the other, and a scheduler may be away for a while.
constexpr std::chrono::seconds kAskFor{60};
constexpr std::chrono::milliseconds kAskAgain{200};
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
        // The socket of an agent that is away is there all the same.
        const bool is_refused = errno == ECONNREFUSED || errno == EAGAIN;
        return Error{is_refused ? ErrorCode::Unavailable : ErrorCode::NotFound,
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

// One program in one task. What is to be said to it waits until it runs, so that it can be asked
// for again until then.
class Remote {
public:
    Remote(const Place& place, const ProgramRequest& request)
        : place_(place),
          name_(request.node.empty() ? "task " + std::to_string(request.task)
                                     : "node " + request.node),
          ask_until_(Clock::now() + kAskFor) {
        auto words = to_json(request);
        if (words) {
            request_ = std::move(*words);
            ask();
        } else {
            fail(words.error().message);
        }
    }

    bool is_over() const { return is_over_; }
    int exit_code() const { return exit_code_; }
    const std::string& failure() const { return failure_; }
    bool has_room() const { return is_over_ || to_send_.size() < kMostFrameData; }
    // To be asked for again then.
    const std::optional<Clock::time_point>& ask_at() const { return ask_at_; }
    pollfd watched() const {
        const bool has_words = has_started_ && !to_send_.empty();
        return {socket_.get(), static_cast<short>(POLLIN | (has_words ? POLLOUT : 0)), 0};
    }

    void say(FrameKind kind, std::string_view content) {
        if (!is_over_) {
            to_send_ += to_bytes(kind, content);
        }
    }

    void go_on() {
        if (ask_at_ && Clock::now() >= *ask_at_) {
            ask_at_.reset();
            ask();
        }
        while (has_started_ && !is_over_ && !to_send_.empty()) {
            const ssize_t put = send(socket_.get(), to_send_.data(), to_send_.size(), MSG_NOSIGNAL);
            if (put < 0) {
                return;  // what it has to say of its end can still be heard
            }
            to_send_.erase(0, static_cast<std::size_t>(put));
        }
    }

    void hear(Output output) {
        char bytes[kMostFrameData];
        const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (got > 0) {
            frames_.add({bytes, static_cast<std::size_t>(got)});
        }
        for (auto frame = frames_.next(); frame && socket_.open(); frame = frames_.next()) {
            take(*frame, output);
        }
        if (socket_.open() && (got <= 0 || frames_.is_broken())) {
            lose("the node's agent has closed the connection");
        }
    }

private:
    void ask() {
        auto connection = connect_to(place_.socket);
        if (!connection) {
            const Error& why = connection.error();
            why.code == ErrorCode::Unavailable ? lose(why.message) : fail(why.message);
            return;
        }
        socket_ = std::move(*connection);
        frames_ = FrameReader();
        // Where that fails, what can be heard says why.
        send_frame(socket_.get(), FrameKind::Request, request_);
        fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    }

    void take(const Frame& frame, Output output) {
        if (frame.kind == FrameKind::Started) {
            has_started_ = true;
        } else if (frame.kind == FrameKind::End) {
            const auto end = two_numbers(frame.content);
            exit_code_ = !end              ? kNeverRan
                         : end->second > 0 ? kSignalBase + end->second
                                           : end->first;
            is_over_ = true;
            socket_.reset();
        } else if (frame.kind == FrameKind::NotYet) {
            lose(frame.content);
        } else if (frame.kind == FrameKind::Failure) {
            fail(frame.content);
        } else if (output == Output::Shown && frame.kind == FrameKind::Data) {
            write_all(STDOUT_FILENO, frame.content);
        } else if (output == Output::Shown && frame.kind == FrameKind::ErrorData) {
            write_all(STDERR_FILENO, frame.content);
        }
    }

    // Not for good, as long as it has not begun.
    void lose(const std::string& why) {
        if (has_started_ || Clock::now() >= ask_until_) {
            fail(why);
            return;
        }
        socket_.reset();
        ask_at_ = Clock::now() + kAskAgain;
    }

    void fail(const std::string& why) {
        failure_ = name_ + ": " + why;
        exit_code_ = kNeverRan;
        is_over_ = true;
        socket_.reset();
    }

    const Place& place_;
    const std::string name_;
    const Clock::time_point ask_until_;
    std::string request_;
    Descriptor socket_;
    FrameReader frames_;
    std::optional<Clock::time_point> ask_at_;
    std::string to_send_;
    std::string failure_;
    int exit_code_ = 0;
    bool has_started_ = false;
    bool is_over_ = false;
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
        poll(watched.data(), watched.size(), patience());
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
            remotes_[i].go_on();
        }
    }

    int patience() const {
        const bool some_wait = std::ranges::any_of(
            remotes_, [](const Remote& remote) { return remote.ask_at().has_value(); });
        return some_wait ? static_cast<int>(kAskAgain.count()) : -1;
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
