#include "agent/container/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "agent/container/engine.h"
#include "agent/container/output_copy.h"
#include "agent/supervisor/boot_clock.h"
#include "agent/supervisor/records.h"

namespace gusu::agent {
namespace {

constexpr int kNeverRan = 125;
constexpr int kAgain = 200;  // milliseconds
constexpr std::chrono::milliseconds kTellEvery{500};
constexpr int kForwarded[] = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                              SIGUSR2, SIGCONT, SIGTSTP, SIGWINCH};

sigset_t forwarded_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : kForwarded) {
        sigaddset(&signals, number);
    }
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
        sigaddset(&signals, number);
    }
    return signals;
}

void write_all(int file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = write(file, text.data(), text.size());
        if (put < 0 && errno != EINTR) {
            return;  // nobody hears it any more
        }
        text.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
    }
}

void leave_note(const std::filesystem::path& file, const std::string& text) {
    const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    write_all(opened, text);
    close(opened);
}

// In one step, so that whoever watches the folder finds all of it. That it may get lost is no harm.
void replace_note(const std::filesystem::path& file, const std::string& text) {
    const std::filesystem::path whole = file.string() + ".new";
    leave_note(whole, text);
    (void)::rename(whole.c_str(), file.c_str());
}

// "oom_kill 1" in a file of a group's.
bool tells_of_oom(const std::filesystem::path& file) {
    std::ifstream lines(file);
    std::string word;
    std::int64_t number = 0;
    while (lines >> word >> number) {
        if (word == "oom_kill" && number > 0) {
            return true;
        }
    }
    return false;
}

// Of a group below the one in which podman makes the container's, by version 2 or 1.
bool was_out_of_memory(const std::string& cgroup_parent) {
    std::error_code failure;
    for (const char* const hierarchy : {"/sys/fs/cgroup", "/sys/fs/cgroup/memory"}) {
        const std::filesystem::path parent = hierarchy + cgroup_parent;
        for (const auto& group : std::filesystem::directory_iterator(parent, failure)) {
            if (tells_of_oom(group.path() / "memory.events") ||
                tells_of_oom(group.path() / "memory.oom_control")) {
                return true;
            }
        }
    }
    return false;
}

class ContainerLife {
public:
    ContainerLife(const ContainerOrder& order, std::filesystem::path directory)
        : order_(order), directory_(std::move(directory)) {}

    int live() {
        std::thread([this] { forward_signals(); }).detach();
        if (const Status opened = open_copies(); !opened) {
            return never_ran(opened.error());
        }
        if (const Status made = make(); !made) {
            return never_ran(made.error());
        }
        if (const Status started = hear_from_the_start(); !started) {
            return never_ran(started.error());
        }
        // By then the program is over; its group may go at any moment.
        const bool out_of_memory = was_out_of_memory(order_.cgroup_parent);
        const Engine::State ended = wait_for_end();
        if (ended.out_of_memory || out_of_memory) {
            leave_note(directory_ / kContainerOutOfMemory, "");
        }
        remove();
        return ended.exit_code;
    }

private:
    Status open_copies() {
        for (const auto& [path, copy] :
             {std::pair(&order_.output, &output_copy_), std::pair(&order_.error, &error_copy_)}) {
            auto opened = open_output_copy(order_, *path);
            if (!opened) {
                return opened.error();
            }
            *copy = std::move(*opened);
        }
        return Done{};
    }

    void hear(Stream stream, std::string_view piece) const {
        write_all(stream == Stream::Error ? STDERR_FILENO : STDOUT_FILENO, piece);
        const bool apart = stream == Stream::Error && !order_.error.empty();
        if (const Descriptor& copy = apart ? error_copy_ : output_copy_; copy.open()) {
            write_all(copy.get(), piece);
        }
    }

    // For whoever asks why it does not run yet.
    void tell_progress(const std::string& what) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= tell_again_) {
            tell_again_ = now + kTellEvery;
            replace_note(directory_ / kContainerWaits, what);
        }
    }

    Status make() {
        auto engine = find_engine(order_.socket);
        if (!engine) {
            return engine.error();
        }
        engine_ = std::move(*engine);
        const auto has = engine_->has_image(order_.image);
        if (!has) {
            return has.error();
        }
        if (!*has) {
            const std::string pulling = "pulling image " + order_.image;
            write_all(STDERR_FILENO, "gusu: " + pulling + "\n");
            tell_progress(pulling);
            const Status pulled = engine_->pull(order_.image, [&](const std::string& said) {
                const std::string line = said.substr(0, said.find_last_not_of("\r\n") + 1);
                write_all(STDERR_FILENO, "gusu: " + line + "\n");
                tell_progress(pulling + ": " + line);
            });
            if (!pulled) {
                return pulled;
            }
        }
        made_ = true;
        const Status created = engine_->create(order_);
        return created ? engine_->prepare(order_.name) : created;
    }

    // Nothing that it says is to be missed, so it is heard before it runs.
    Status hear_from_the_start() {
        Status started = Done{};
        const auto start = [&] {
            started = engine_->start(order_.name);
            if (!started) {
                remove();  // which ends listen()
                return;
            }
            running_ = true;
            replace_note(directory_ / kStarted, std::to_string(since_boot().count()) + "\n");
            // A signal that came too early for it.
            if (const int early = early_signal_.exchange(0); early != 0) {
                (void)engine_->signal(order_.name, early);
            }
        };
        const auto heard_piece = [this](Stream stream, std::string_view piece) {
            hear(stream, piece);
        };
        const Status heard = engine_->listen(order_.name, start, heard_piece);
        return started && !heard && !running_ ? heard : started;
    }

    // The service may end and come back meanwhile; the container runs on, and what it says until
    // its end is lost.
    Engine::State wait_for_end() {
        bool is_told = false;
        for (;;) {
            const auto ended = engine_->end_of(order_.name);
            if (ended) {
                return *ended;
            }
            if (ended.error().code == ErrorCode::NotFound) {
                return {.exit_code = 128 + SIGKILL};  // somebody removed it
            }
            if (!std::exchange(is_told, true)) {
                write_all(STDERR_FILENO, "gusu: the container runs on, but is heard no more: " +
                                             ended.error().message + "\n");
            }
            poll(nullptr, 0, kAgain);
        }
    }

    void forward_signals() {
        const sigset_t signals = forwarded_signals();
        for (;;) {
            int number = 0;
            if (sigwait(&signals, &number) != 0) {
                continue;
            }
            if (running_) {
                (void)engine_->signal(order_.name, number);
            } else if (number == SIGTERM || number == SIGINT) {
                early_signal_ = number;
                if (!made_) {
                    std::_Exit(128 + number);  // nothing is there yet that would have to be removed
                }
            }
        }
    }

    int never_ran(const Error& error) {
        remove();
        leave_note(directory_ / kContainerError, error.message);
        write_all(STDERR_FILENO, "gusu: " + error.message + "\n");
        return kNeverRan;
    }

    void remove() {
        if (engine_ == nullptr) {
            return;
        }
        if (const Status removed = engine_->remove(order_.name); !removed) {
            write_all(STDERR_FILENO, "gusu: " + removed.error().message + "\n");
        }
    }

    const ContainerOrder& order_;
    std::filesystem::path directory_;
    std::unique_ptr<const Engine> engine_;  // none before it is found
    Descriptor output_copy_;
    Descriptor error_copy_;  // not open: it goes where output does, or nowhere
    std::chrono::steady_clock::time_point tell_again_;
    std::atomic<bool> made_ = false;
    std::atomic<bool> running_ = false;
    std::atomic<int> early_signal_ = 0;
};

}  // namespace

void hold_container_signals() {
    const sigset_t signals = forwarded_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

int run_container(const std::filesystem::path& directory) {
    const auto order = read_container_order(directory);
    if (!order) {
        leave_note(directory / kContainerError, order.error().message);
        return kNeverRan;
    }
    return ContainerLife(*order, directory).live();
}

}  // namespace gusu::agent
