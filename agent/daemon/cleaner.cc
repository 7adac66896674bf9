#include "agent/daemon/cleaner.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

bool is_older(const fs::path& path, Duration age, fs::file_time_type now) {
    std::error_code failure;
    const auto changed = fs::last_write_time(path, failure);
    return !failure && now - changed >= age;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
    std::error_code failure;
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
        entries.push_back(entry.path());
    }
    return entries;
}

bool take_number(std::string_view& text, auto& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
}

// "1.0.out" in the folder "1042".
std::optional<LogName> log_name(const fs::path& file) {
    const std::string folder = file.parent_path().filename().string();
    const std::string name = file.filename().string();
    std::string_view job = folder;
    std::string_view rest = name;
    LogName log;
    if (!take_number(job, log.job_id) || !job.empty() || !take_number(rest, log.attempt) ||
        !rest.starts_with('.')) {
        return std::nullopt;
    }
    rest.remove_prefix(1);
    return take_number(rest, log.task) ? std::optional(log) : std::nullopt;
}

void clean_logs(const NodeSettings& settings, const KeptFiles& kept, fs::file_time_type now) {
    std::error_code failure;
    for (const fs::path& job : entries_of(settings.logs())) {
        bool is_empty = true;
        for (const fs::path& file : entries_of(job)) {
            const auto name = log_name(file);
            const bool stays =
                (name && kept.logs.contains(*name)) || !is_older(file, settings.keep_logs_for, now);
            if (stays || !fs::remove(file, failure)) {
                is_empty = false;
            }
        }
        // A task that starts this moment may have made it, and then it is young.
        if (is_empty && is_older(job, std::chrono::minutes(1), now)) {
            fs::remove(job, failure);
        }
    }
}

}  // namespace

void clean(const NodeSettings& settings, const KeptFiles& kept, fs::file_time_type now) {
    // A task known since `kept` was taken has a younger scratch than this.
    const Duration age = std::max<Duration>(settings.keep_scratch_for, std::chrono::seconds(1));
    for (const fs::path& scratch : entries_of(settings.scratches())) {
        if (!kept.tasks.contains(scratch.filename().string()) && is_older(scratch, age, now)) {
            remove_folder(scratch);
        }
    }
    clean_logs(settings, kept, now);
}

Cleaner::Cleaner(const NodeSettings& settings) : settings_(settings), thread_([this] { work(); }) {}

Cleaner::~Cleaner() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Cleaner::request(KeptFiles kept) {
    {
        const std::lock_guard lock(mutex_);
        requested_ = std::move(kept);
    }
    changed_.notify_all();
}

void Cleaner::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || requested_.has_value(); });
        if (stopping_) {
            return;
        }
        const KeptFiles kept = *std::exchange(requested_, std::nullopt);
        lock.unlock();
        clean(settings_, kept, fs::file_time_type::clock::now());
        lock.lock();
    }
}

}  // namespace gusu::agent
