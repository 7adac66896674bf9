#include "tools/gusu/exec_commands.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "scheduler/base/check.h"
#include "tools/gusu/exec_signals.h"
#include "tools/gusu/own_terminal.h"

namespace gusu::cli {
namespace {

constexpr std::size_t kMostInput = std::size_t{32} << 10;
constexpr int kDefaultRows = 24;
constexpr int kDefaultColumns = 80;

bool write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(file, text.data(), text.size());
        if (put < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
    }
    return true;
}

// Between our own streams and the program's.
class Conversation final : public ExecConversation {
public:
    explicit Conversation(const ExecWords& words)
        : signals_(words.terminal ? ExecSignals::First::GivesUp : ExecSignals::First::IsPassedOn,
                   [this](int number) { give_up(number); }),
          takes_input_(words.interactive),
          is_terminal_(words.terminal),
          is_raw_(words.terminal && words.interactive),
          hushed_(eventfd(0, EFD_CLOEXEC)) {
        check(hushed_ >= 0, "the system has descriptors for events");
    }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    ~Conversation() override { ::close(hushed_); }

    void speak(const Say& say) override {
        if (!takes_input_) {
            say(nothing_more());
        }
        for (bool goes_on = true; goes_on;) {
            pollfd watched[] = {{hushed_, POLLIN, 0},
                                {signals_.file(), POLLIN, 0},
                                {takes_input_ ? STDIN_FILENO : -1, POLLIN, 0}};
            if (poll(watched, 3, -1) < 0) {
                continue;
            }
            goes_on = watched[0].revents == 0;
            if (goes_on && watched[1].revents != 0) {
                goes_on = pass_signal_on(say);
            }
            if (goes_on && watched[2].revents != 0) {
                goes_on = pass_input_on(say);
            }
        }
    }

    void hush() override {
        const std::uint64_t one = 1;
        check(::write(hushed_, &one, sizeof one) == sizeof one, "an event is counted");
    }

    Client::Go hear(const v1::ExecOutput& output) override {
        bool is_heard = true;
        if (output.has_started()) {
            begin();
        } else if (output.has_end()) {
            end_ = output.end();
        } else if (output.has_data()) {
            is_heard = write_all(STDOUT_FILENO, output.data());
        } else if (output.has_error_data()) {
            is_heard = write_all(STDERR_FILENO, output.error_data());
        }
        if (!is_heard) {
            given_up_ = SIGPIPE;
        }
        return is_heard ? Client::Go::On : Client::Go::Stop;
    }

    void cancel_by(std::function<void()> cancel) override {
        const std::lock_guard lock(mutex_);
        cancel_ = std::move(cancel);
    }

    // Our terminal is as it was before.
    void restore_terminal() { raw_.reset(); }

    const std::optional<v1::ExecEnd>& end() const { return end_; }
    // The signal for which this program gave up; 0: it did not.
    int given_up() const { return given_up_; }

private:
    static v1::ExecInput nothing_more() {
        v1::ExecInput input;
        input.set_end(true);
        return input;
    }

    // Not before: until then Ctrl-C is for this program.
    void begin() {
        if (is_raw_) {
            raw_.emplace();
        }
        const std::lock_guard lock(mutex_);
        has_begun_ = true;
    }

    bool pass_signal_on(const Say& say) {
        unsigned char number = 0;
        if (::read(signals_.file(), &number, 1) != 1) {
            return true;
        }
        v1::ExecInput input;
        if (number != SIGWINCH) {
            input.set_signal(number);
        } else if (const auto size = window_size(); is_terminal_ && size) {
            *input.mutable_resize() = *size;
        } else {
            return true;
        }
        return say(std::move(input));
    }

    bool pass_input_on(const Say& say) {
        std::string bytes(kMostInput, '\0');
        const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            return true;
        }
        if (got <= 0) {
            takes_input_ = false;
            return say(nothing_more());
        }
        bytes.resize(static_cast<std::size_t>(got));
        v1::ExecInput input;
        input.set_data(std::move(bytes));
        return say(std::move(input));
    }

    void give_up(int number) {
        given_up_ = number;
        const std::lock_guard lock(mutex_);
        if (cancel_ != nullptr) {
            cancel_();
        } else if (!has_begun_) {
            _exit(kSignalBase + number);
        }
    }

    ExecSignals signals_;
    bool takes_input_;
    const bool is_terminal_;
    const bool is_raw_;
    std::optional<RawTerminal> raw_;
    const int hushed_;
    std::optional<v1::ExecEnd> end_;
    std::atomic<int> given_up_ = 0;
    std::mutex mutex_;
    std::function<void()> cancel_;
    bool has_begun_ = false;
};

Result<v1::ExecTaskStart> start_of(const ExecWords& words) {
    v1::ExecTaskStart start;
    start.set_job_id(words.job_id);
    start.set_task(words.task);
    v1::ExecProgram& program = *start.mutable_program();
    program.mutable_command()->Assign(words.command.begin(), words.command.end());
    for (const std::string& text : words.environment) {
        const std::size_t equals = text.find('=');
        const char* const here = std::getenv(text.c_str());
        if (equals == std::string::npos && here == nullptr) {
            return Error{ErrorCode::InvalidArgument, "--env " + text + ": there is no variable " +
                                                         text + " here; write " + text + "=VALUE"};
        }
        (*program.mutable_env())[text.substr(0, equals)] =
            equals == std::string::npos ? here : text.substr(equals + 1);
    }
    if (words.terminal) {
        const char* const type = std::getenv("TERM");
        program.mutable_terminal()->set_type(type == nullptr || *type == '\0' ? "xterm" : type);
        v1::WindowSize& size = *program.mutable_terminal()->mutable_size();
        size.set_rows(kDefaultRows);
        size.set_columns(kDefaultColumns);
        if (const auto own = window_size()) {
            size = *own;
        }
    }
    return start;
}

}  // namespace

int exec(Session& session, const ExecWords& words) {
    if (words.command.empty()) {
        return session.misuse("exec needs a command: gusu exec " + words.job_id + " -- COMMAND");
    }
    if (words.terminal && words.interactive && isatty(STDIN_FILENO) == 0) {
        return session.misuse(
            "stdin is no terminal, so the program cannot have one with it; leave out -t, or for "
            "`shell` use `gusu exec -i JOB -- sh`");
    }
    const auto start = start_of(words);
    if (!start) {
        return session.misuse(start.error().message);
    }
    Conversation conversation(words);
    const Status ended = session.client().exec(*start, conversation).status;
    conversation.restore_terminal();
    if (conversation.given_up() != 0) {
        return kSignalBase + conversation.given_up();
    }
    if (!ended) {
        return session.fail(ended.error());
    }
    if (!conversation.end()) {
        return session.fail(
            Error{ErrorCode::Internal,
                  "the program's end was not told; see the log of its node's agent"});
    }
    const v1::ExecEnd& end = *conversation.end();
    return end.signal() != 0 ? kSignalBase + end.signal() : end.exit_code();
}

int shell(Session& session, ExecWords words) {
    words.interactive = true;
    words.terminal = true;
    words.command = {"/bin/sh", "-c",
                     "test -n \"$SHELL\" && test -x \"$SHELL\" && exec \"$SHELL\"; "
                     "command -v bash >/dev/null && exec bash; exec sh"};
    return exec(session, words);
}

}  // namespace gusu::cli
