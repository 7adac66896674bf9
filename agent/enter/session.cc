#include "agent/enter/session.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/enter/enter.h"
#include "agent/enter/frames.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kHangUpGrace{5};
constexpr std::chrono::milliseconds kKillAgain{50};
// What is kept of either direction before its source is read again.
constexpr std::size_t kMostKept = 2 * kMostFrameData;
// Of a program that has ended, whose children go on writing.
constexpr std::int64_t kMostLastWords = std::int64_t{4} << 20;

sigset_t child_ends() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    return signals;
}

// One that is over keeps its number until its parent has taken leave of it.
void kill_session(pid_t leader) {
    kill(-leader, SIGKILL);
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator("/proc", failure)) {
        const auto number = parse_integer(entry.path().filename().string(), 2, 1 << 30);
        if (number && getsid(static_cast<pid_t>(*number)) == leader) {
            kill(static_cast<pid_t>(*number), SIGKILL);
        }
    }
}

class Session {
public:
    // The reader may have taken more than the request.
    Session(Descriptor socket, FrameReader frames, Descriptor supervisor, Entered program)
        : frames_(std::move(frames)),
          socket_(std::move(socket)),
          supervisor_(std::move(supervisor)),
          is_terminal_(!program.error.open()),
          program_(std::move(program)) {
        const sigset_t signals = child_ends();
        signals_ = Descriptor(signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC));
        fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
        to_agent_ = to_bytes(FrameKind::Started);
        obey_all();
    }

    void run() {
        while (!is_over()) {
            wait();
            obey();
            give_input();
            take_output(program_.output, FrameKind::Data);
            take_output(program_.error, FrameKind::ErrorData);
            reap();
            speak();
            keep_deadline();
        }
    }

private:
    bool has_output() const { return program_.output.open() || program_.error.open(); }
    bool is_over() const {
        const bool is_told = told_end_ && to_agent_.empty();
        return ended_ && (is_told || !socket_.open());
    }

    void wait() {
        const auto events =
            (to_program_.size() < kMostKept ? POLLIN : 0) | (to_agent_.empty() ? 0 : POLLOUT);
        std::vector<pollfd> watched = {{signals_.get(), POLLIN, 0},
                                       {is_task_over_ ? -1 : supervisor_.get(), POLLIN, 0},
                                       {socket_.get(), static_cast<short>(events), 0}};
        if (to_agent_.size() < kMostKept) {
            for (const Descriptor* end : {&program_.output, &program_.error}) {
                if (end->open()) {
                    watched.push_back({end->get(), POLLIN, 0});
                }
            }
        }
        const Descriptor& input = input_end();
        if (!to_program_.empty() && input.open()) {
            watched.push_back({input.get(), POLLOUT, 0});
        }
        poll(watched.data(), watched.size(), patience());
        // A supervisor that is over leaves nothing of its task.
        if (watched[1].revents != 0 && !std::exchange(is_task_over_, true) && !ended_) {
            kill_session(program_.pid);
        }
        if ((watched[2].revents & (POLLHUP | POLLERR)) != 0 && !ended_) {
            hang_up();
        }
    }

    // What a dead program has said is there at once.
    int patience() const {
        if (ended_ && !told_end_ && to_agent_.size() < kMostKept) {
            return 0;
        }
        if (!kill_at_) {
            return -1;
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*kill_at_ - Clock::now());
        return static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }

    const Descriptor& input_end() const { return is_terminal_ ? program_.output : program_.input; }

    void obey() {
        while (socket_.open() && to_program_.size() < kMostKept) {
            char bytes[kMostFrameData];
            const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
            }
            if (got <= 0) {
                hang_up();
                return;
            }
            frames_.add({bytes, static_cast<std::size_t>(got)});
            obey_all();
        }
    }

    void obey_all() {
        while (const auto frame = frames_.next()) {
            obey(*frame);
        }
        if (frames_.is_broken()) {
            hang_up();
        }
    }

    void obey(const Frame& frame) {
        if (frame.kind == FrameKind::Data && !no_more_input_) {
            to_program_ += frame.content;
        } else if (frame.kind == FrameKind::NothingMore) {
            no_more_input_ = true;
        } else if (frame.kind == FrameKind::Resize) {
            resize(frame.content);
        } else if (frame.kind == FrameKind::Signal) {
            const auto number = parse_integer(frame.content, 1, SIGRTMAX);
            if (number && !ended_) {
                kill(-program_.pid, static_cast<int>(*number));
            }
        }
    }

    void resize(const std::string& text) {
        const auto size = two_numbers(text);
        if (!size || !is_terminal_ || !program_.output.open()) {
            return;
        }
        winsize window = {};
        window.ws_row = static_cast<unsigned short>(size->first);
        window.ws_col = static_cast<unsigned short>(size->second);
        ioctl(program_.output.get(), TIOCSWINSZ, &window);
    }

    void give_input() {
        const Descriptor& input = input_end();
        while (!to_program_.empty() && input.open()) {
            const ssize_t put = write(input.get(), to_program_.data(), to_program_.size());
            if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
            }
            if (put < 0) {
                drop_input();  // it does not read any more
                return;
            }
            to_program_.erase(0, static_cast<std::size_t>(put));
        }
        if (to_program_.empty() && no_more_input_) {
            end_input();
        }
    }

    void drop_input() {
        to_program_.clear();
        no_more_input_ = true;
        program_.input.reset();
    }

    // A terminal has no end; it is typed, as by hand.
    void end_input() {
        if (is_terminal_ && program_.output.open() && !typed_end_) {
            typed_end_ = true;
            termios settings = {};
            if (tcgetattr(program_.output.get(), &settings) == 0 &&
                (settings.c_lflag & ICANON) != 0) {
                to_program_ += static_cast<char>(settings.c_cc[VEOF]);
            }
        }
        program_.input.reset();
    }

    void take_output(Descriptor& from, FrameKind kind) {
        if (!from.open() || to_agent_.size() >= kMostKept) {
            return;
        }
        char bytes[kMostFrameData];
        const ssize_t got = read(from.get(), bytes, sizeof bytes);
        if (got > 0) {
            last_words_ += ended_ ? got : 0;
            to_agent_ += to_bytes(kind, {bytes, static_cast<std::size_t>(got)});
        }
        const bool is_empty = got < 0 && (errno == EAGAIN || errno == EINTR);
        if ((got <= 0 && !is_empty) || (ended_ && (is_empty || last_words_ > kMostLastWords))) {
            from.reset();
        }
    }

    void reap() {
        signalfd_siginfo ignored = {};
        while (read(signals_.get(), &ignored, sizeof ignored) == sizeof ignored) {
        }
        if (!ended_) {
            int status = 0;
            if (waitpid(program_.pid, &status, WNOHANG) == program_.pid) {
                ended_ = true;
                status_ = status;
            }
            return;
        }
        if (!has_output() && !told_end_) {
            told_end_ = true;
            const int signal = WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
            const int code = WIFSIGNALED(status_) ? 0 : WEXITSTATUS(status_);
            to_agent_ +=
                to_bytes(FrameKind::End, std::to_string(code) + " " + std::to_string(signal));
        }
    }

    void speak() {
        while (socket_.open() && !to_agent_.empty()) {
            const ssize_t put =
                send(socket_.get(), to_agent_.data(), to_agent_.size(), MSG_NOSIGNAL);
            if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
                return;
            }
            if (put < 0) {
                hang_up();
                return;
            }
            to_agent_.erase(0, static_cast<std::size_t>(put));
        }
    }

    void hang_up() {
        socket_.reset();
        to_agent_.clear();
        drop_input();
        program_.output.reset();
        program_.error.reset();
        if (!ended_) {
            kill(-program_.pid, SIGHUP);
            kill(-program_.pid, SIGCONT);  // who is stopped cannot end
            kill_at_ = Clock::now() + kHangUpGrace;
        }
    }

    void keep_deadline() {
        if (kill_at_ && !ended_ && Clock::now() >= *kill_at_) {
            kill_session(program_.pid);
            kill_at_ = Clock::now() + kKillAgain;
        }
    }

    FrameReader frames_;
    Descriptor socket_;
    Descriptor supervisor_;
    const bool is_terminal_;
    Entered program_;
    Descriptor signals_;
    std::string to_program_;
    std::string to_agent_;
    bool no_more_input_ = false;
    bool typed_end_ = false;
    bool is_task_over_ = false;
    bool ended_ = false;
    bool told_end_ = false;
    int status_ = 0;
    std::int64_t last_words_ = 0;
    std::optional<Clock::time_point> kill_at_;
};

struct Ends {
    const Descriptor& socket;
    const Descriptor& supervisor;
};

Result<Entered> start(const fs::path& directory, const Ends& ends, FrameReader& reader) {
    const auto frame = receive_frame(ends.socket.get(), reader);
    if (!frame || frame->kind != FrameKind::Request) {
        return Error{ErrorCode::InvalidArgument, "nothing was asked for"};
    }
    const auto request = read_program_request(frame->content);
    if (!request) {
        return request.error();
    }
    const auto site = find_site(directory, ends.supervisor);
    if (!site) {
        return site.error();
    }
    return enter_task(*site, *request);
}

}  // namespace

void hold_session_signals() {
    const sigset_t signals = child_ends();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    for (const int number : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTOU}) {
        signal(number, SIG_IGN);
    }
}

void run_session(const fs::path& directory, Descriptor socket, Descriptor supervisor) {
    FrameReader reader;
    Result<Entered> entered =
        start(directory, {.socket = socket, .supervisor = supervisor}, reader);
    if (!entered) {
        send_frame(socket.get(), FrameKind::Failure, entered.error().message);
        return;
    }
    Session(std::move(socket), std::move(reader), std::move(supervisor), std::move(*entered)).run();
}

}  // namespace gusu::agent
