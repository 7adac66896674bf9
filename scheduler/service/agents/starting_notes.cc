#include "scheduler/service/agents/starting_notes.h"

#include "scheduler/base/text.h"

namespace gusu::service {
namespace {

constexpr std::size_t kMostText = 300;
// An agent that tells of more than it can have is not listened to.
constexpr std::size_t kMostJobs = 100'000;

std::string cut(const std::string& text) {
    const std::string most = text.substr(0, kMostText);
    return most.substr(0, valid_utf8_prefix(most));
}

}  // namespace

void StartingNotes::hear(const std::string& node, const Observations& tasks) {
    const std::lock_guard lock(mutex_);
    for (const v1::TaskObservation& task : tasks) {
        const IncarnationId incarnation{task.key().incarnation()};
        const bool waits = task.phase() == v1::TASK_PHASE_STARTING && !task.waits_for().empty();
        if (waits && notes_.size() < kMostJobs) {
            notes_[incarnation][task.key().task()] = {.node = node, .text = cut(task.waits_for())};
            continue;
        }
        const auto found = notes_.find(incarnation);
        if (found != notes_.end() && found->second.erase(task.key().task()) > 0 &&
            found->second.empty()) {
            notes_.erase(found);
        }
    }
}

void StartingNotes::forget(const std::string& node) {
    const std::lock_guard lock(mutex_);
    for (auto& [incarnation, tasks] : notes_) {
        std::erase_if(tasks, [&](const auto& task) { return task.second.node == node; });
    }
    std::erase_if(notes_, [](const auto& job) { return job.second.empty(); });
}

std::string StartingNotes::of(IncarnationId incarnation) const {
    const std::lock_guard lock(mutex_);
    const auto found = notes_.find(incarnation);
    if (found == notes_.end()) {
        return "";
    }
    const Note& first = found->second.begin()->second;
    return "node " + first.node + ": " + first.text;
}

}  // namespace gusu::service
