#include "scheduler/core/policy/reserved.h"

#include <algorithm>
#include <ranges>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/elastic.h"
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

std::string told(const Window& window, Time now) {
    if (window.reservation.empty()) {
        return "will be drained at " + format_rfc3339(window.begins);
    }
    const std::string by = "reserved by \"" + window.reservation + "\" ";
    return by + (window.begins <= now ? "" : "from " + format_rfc3339(window.begins) + " ") +
           "until " + format_rfc3339(window.ends);
}

// Where it is known from when on the room is needed, and that is yet to come.
Constraint needed_later(std::string there, Time from, const Demand& demand, Time now) {
    const Duration limit = limit_before(from, now);
    there +=
        demand.preemption == Preemption::Allowed ? "; it would be stopped before it had done much"
        : demand.time_limit ? "; with its time limit of " + format_duration(*demand.time_limit) +
                                  " it might still run then"
                            : "; it has no time limit, so nobody knows that it will have ended";
    return {WaitReason::Reserved, std::move(there),
            limit > Duration(0) ? "submit it with --time of at most " + format_duration(limit)
                                : "it can start when that has ended, or elsewhere"};
}

std::optional<Constraint> window_constraint(const Asker& asker) {
    const auto [window, nodes] =
        first_in_the_way(asker.state, at_least(*asker.state.asks_now(asker.job)), asker.now);
    if (window == nullptr) {
        return std::nullopt;
    }
    const std::string there = "there is room on " + named(nodes) + ", " +
                              (window->reservation.empty() ? "which " : "") +
                              told(*window, asker.now);
    if (window->begins <= asker.now) {
        return Constraint{WaitReason::Reserved, there,
                          "it can start when the reservation ends, or elsewhere when jobs end"};
    }
    return needed_later(there, window->begins, asker.job.demand(), asker.now);
}

std::optional<Constraint> held_constraint(const Asker& asker) {
    const Demand demand = at_least(*asker.state.asks_now(asker.job));
    const HeldPlace* first = nullptr;
    std::set<std::string> nodes;
    for (const PlacedTask& task : place(demand, offered(asker.state, asker.now)).tasks) {
        const HeldPlace* held = held_in_the_way(asker, demand, task.node);
        if (held != nullptr) {
            first = first == nullptr || held->from < first->from ? held : first;
            nodes.insert(asker.state.node(task.node)->description.name);
        }
    }
    if (first == nullptr) {
        return std::nullopt;
    }
    return needed_later("there is room on " + named(nodes) +
                            ", kept for a job before it, which should start at " +
                            format_rfc3339(first->from),
                        first->from, demand, asker.now);
}

}  // namespace

std::string named(const std::set<std::string>& nodes) {
    std::string text;
    for (const std::string& node : nodes | std::views::take(kMostNodesNamed)) {
        text += (text.empty() ? "" : ", ") + node;
    }
    return text + (nodes.size() > kMostNodesNamed ? ", ..." : "");
}

std::optional<Constraint> reserved_constraint(const Asker& asker) {
    auto by_window = asker.state.windows().empty() ? std::nullopt : window_constraint(asker);
    if (by_window || asker.state.held_places().empty()) {
        return by_window;
    }
    return held_constraint(asker);
}

std::vector<Duration> limits_in_time(const State& state, Time now) {
    std::set<Duration> limits;
    for (const auto& [node, windows] : state.windows()) {
        for (const Window& window : windows) {
            limits.insert(limit_before(window.begins, now));
        }
    }
    for (const auto& [id, place] : state.held_places()) {
        limits.insert(limit_before(place.from, now));
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
