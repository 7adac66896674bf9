#include "scheduler/core/policy/reserved.h"

#include <algorithm>
#include <ranges>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/placement.h"
#include "scheduler/core/policy/preemption.h"
#include "scheduler/core/policy/windows.h"

namespace gusu::core {
namespace {

constexpr std::size_t kMostLimits = 16;
constexpr std::size_t kMostNodesNamed = 4;

// The longest limit in whole minutes that leaves a minute to submit the job again.
Duration limit_before(Time begins, Time now) {
    const std::chrono::minutes minute(1);
    return std::chrono::floor<std::chrono::minutes>(begins - now) - minute;
}

// The window that begins first of those in the way, where the job would be.
struct InTheWay {
    const Window* window = nullptr;
    std::set<std::string> nodes;  // on which it is
};

InTheWay first_in_the_way(const State& state, const Demand& demand, Time now) {
    InTheWay first;
    for (const PlacedTask& task : place(demand, offered_to_all(state)).tasks) {
        const Window* window = window_in_the_way(state, demand, task.node, now);
        if (window == nullptr) {
            continue;
        }
        if (first.window == nullptr || window->begins < first.window->begins) {
            first = {.window = window, .nodes = {}};
        }
        if (window->begins == first.window->begins &&
            window->reservation == first.window->reservation) {
            first.nodes.insert(state.node(task.node)->description.name);
        }
    }
    return first;
}

std::string named(const std::set<std::string>& nodes) {
    std::string text;
    for (const std::string& node : nodes | std::views::take(kMostNodesNamed)) {
        text += (text.empty() ? "" : ", ") + node;
    }
    return text + (nodes.size() > kMostNodesNamed ? ", ..." : "");
}

std::string told(const Window& window, Time now) {
    if (window.reservation.empty()) {
        return "will be drained at " + format_rfc3339(window.begins);
    }
    const std::string by = "reserved by \"" + window.reservation + "\" ";
    return by + (window.begins <= now ? "" : "from " + format_rfc3339(window.begins) + " ") +
           "until " + format_rfc3339(window.ends);
}

}  // namespace

std::optional<Constraint> reserved_constraint(const State& state, const Demand& demand, Time now) {
    const auto [window, nodes] = first_in_the_way(state, demand, now);
    if (window == nullptr) {
        return std::nullopt;
    }
    const std::string there = "there is room on " + named(nodes) + ", " +
                              (window->reservation.empty() ? "which " : "") + told(*window, now);
    if (window->begins <= now) {
        return Constraint{WaitReason::Reserved, there,
                          "it can start when the reservation ends, or elsewhere when jobs end"};
    }
    const Duration limit = limit_before(window->begins, now);
    const bool can_end = limit > Duration(0);
    const std::string asks =
        demand.preemption == Preemption::Allowed ? "; it would be stopped before it had done much"
        : demand.time_limit ? "; with its time limit of " + format_duration(*demand.time_limit) +
                                  " it might still run then"
                            : "; it has no time limit, so nobody knows that it will have ended";
    return Constraint{WaitReason::Reserved, there + asks,
                      can_end ? "submit it with --time of at most " + format_duration(limit)
                              : "it can start when the reservation ends, or elsewhere"};
}

std::vector<Duration> limits_before_windows(const State& state, Time now) {
    std::set<Duration> limits;
    for (const auto& [node, windows] : state.windows()) {
        for (const Window& window : windows) {
            limits.insert(limit_before(window.begins, now));
        }
    }
    std::vector<Duration> longest;
    for (const Duration limit : limits | std::views::reverse | std::views::take(kMostLimits)) {
        if (limit > Duration(0)) {
            longest.push_back(limit);
        }
    }
    return longest;
}

}  // namespace gusu::core
