#include "agent/supervisor/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <vector>

#include "agent/cgroup/cgroup.h"
#include "agent/supervisor/boot_clock.h"
#include "agent/supervisor/checkpoint_socket.h"
#include "agent/supervisor/container_end.h"
#include "agent/supervisor/descendants.h"
#include "agent/supervisor/launch.h"
#include "agent/supervisor/output.h"
#include "agent/supervisor/stop_notice.h"
#include "agent/supervisor/task_group.h"

namespace gusu::agent {
namespace {

using Clock = std::chrono::steady_clock;  // a turn of the wall clock ends no task
using std::chrono::milliseconds;

constexpr milliseconds kKillAgain{50};
constexpr milliseconds kNoteDroppedEvery{1'000};
constexpr milliseconds kGroupRemoval{10'000};
// As much of its own grace a task has when the lease is over; the scheduler waits for longer.
constexpr Duration kMostLeaseGrace{20'000};
constexpr milliseconds kLookForLease{10'000};

void note(const std::string& text) { std::fprintf(stderr, "gusu-supervisor: %s\n", text.c_str()); }

sigset_t held_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM, SIGUSR1}) {
        sigaddset(&set, signal);
    }
    return set;
}

// Of the directory "17.0".
std::string incarnation_of(const std::filesystem::path& directory) {
    const std::string name = directory.filename().string();
    return name.substr(0, name.find('.'));
}

class Supervision {
public:
    Supervision(const std::filesystem::path& directory, const SupervisorOrder& order)
        : directory_(directory), order_(order), begun_(!speaks_for_container(directory)) {
        const sigset_t set = held_signals();
        signals_ = Descriptor(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    }

    ExitRecord run(Descriptor agent) {
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        prepare_checkpoints();
        Result<std::optional<Cgroup>> group = make_task_group(order_);
        Status started = group ? Status(Done{}) : Status(group.error());
        if (started.ok()) {
            group_ = std::move(*group);
            started = start();
        }
        if (!started) {
            record_.launch_error = started.error().message;
        } else {
            announce(std::move(agent));
            while (!main_ended_) {
                wait_for_events();
            }
        }
        end_the_rest();
        end_container();
        remove_group();
        for (const auto& log : logs_) {
            log->note_dropped();
        }
        return record_;
    }

private:
    void prepare_checkpoints();
    Status start();
    Result<std::shared_ptr<Log>> open_log(const std::string& path);
    void announce(Descriptor agent);
    void look_for_begin();
    void keep_time_limit(Clock::time_point now);

    void wait_for_events();
    void wait(Clock::time_point until);
    Clock::time_point next_deadline() const;
    void read_signals();
    void reap();
    void ended(int status);
    void keep_deadlines();
    void keep_lease();

    Status note_save();

    StopRequest own_stop(const char* why) const {
        return {.signal = order_.stop_signal, .grace = order_.stop_grace, .why = why};
    }
    void stop(const StopRequest& request);
    void tell_notice(const std::string& why, Duration grace) const;
    void send_to_all(int signal);
    void kill_everything();

    void end_the_rest();
    void end_container();
    void remove_group();

    const std::filesystem::path& directory_;
    const SupervisorOrder& order_;
    Descriptor signals_;
    std::optional<Cgroup> group_;
    std::optional<CheckpointSocket> checkpoints_;
    SavesRecord saves_;
    std::vector<std::shared_ptr<Log>> logs_;
    std::vector<Stream> streams_;
    pid_t main_ = 0;
    bool main_ended_ = false;
    bool children_left_ = true;
    bool begun_;  // a container is begun when its image is there
    Clock::time_point started_;
    std::optional<Clock::time_point> kill_at_;  // set once the task is being stopped
    Clock::time_point note_dropped_at_;
    Clock::time_point look_at_lease_;  // at once, and then when it would be over
    ExitRecord record_;
};

// A task that cannot say that its work is saved runs all the same.
void Supervision::prepare_checkpoints() {
    if (!order_.checkpoints.empty()) {
        remove_old_stop_notice(order_.checkpoints, incarnation_of(directory_));
    }
    if (order_.checkpoint_socket.empty()) {
        return;
    }
    Result<CheckpointSocket> opened = CheckpointSocket::open(
        order_.checkpoint_socket, begun_ ? "" : order_.container_group + "/box");
    if (opened) {
        checkpoints_ = std::move(*opened);
    } else {
        note("the task cannot say that its work is saved: " + opened.error().message);
    }
}

// Written before the task hears that it is, so that it is not forgotten with the agent.
Status Supervision::note_save() {
    SavesRecord saves{.count = saves_.count + 1, .at = since_boot()};
    Status written = write_saves(directory_, saves);
    if (written) {
        saves_ = saves;
    }
    return written;
}

Result<std::shared_ptr<Log>> Supervision::open_log(const std::string& path) {
    Result<std::shared_ptr<Log>> log = Log::open(path, order_.log_limit);
    if (log.ok()) {
        logs_.push_back(*log);
    }
    return log;
}

Status Supervision::start() {
    if (order_.command.empty() || order_.command.front().empty()) {
        return Error{ErrorCode::InvalidArgument, "the task's command is empty"};
    }
    Result<std::shared_ptr<Log>> output = open_log(order_.output_log);
    if (!output) {
        return output.error();
    }
    const bool one_log = order_.error_log.empty() || order_.error_log == order_.output_log;
    Result<std::shared_ptr<Log>> error = one_log ? output : open_log(order_.error_log);
    if (!error) {
        return error.error();
    }
    Result<Launched> launched = launch(order_, group_ ? &*group_ : nullptr);
    if (!launched) {
        return launched.error();
    }
    main_ = launched->pid;
    started_ = Clock::now();
    streams_.emplace_back(std::move(launched->output), *output, std::move(launched->output_copy));
    streams_.emplace_back(std::move(launched->error), *error, std::move(launched->error_copy));
    return Done{};
}

void Supervision::announce(Descriptor agent) {
    const std::string path = (directory_ / kStarted).string();
    if (begun_) {
        const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    constexpr std::string_view kWord = "started\n";
    if (begun_ && agent.open() && write(agent.get(), kWord.data(), kWord.size()) < 0) {
        note("the agent does not listen any more; it will find the file " + path);
    }
    // Whoever reads the agent's stderr to its end must not wait for this task. A file may stay.
    struct stat notes = {};
    if (fstat(STDERR_FILENO, &notes) != 0 || !S_ISREG(notes.st_mode)) {
        const Descriptor nothing(open("/dev/null", O_WRONLY | O_CLOEXEC));
        dup2(nothing.get(), STDERR_FILENO);
    }
}

void Supervision::look_for_begin() {
    if (begun_) {
        return;
    }
    if (const auto at = container_started(directory_)) {
        begun_ = true;
        started_ = Clock::now() - std::max(since_boot() - *at, Duration(0));
    }
}

void Supervision::wait_for_events() {
    wait(next_deadline());
    keep_deadlines();
}

// Until a signal, output or the given time, and takes what there is.
void Supervision::wait(Clock::time_point until) {
    std::vector<pollfd> watched = {{signals_.get(), POLLIN, 0}};
    for (const Stream& stream : streams_) {
        watched.push_back({stream.pipe(), POLLIN, 0});
    }
    if (checkpoints_) {
        checkpoints_->add_to(watched);
    }
    int patience = -1;
    if (until != Clock::time_point::max()) {
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
        patience = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    if (poll(watched.data(), watched.size(), patience) <= 0) {
        return;
    }
    for (std::size_t i = 0; i < streams_.size(); ++i) {
        if (watched[i + 1].revents != 0) {
            streams_[i].take();
        }
    }
    if (checkpoints_) {
        checkpoints_->take([this] { return note_save(); });
    }
    if (watched[0].revents != 0) {
        read_signals();
    }
}

Clock::time_point Supervision::next_deadline() const {
    Clock::time_point next = Clock::time_point::max();
    if (kill_at_.has_value()) {
        next = *kill_at_;
    } else if (order_.time_limit > Duration(0)) {
        next = started_ + order_.time_limit;
    }
    if (!kill_at_.has_value() && !order_.lease_file.empty()) {
        next = std::min(next, look_at_lease_);
    }
    for (const auto& log : logs_) {
        if (log->has_unnoted()) {
            next = std::min(next, note_dropped_at_);
        }
    }
    return next;
}

void Supervision::read_signals() {
    signalfd_siginfo got = {};
    while (read(signals_.get(), &got, sizeof got) == sizeof got) {
        if (got.ssi_signo == SIGTERM) {
            stop(own_stop("STOPPED"));
        } else if (got.ssi_signo == SIGUSR1) {
            const auto request = read_stop(directory_);
            const bool there = request.ok() && request->has_value();
            stop(there ? **request : own_stop("STOPPED"));
        }
    }
    reap();
}

void Supervision::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == main_) {
            ended(status);
        }
    }
    children_left_ = pid == 0;
}

void Supervision::ended(int status) {
    main_ended_ = true;
    look_for_begin();
    record_.ran_for =
        begun_ ? std::chrono::duration_cast<Duration>(Clock::now() - started_) : Duration(0);
    if (WIFSIGNALED(status)) {
        record_.signal = WTERMSIG(status);
    } else {
        record_.exit_code = WEXITSTATUS(status);
    }
    // A shell tells of a killed child by 128 and the signal.
    const bool killed = record_.signal == SIGKILL || record_.exit_code == 128 + SIGKILL;
    record_.out_of_memory = killed && group_.has_value() && group_->oom_killed();
}

void Supervision::keep_deadlines() {
    const Clock::time_point now = Clock::now();
    if (now >= note_dropped_at_) {
        for (const auto& log : logs_) {
            log->note_dropped();
        }
        note_dropped_at_ = now + kNoteDroppedEvery;
    }
    keep_time_limit(now);
    keep_lease();
    if (!main_ended_ && kill_at_.has_value() && now >= *kill_at_) {
        kill_everything();
        kill_at_ = now + kKillAgain;
    }
}

void Supervision::keep_time_limit(Clock::time_point now) {
    const bool limited = order_.time_limit > Duration(0) && !kill_at_.has_value();
    if (main_ended_ || !limited || now < started_ + order_.time_limit) {
        return;
    }
    if (!begun_) {
        started_ = now;  // it begins no earlier, unless we find out that it has
        look_for_begin();
        return;
    }
    record_.timed_out = true;
    stop(own_stop("TIMED_OUT"));
}

// The agent writes a later end as long as it hears of the scheduler.
void Supervision::keep_lease() {
    const Clock::time_point now = Clock::now();
    if (order_.lease_file.empty() || main_ended_ || kill_at_.has_value() || now < look_at_lease_) {
        return;
    }
    const std::optional<Duration> until = read_lease(order_.lease_file);
    if (!until) {
        look_at_lease_ = now + kLookForLease;
        return;
    }
    const Duration left = *until - since_boot();
    look_at_lease_ = now + std::max(left, Duration(0)) + milliseconds(1);
    if (left < Duration(0)) {
        stop({.signal = order_.stop_signal,
              .grace = std::min(order_.stop_grace, kMostLeaseGrace),
              .why = "LEASE_OVER"});
    }
}

// A second stop may hurry the first, but gives no new time.
void Supervision::stop(const StopRequest& request) {
    if (main_ended_) {
        return;
    }
    const Clock::time_point now = Clock::now();
    const Clock::time_point kill_at = now + std::max(request.grace, Duration(0));
    kill_at_ = kill_at_.has_value() ? std::min(*kill_at_, kill_at) : kill_at;
    tell_notice(request.why, std::chrono::duration_cast<Duration>(*kill_at_ - now));
    const Result<int> number = signal_number(request.signal);
    if (!number) {
        note(number.error().message + "; SIGTERM is sent instead");
    }
    send_to_all(number.ok() ? *number : SIGTERM);
    send_to_all(SIGCONT);  // who is stopped cannot end
}

// Before the signal, so that who is woken by it finds the notice.
void Supervision::tell_notice(const std::string& why, Duration grace) const {
    if (order_.checkpoints.empty() || grace <= Duration(0) || why == kShrunk) {
        return;
    }
    const Status written =
        write_stop_notice(order_.checkpoints, directory_.filename().string(),
                          {.incarnation = incarnation_of(directory_),
                           .reason = why,
                           .deadline = std::chrono::system_clock::now() + grace});
    if (!written) {
        note(written.error().message);
    }
}

// Each process once: the group of the main program, and what has left it.
void Supervision::send_to_all(int signal) {
    kill(-main_, signal);
    for (const pid_t pid : group_.has_value() ? group_->pids() : descendants_of(getpid())) {
        if (getpgid(pid) != main_) {
            kill(pid, signal);
        }
    }
}

void Supervision::kill_everything() {
    if (group_.has_value()) {
        group_->kill_all();
    }
    // A child that we have not reaped keeps its pid, so this hits nobody else. Orphans come to us
    // when their parents die, and go in the next round.
    for (const pid_t pid : children_of(getpid())) {
        kill(pid, SIGKILL);
    }
}

void Supervision::end_the_rest() {
    reap();
    while (children_left_) {
        kill_everything();
        wait(Clock::now() + kKillAgain);
        reap();
    }
    for (Stream& stream : streams_) {
        while (stream.take()) {
        }
    }
}

// Its processes are not ours, but in groups beside ours; and only who speaks for it knows why it
// did not start.
void Supervision::end_container() {
    if (!order_.container_group.empty()) {
        end_container_groups(order_.container_group, kGroupRemoval);
    }
    take_container_notes(directory_, record_);
}

void Supervision::remove_group() {
    if (!group_.has_value()) {
        return;
    }
    const Clock::time_point deadline = Clock::now() + kGroupRemoval;
    Status removed = group_->remove();
    while (!removed && Clock::now() < deadline) {
        group_->kill_all();
        poll(nullptr, 0, 1);
        removed = group_->remove();
    }
    if (!removed) {
        note(removed.error().message);
    }
}

}  // namespace

void hold_signals() {
    const sigset_t set = held_signals();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    for (const int signal : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTTOU}) {
        ::signal(signal, SIG_IGN);
    }
}

ExitRecord supervise(const std::filesystem::path& directory, const SupervisorOrder& order,
                     Descriptor agent) {
    return Supervision(directory, order).run(std::move(agent));
}

}  // namespace gusu::agent
