#include "tools/sim/event_log.h"

#include <array>
#include <variant>

#include "scheduler/base/check.h"

namespace gusu::sim {
namespace {

constexpr std::size_t kFlushAt = 60'000;
constexpr std::size_t kBuffer = 65'536;

}  // namespace

EventLog::EventLog() : digest_(EVP_MD_CTX_new()) {
    check(digest_ != nullptr && EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) == 1,
          "OpenSSL has SHA-256");
    buffer_.reserve(kBuffer);
}

void EventLog::record(Kind kind, std::uint64_t subject, Time at) {
    ++events_;
    put(static_cast<std::uint8_t>(kind));
    put(subject);
    put(to_milliseconds(at));
    if (buffer_.size() > kFlushAt) {
        flush();
    }
}

void EventLog::flush() {
    check(EVP_DigestUpdate(digest_.get(), buffer_.data(), buffer_.size()) == 1,
          "a digest takes any bytes");
    buffer_.clear();
}

void EventLog::put(const std::string& text) {
    put(text.size());
    buffer_.insert(buffer_.end(), text.begin(), text.end());
}

void EventLog::put(const core::Ending& ending) {
    put(static_cast<int>(ending.reason));
    put(ending.exit_code);
    put(ending.signal);
}

void EventLog::add(const core::Events& events) {
    for (const core::Event& event : events) {
        add(event);
    }
}

void EventLog::add(const core::Event& event) {
    if (const auto* joined = std::get_if<core::NodeJoined>(&event.body)) {
        record(Kind::NodeJoined, joined->node.value, event.at);
        put(joined->description.name);
        put(joined->description.devices.size());
    } else if (const auto* created = std::get_if<core::TenantCreated>(&event.body)) {
        record(Kind::TenantCreated, created->tenant.value, event.at);
        put(created->path);
    } else if (const auto* quota = std::get_if<core::QuotaChanged>(&event.body)) {
        record(Kind::QuotaChanged, quota->tenant.value, event.at);
        put(quota->accelerator);
        put(quota->quota.guaranteed.units());
    } else {
        add_job_event(event);
    }
}

void EventLog::add_job_event(const core::Event& event) {
    if (const auto* submitted = std::get_if<core::JobSubmitted>(&event.body)) {
        record(Kind::Submitted, submitted->job.value, event.at);
    } else if (const auto* placed = std::get_if<core::JobPlaced>(&event.body)) {
        add_placed(*placed, event.at);
    } else if (const auto* task = std::get_if<core::TaskChanged>(&event.body)) {
        record(Kind::TaskChanged, task->job.value, event.at);
        put(task->incarnation.value);
        put(task->task);
        put(task->state.index());
    } else if (const auto* stop = std::get_if<core::JobStopRequested>(&event.body)) {
        record(Kind::StopRequested, stop->job.value, event.at);
        put(stop->because);
    } else if (const auto* ended = std::get_if<core::JobEnded>(&event.body)) {
        record(Kind::Ended, ended->job.value, event.at);
        put(ended->incarnation.value);
        put(ended->ending);
    } else if (const auto* requeued = std::get_if<core::JobRequeued>(&event.body)) {
        record(Kind::Requeued, requeued->job.value, event.at);
        put(requeued->incarnation.value);
        put(requeued->ending);
    } else if (const auto* forgotten = std::get_if<core::JobsForgotten>(&event.body)) {
        record(Kind::Forgotten, forgotten->jobs.size(), event.at);
    } else {
        record(Kind::Other, event.body.index(), event.at);
    }
}

void EventLog::add_placed(const core::JobPlaced& placed, Time at) {
    record(Kind::Placed, placed.job.value, at);
    put(placed.incarnation.value);
    for (const core::PlacedTask& task : placed.tasks) {
        put(task.node.value);
        put(task.milli_per_device);
        for (const int device : task.devices) {
            put(device);
        }
        if (task.slices != 0) {
            put(task.slices);
        }
    }
}

std::string EventLog::sha256() {
    flush();
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned int size = 0;
    const std::unique_ptr<EVP_MD_CTX, Free> copy(EVP_MD_CTX_new());
    check(copy != nullptr && EVP_MD_CTX_copy_ex(copy.get(), digest_.get()) == 1 &&
              EVP_DigestFinal_ex(copy.get(), sum.data(), &size) == 1,
          "a digest can be read");
    constexpr const char* kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
        text += kDigits[sum[i] >> 4U];
        text += kDigits[sum[i] & 15U];
    }
    return text;
}

}  // namespace gusu::sim
