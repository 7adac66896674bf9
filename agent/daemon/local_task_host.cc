#include "agent/daemon/local_task_host.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "agent/cgroup/cgroup.h"
#include "agent/container/order.h"
#include "agent/daemon/container_task.h"
#include "agent/daemon/task_files.h"
#include "agent/daemon/task_slices.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

// A group whose supervisor is dead is killed while the loop waits.
constexpr Duration kGroupPatience{1'000};
constexpr std::size_t kMostProgress = 300;
constexpr const char* kStoppedBefore = "stopped before it was started";

}  // namespace

LocalTaskHost::LocalTaskHost(const NodeSettings& settings, EventLoop& loop)
    : settings_(settings),
      loop_(loop),
      folders_(loop, [this](const TaskKey& key, const std::string& file) { appeared(key, file); }),
      doors_(settings, loop) {}

LocalTaskHost::~LocalTaskHost() {
    for (const auto& [key, watched] : watched_) {
        loop_.unwatch(watched.process.get());
        loop_.unwatch(watched.started.get());
    }
}

void LocalTaskHost::appeared(const TaskKey& key, const std::string& file) {
    if (file == "saves.json" || file.empty()) {
        watcher_->saved(key);
    }
    if (file == kStarted || (file.empty() && has_started(key))) {
        watcher_->started(key);
    }
    if (file == kContainerWaits) {
        if (const auto what = read_file(settings_.task(key) / file)) {
            const std::string text = what->substr(0, kMostProgress);
            watcher_->waits_for(key, text.substr(0, valid_utf8_prefix(text)));
        }
    }
}

Status LocalTaskHost::start(const TaskKey& key, const v1::Launch& launch) {
    if (launch.devices().empty() || prepare_devices_ == nullptr) {
        return start_with(key, launch, {});
    }
    const Granted then = [this, key, launch](const Result<DeviceGrant>& grant) {
        loop_.post([this, key, launch, grant] { granted(key, launch, grant); });
    };
    if (!prepare_devices_(launch, then)) {
        return start_with(key, launch, {});
    }
    waiting_.insert(key);
    return Done{};
}

void LocalTaskHost::granted(const TaskKey& key, const v1::Launch& launch,
                            const Result<DeviceGrant>& grant) {
    if (waiting_.erase(key) == 0) {
        return;  // stopped meanwhile
    }
    if (!grant) {
        refuse(key, grant.error().message, Fault::OfTheNode);
        return;
    }
    if (const Status started = start_with(key, launch, *grant); !started) {
        refuse(key, started.error().message);
    }
}

void LocalTaskHost::refuse(const TaskKey& key, const std::string& why, Fault fault) {
    refused_[key] = {.launch_error = why, .device_fault = fault == Fault::OfTheNode ? why : ""};
    watcher_->over(key);
}

Status LocalTaskHost::start_with(const TaskKey& key, const v1::Launch& launch,
                                 const DeviceGrant& grant) {
    if (const Status prepared = prepare_task(settings_, key, launch, grant); !prepared) {
        if (const Status back = take_slice_back(settings_, key); !back) {
            spdlog::error("slice of a GPU stays task={} reason={}", to_text(key),
                          back.error().message);
        }
        return prepared;
    }
    return site_ == nullptr ? start_prepared(key) : start_by_site(key, launch);
}

// From then on the task has an epilog, whatever becomes of it.
Status LocalTaskHost::start_by_site(const TaskKey& key, const v1::Launch& launch) {
    const auto waits = site_->begin(key, launch, [this, key] { prolog_over(key); });
    if (waits && *waits) {
        in_prolog_.insert(key);
        loop_.post([this, key] { watcher_->waits_for(key, "the node's prolog runs"); });
        return Done{};
    }
    const Status started = waits ? start_prepared(key) : Status(waits.error());
    if (!started) {
        loop_.post([this, key, why = started.error().message] { refuse(key, why); });
    }
    return Done{};
}

void LocalTaskHost::prolog_over(const TaskKey& key) {
    if (in_prolog_.erase(key) == 0) {
        refuse(key, kStoppedBefore);
        return;
    }
    const std::string fault = site_->fault_of_prolog(key);
    const Status started =
        fault.empty() ? start_prepared(key) : Status(Error{ErrorCode::Unavailable, fault});
    if (!started) {
        refuse(key, started.error().message);
    }
}

Status LocalTaskHost::start_prepared(const TaskKey& key) {
    folders_.add(key, settings_.task(key));
    doors_.open(key);
    auto started = start_supervisor(settings_.supervisor, settings_.task(key));
    if (!started) {
        doors_.close(key);
        return started.error();
    }
    Watched& watched = watched_[key];
    watched.process = std::move(started->process);
    watched.started = std::move(started->started);
    watch_process(key, watched);
    loop_.watch(watched.started.get(), [this, key] { start_may_be_told(key); });
    return Done{};
}

Status LocalTaskHost::stop(const TaskKey& key, const StopRequest& request) {
    if (waiting_.erase(key) > 0) {
        loop_.post([this, key] { refuse(key, kStoppedBefore); });
        return Done{};
    }
    if (in_prolog_.erase(key) > 0) {
        site_->stop(key);
        return Done{};
    }
    const auto watched = watched_.find(key);
    if (watched == watched_.end()) {
        return Done{};  // refused, which the watcher is about to hear, or in its epilog
    }
    return stop_supervisor(watched->second.process, settings_.task(key), request);
}

Result<Descriptor> LocalTaskHost::supervisor_of(const TaskKey& key) const {
    const auto watched = watched_.find(key);
    if (watched == watched_.end()) {
        return Error{ErrorCode::FailedPrecondition,
                     "the task does not run on node " + settings_.node + " any more"};
    }
    Descriptor copy(::fcntl(watched->second.process.get(), F_DUPFD_CLOEXEC, 0));
    return copy.open() ? Result<Descriptor>(std::move(copy))
                       : system_error("cannot watch the supervisor of", settings_.task(key));
}

void LocalTaskHost::watch_process(const TaskKey& key, const Watched& watched) {
    loop_.watch(watched.process.get(), [this, key] { process_may_be_over(key); });
}

void LocalTaskHost::start_may_be_told(const TaskKey& key) {
    Watched& watched = watched_.at(key);
    char word[16];
    const ssize_t got = ::read(watched.started.get(), word, sizeof word);
    if (got < 0) {
        return;
    }
    loop_.unwatch(watched.started.get());
    watched.started = Descriptor();
    if (got > 0) {
        watcher_->started(key);
    }
}

void LocalTaskHost::process_may_be_over(const TaskKey& key) {
    const auto watched = watched_.find(key);
    if (!is_over(watched->second.process)) {
        return;
    }
    reap(watched->second.process);
    loop_.unwatch(watched->second.process.get());
    if (watched->second.started.open()) {
        loop_.unwatch(watched->second.started.get());
    }
    watched_.erase(watched);
    doors_.close(key);
    watcher_->over(key);
}

std::optional<ExitRecord> LocalTaskHost::exit_of(const TaskKey& key, const std::string& otherwise) {
    const auto known = ended_.find(key);
    auto exit = known == ended_.end() ? end_without_slice(key, otherwise) : known->second;
    if (!exit || site_ == nullptr) {
        return exit;
    }
    if (site_->finish(key, [this, key] { watcher_->over(key); })) {
        ended_[key] = *exit;
        return std::nullopt;
    }
    ended_.erase(key);
    add_faults(key, *exit);
    return exit;
}

void LocalTaskHost::add_faults(const TaskKey& key, ExitRecord& exit) const {
    const std::string prolog = site_->fault_of_prolog(key);
    if (!prolog.empty()) {
        exit.launch_error = exit.device_fault = exit.drain = prolog;
    }
    const std::string epilog = site_->fault_of_epilog(key);
    if (!epilog.empty()) {
        exit.drain += (exit.drain.empty() ? "" : "; ") + epilog;
    }
}

std::optional<ExitRecord> LocalTaskHost::end_without_slice(const TaskKey& key,
                                                           const std::string& otherwise) {
    auto exit = end_of(key, otherwise);
    if (exit) {
        if (const Status back = take_slice_back(settings_, key); !back) {
            spdlog::error("slice of a GPU stays task={} reason={}", to_text(key),
                          back.error().message);
            return std::nullopt;
        }
    }
    return exit;
}

// A supervisor that left no exit record was killed, and its program may still run.
std::optional<ExitRecord> LocalTaskHost::end_of(const TaskKey& key, const std::string& otherwise) {
    if (auto refused = refused_.extract(key)) {
        return std::move(refused.mapped());
    }
    auto exit = read_exit(settings_.task(key));
    if (exit && *exit) {
        return *exit;
    }
    const std::string group = settings_.cgroup(key);
    if (!group.empty()) {
        const Status removed = remove_cgroups_below(settings_.cgroups, group, kGroupPatience);
        if (!removed) {
            spdlog::error("processes of a task cannot be ended task={} reason={}", to_text(key),
                          removed.error().message);
            return std::nullopt;
        }
    }
    return ExitRecord{.launch_error = exit ? otherwise : exit.error().message};
}

void LocalTaskHost::let_run_until(Duration time) {
    if (const Status written = write_lease(settings_.lease_file(), time); !written) {
        spdlog::warn("lease not written reason={}", written.error().message);
    }
}

Result<std::optional<SavesRecord>> LocalTaskHost::saves(const TaskKey& key) {
    return read_saves(settings_.task(key));
}

bool LocalTaskHost::has_started(const TaskKey& key) const {
    std::error_code failure;
    return fs::exists(settings_.task(key) / kStarted, failure);
}

bool LocalTaskHost::has_log(const LogName& name) const {
    std::error_code failure;
    return fs::exists(log_file(settings_.logs(), name, v1::LOG_STREAM_OUTPUT), failure);
}

// The scratch stays until the cleaner finds it old; its age counts from now.
void LocalTaskHost::remove_files(const TaskKey& key) {
    remove_container(settings_, key);
    remove_folder(settings_.task(key));
    if (site_ != nullptr) {
        site_->remove_files(key);
    }
    const fs::path scratch = settings_.scratch(key);
    std::error_code failure;
    if (fs::exists(scratch, failure)) {
        fs::last_write_time(scratch, fs::file_time_type::clock::now(), failure);
    }
}

void LocalTaskHost::find_supervisors() {
    found_ = agent::find_supervisors(settings_.tasks());
    if (site_ != nullptr) {
        site_->take_over(found_);
    }
}

bool LocalTaskHost::take_over(const TaskKey& key) {
    folders_.add(key, settings_.task(key));
    doors_.open(key);
    auto supervisor = found_.extract(to_text(key));
    if (supervisor.empty()) {
        return false;
    }
    Watched& watched = watched_[key];
    watched.process = std::move(supervisor.mapped());
    watch_process(key, watched);
    return true;
}

// Supervisors, folders and groups of tasks that the journal does not know.
void LocalTaskHost::remove_strays(const std::set<std::string>& known) {
    for (const auto& [name, process] : found_) {
        spdlog::warn("stray supervisor ended task={}", name);
        const Status stopped = stop_supervisor(process, settings_.tasks() / name,
                                               {.signal = "KILL", .grace = Duration{0}});
        if (!stopped) {
            spdlog::error("stray supervisor stays task={} reason={}", name,
                          stopped.error().message);
        }
    }
    // "17.0-epilog" belongs to 17.0.
    const auto is_stray = [&](const std::string& name) {
        return !known.contains(name.substr(0, name.find('-'))) && !found_.contains(name);
    };
    std::error_code failure;
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(settings_.tasks(), failure)) {
        if (is_stray(entry.path().filename().string())) {
            folders.push_back(entry.path());
        }
    }
    std::ranges::for_each(folders, remove_folder);
    for (const std::string& group : cgroups_below(settings_.cgroups, settings_.cgroup_prefix())) {
        if (is_stray(fs::path(group).filename().string())) {
            const Status removed = remove_cgroups_below(settings_.cgroups, group, kGroupPatience);
            spdlog::warn("stray group group={} removed={}", group, removed.ok());
        }
    }
    found_.clear();
    remove_stray_slices(settings_, known);
    remove_stray_containers(settings_, known);
}

}  // namespace gusu::agent
