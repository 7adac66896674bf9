#include "tests/scenarios/told.h"

#include "scheduler/base/text.h"

namespace gusu::testing {
namespace {

std::string word(core::EndReason reason) {
    static constexpr const char* kWords[] = {
        "completed",         "exit code",         "timed out",          "node lost",
        "out of memory",     "preempted",         "device fault",       "launch failed",
        "dependency failed", "cancelled by user", "cancelled by admin", "deadline"};
    return kWords[static_cast<std::size_t>(reason)];
}

std::string ending(const core::Ending& ending) {
    std::string text = word(ending.reason);
    if (ending.exit_code != 0) {
        text += " " + std::to_string(ending.exit_code);
    }
    if (ending.signal != 0) {
        text += ", signal " + std::to_string(ending.signal);
    }
    return text;
}

// "n1[0-3,6]" for whole devices, "n1[2:250]" for 250 thousandths of one.
std::string place(const core::State& state, const core::PlacedTask& task) {
    std::string text = state.node(task.node)->description.name;
    if (task.devices.empty()) {
        return text;
    }
    text += "[";
    for (std::size_t i = 0; i < task.devices.size(); ++i) {
        const int first = task.devices[i];
        while (i + 1 < task.devices.size() && task.devices[i + 1] == task.devices[i] + 1) {
            ++i;
        }
        text += (text.back() == '[' ? "" : ",") + std::to_string(first);
        text += task.devices[i] == first ? "" : "-" + std::to_string(task.devices[i]);
    }
    text += task.milli_per_device == 1000 ? "" : ":" + std::to_string(task.milli_per_device);
    if (task.slices != 0) {
        text += " slices";
        for (int slice = 0; slice < core::kMostSlices; ++slice) {
            text += (task.slices >> slice & 1) != 0 ? " " + std::to_string(slice) : "";
        }
    }
    return text + "]";
}

class Teller {
public:
    Teller(const core::State& state, const Names& names) : state_(state), names_(names) {}

    std::string operator()(const core::JobPlaced& event) const {
        std::string text = name(event.job) + " placed on";
        for (const core::PlacedTask& task : event.tasks) {
            text += " " + place(state_, task);
        }
        return text;
    }
    std::string operator()(const core::JobNominated& event) const {
        std::string text = name(event.job) + " is to follow";
        for (const JobId victim : event.victims) {
            text += " " + name(victim);
        }
        for (const core::Shrink& shrink : event.shrinks) {
            text += (event.victims.empty() ? " tasks of " : ", tasks of ") + name(shrink.job);
        }
        text += " on";
        for (const core::PlacedTask& task : event.tasks) {
            text += " " + place(state_, task);
        }
        return text;
    }
    std::string operator()(const core::NominationEnded& event) const {
        return name(event.job) + " lost the place kept for it";
    }
    std::string operator()(const core::JobCheckpointed& event) const {
        return name(event.job) + " has saved its work";
    }
    std::string operator()(const core::JobShrunk& event) const {
        std::string text = name(event.shrink.job) + " goes on without";
        for (const int rank : event.shrink.ranks) {
            text += " " + std::to_string(rank);
        }
        return text + ", " + event.detail;
    }
    std::string operator()(const core::JobStopRequested& event) const {
        return name(event.job) + " told to stop: " + ending(event.because);
    }
    std::string operator()(const core::JobEnded& event) const {
        return name(event.job) + " ended: " + ending(event.ending) + usage(event.usage);
    }
    std::string operator()(const core::JobRequeued& event) const {
        return name(event.job) + " waits again until " +
               told_time(event.not_before).substr(0, told_time(event.not_before).find(' ')) + ": " +
               ending(event.ending) + usage(event.usage);
    }
    std::string operator()(const core::NodeContactLost& event) const {
        const std::string until = told_time(event.lease_ends);
        return event.awaited ? state_.node(event.node)->description.name + " is waited for until " +
                                   until.substr(0, until.find(' '))
                             : "";
    }
    std::string operator()(const core::NodeLost& event) const {
        return state_.node(event.node)->description.name + " lost";
    }
    std::string operator()(const core::NodeDrained& event) const {
        return state_.node(event.node)->description.name + " drained" +
               (event.cause == core::DrainCause::BlackHole ? ": " + event.reason : "");
    }
    std::string operator()(const core::WindowOpened& event) const {
        return event.reservation + " begins";
    }
    std::string operator()(const core::WindowClosed& event) const {
        const std::string next = event.next ? told_time(*event.next) : "";
        return event.reservation + " ends" +
               (event.next ? "; the next begins at " + next.substr(0, next.find(' ')) : "");
    }
    // Everything else has been said by the command itself.
    template <typename Other>
    std::string operator()(const Other&) const {
        return "";
    }

private:
    std::string name(JobId id) const { return names_.jobs.at(id); }

    static std::string usage(const std::vector<core::UsageRow>& rows) {
        std::string text;
        for (const core::UsageRow& row : rows) {
            const std::int64_t milli_ms = row.milli_gpus.units() * (row.until - row.from).count();
            text += milli_ms == 0 ? "" : "; used " + format_milli(milli_ms / 1000) + " GPU-seconds";
        }
        return text;
    }

    const core::State& state_;
    const Names& names_;
};

}  // namespace

std::string told_time(Time time) {
    std::string text = format_milli(to_milliseconds(time)) + "s";
    text.resize(std::max<std::size_t>(text.size() + 1, 6), ' ');
    return text;
}

std::string told(const core::State& state, const Names& names, const core::Events& events) {
    std::string text;
    for (const core::Event& event : events) {
        const std::string line = std::visit(Teller(state, names), event.body);
        text += line.empty() ? "" : told_time(event.at) + line + "\n";
    }
    return text;
}

std::string word(core::WaitReason reason) {
    static constexpr const char* kWords[] = {"HELD_BY_USER",
                                             "HELD_BY_ADMIN",
                                             "TENANT_SUSPENDED",
                                             "NO_SUCH_RESOURCE",
                                             "NODE_TOO_SMALL",
                                             "GANG_TOO_LARGE",
                                             "OVER_LIMIT_ALWAYS",
                                             "BEGIN_TIME",
                                             "DEPENDENCY",
                                             "RETRY_BACKOFF",
                                             "ARRAY_THROTTLE",
                                             "JOB_COUNT",
                                             "TENANT_LIMIT",
                                             "GUARANTEE_FULL_NOTHING_IDLE",
                                             "BEHIND",
                                             "MODEL_BUSY",
                                             "FRAGMENTED",
                                             "CPU_OR_MEM_SHORT",
                                             "NODES_OUT",
                                             "NOT_YET_EXAMINED",
                                             "LENDING_CAP",
                                             "RECLAIMING",
                                             "RESERVED",
                                             "TOPOLOGY",
                                             "WHOLE_NODES_KEPT",
                                             "KEPT_APART"};
    return kWords[static_cast<std::size_t>(reason)];
}

std::string told(const core::Explanation& explanation) {
    std::string text;
    for (const core::Constraint& constraint : explanation.constraints) {
        text += word(constraint.reason) + ": " + constraint.detail + "\n";
    }
    for (const std::string& smaller : explanation.would_start_now) {
        text += "would start now with " + smaller + "\n";
    }
    return text;
}

}  // namespace gusu::testing
