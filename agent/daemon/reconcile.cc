#include "agent/daemon/reconcile.h"

#include <set>

namespace gusu::agent {
namespace {

// The last word of a message on each of its keys.
struct Wanted {
    const v1::DesiredTask* run = nullptr;
    const v1::DesiredTask* stop = nullptr;
};

std::map<TaskKey, Wanted> wanted_by(const v1::Desired& desired) {
    std::map<TaskKey, Wanted> wanted;
    for (const v1::DesiredTask& task : desired.tasks()) {
        Wanted& entry = wanted[from_proto(task.key())];
        (task.has_stop() ? entry.stop : entry.run) = &task;
    }
    return wanted;
}

std::set<TaskKey> unwanted_by(const KnownPhases& known, const v1::Desired& desired,
                              const std::map<TaskKey, Wanted>& wanted) {
    std::set<TaskKey> unwanted;
    for (const v1::TaskKey& key : desired.removed()) {
        unwanted.insert(from_proto(key));
    }
    if (desired.full()) {
        for (const auto& [key, phase] : known) {
            if (!wanted.contains(key)) {
                unwanted.insert(key);
            }
        }
    }
    return unwanted;
}

void want(const TaskKey& key, const Wanted& wanted, const KnownPhases& known, Actions& actions) {
    const auto found = known.find(key);
    if (found == known.end()) {
        if (wanted.stop != nullptr) {
            actions.never_start.push_back(key);
        } else if (wanted.run->has_run()) {
            actions.start.push_back(wanted.run);
        }
        return;
    }
    if (wanted.stop != nullptr && found->second != TaskPhase::Exited) {
        actions.stop.push_back({key, wanted.stop->stop()});
    }
}

}  // namespace

std::optional<Actions> reconcile(const KnownPhases& known, const v1::Desired& desired,
                                 std::uint64_t highest_epoch) {
    if (desired.epoch() < highest_epoch) {
        return std::nullopt;
    }
    const auto wanted = wanted_by(desired);
    const auto unwanted = unwanted_by(known, desired, wanted);
    Actions actions;
    for (const auto& [key, task] : wanted) {
        if (!unwanted.contains(key)) {
            want(key, task, known, actions);
        }
    }
    for (const TaskKey& key : unwanted) {
        const auto found = known.find(key);
        if (found != known.end()) {
            (found->second == TaskPhase::Exited ? actions.forget : actions.kill).push_back(key);
        }
    }
    return actions;
}

}  // namespace gusu::agent
