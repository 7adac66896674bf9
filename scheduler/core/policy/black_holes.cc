#include "scheduler/core/policy/black_holes.h"

#include <algorithm>
#include <ranges>

#include "scheduler/base/text.h"

namespace gusu::core {
namespace {

constexpr std::size_t kMostFailuresLookedAt = 4096;
constexpr std::size_t kMostJobsLookedAt = 4096;  // of those that run, and of those that have ended

// What a user runs again and again: jobs of one command are alike, whatever else differs.
struct Program {
    std::set<NodeId> failed_on;
    std::set<NodeId> does_well_on;
};

class Evidence {
public:
    Evidence(const State& state, Time now)
        : state_(state), now_(now), rule_(state.policy().black_hole) {
        for (const NodeId suspect : state.suspects()) {
            each_failure(*state.node(suspect),
                         [&](const JobSpec& spec) { programs_.try_emplace(key_of(spec)); });
        }
        if (is_whole()) {
            add_failures();
            add_running();
            add_ended();
        }
    }

    // Else what is known of these programs is not all there is.
    bool is_whole() const { return looked_at_ <= kMostFailuresLookedAt; }

    bool speaks_for(const Job& failed, const Node& node) const {
        return failed_only_on(failed, node) || does_well_elsewhere(failed, node);
    }

    bool does_well_elsewhere(const Job& failed, const Node& node) const {
        const Program& program = programs_.at(key_of(*failed.spec));
        const auto is_other = [&](NodeId id) { return id != node.id; };
        const auto fails_all = [&](NodeId id) {
            return id == node.id || failures(*state_.node(id)) >= rule_.jobs;
        };
        return std::ranges::any_of(program.does_well_on, is_other) &&
               std::ranges::all_of(program.failed_on, fails_all);
    }

private:
    using Key = std::tuple<TenantId, std::string_view, std::string_view, std::string_view>;

    static Key key_of(const JobSpec& spec) {
        return {spec.demand->tenant, spec.user, spec.name, spec.payload};
    }

    static int failures(const Node& node) { return static_cast<int>(node.fast_failures.size()); }

    bool failed_only_on(const Job& failed, const Node& node) const {
        return programs_.at(key_of(*failed.spec)).failed_on == std::set{node.id};
    }

    // Of jobs that are still remembered.
    void each_failure(const Node& node, auto visit) {
        for (const FastFailure& failure : node.fast_failures) {
            const Job* job = state_.job(failure.job);
            if (job != nullptr && ++looked_at_ <= kMostFailuresLookedAt) {
                visit(*job->spec);
            }
        }
    }

    Program* known(const JobSpec& spec) {
        // Elements of an array come one after the other, and need be looked up once.
        if (&spec != last_spec_) {
            last_spec_ = &spec;
            const auto found = programs_.find(key_of(spec));
            last_ = found == programs_.end() ? nullptr : &found->second;
        }
        return last_;
    }

    void add_failures() {
        looked_at_ = 0;
        for (const auto& [id, node] : state_.nodes()) {
            each_failure(node, [&](const JobSpec& spec) {
                if (Program* program = known(spec)) {
                    program->failed_on.insert(node.id);
                }
            });
        }
    }

    void add_running() {
        for (const auto& [incarnation, id] :
             state_.placed() | std::views::reverse | std::views::take(kMostJobsLookedAt)) {
            const Job& job = *state_.job(id);
            Program* program = known(*job.spec);
            if (program == nullptr) {
                continue;
            }
            for (const PlacedTask& task : std::get<Placed>(job.state).tasks) {
                const auto* running = std::get_if<TaskRunning>(&task.state);
                if (running != nullptr && running->since + rule_.within <= now_) {
                    program->does_well_on.insert(task.node);
                }
            }
        }
    }

    void add_ended() {
        for (const auto& [at, id] :
             state_.ended() | std::views::reverse | std::views::take(kMostJobsLookedAt)) {
            const Job& job = *state_.job(id);
            Program* program = known(*job.spec);
            const auto& how = std::get<Finished>(job.state).ending;
            if (program == nullptr || how.reason != EndReason::Completed || job.past.empty()) {
                continue;
            }
            for (const PlacedTask& task : job.past.back().tasks) {
                program->does_well_on.insert(task.node);
            }
        }
    }

    const State& state_;
    Time now_;
    const BlackHoleRule& rule_;
    std::map<Key, Program> programs_;
    std::size_t looked_at_ = 0;
    const JobSpec* last_spec_ = nullptr;
    Program* last_ = nullptr;
};

// What speaks for the node.
struct Case {
    int jobs = 0;
    int proven = 0;  // of these, whose programs do well elsewhere
    std::set<std::string_view> users;
    Time since = kNever;
    Duration longest{0};

    bool is_enough(const BlackHoleRule& rule) const {
        return jobs >= rule.jobs &&
               (proven >= rule.jobs || static_cast<int>(users.size()) >= rule.users);
    }
};

Case case_of(const State& state, const Node& node, const Evidence& evidence) {
    Case found;
    for (const FastFailure& failure : node.fast_failures) {
        const Job* job = state.job(failure.job);
        if (job == nullptr || !evidence.speaks_for(*job, node)) {
            continue;
        }
        ++found.jobs;
        found.proven += evidence.does_well_elsewhere(*job, node) ? 1 : 0;
        found.users.insert(job->spec->user);
        found.since = std::min(found.since, failure.at);
        found.longest = std::max(found.longest, failure.ran);
    }
    return found;
}

std::string counted(std::size_t number, const std::string& one) {
    return std::to_string(number) + " " + one + (number == 1 ? "" : "s");
}

std::string told(const Case& found, const Node& node) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(found.longest).count();
    return counted(static_cast<std::size_t>(found.jobs), "job") + " of " +
           counted(found.users.size(), "user") + " failed within " + std::to_string(seconds) +
           " s of their start since " + format_rfc3339(found.since) + "; gusu node resume " +
           node.description.name + " when mended";
}

// How many more nodes may be drained so.
std::int64_t left_to_drain(const State& state) {
    std::int64_t all = 0;
    std::int64_t open = 0;
    std::int64_t drained = 0;
    for (const auto& [id, node] : state.nodes()) {
        all += std::holds_alternative<Lost>(node.contact) ? 0 : 1;
        open += node.takes_work() ? 1 : 0;
        drained += node.drained && node.drain_cause == DrainCause::BlackHole ? 1 : 0;
    }
    const std::int64_t most =
        std::max<std::int64_t>(1, all * state.policy().black_hole.most_milli / 1000);
    return std::min(most - drained, open - 1);
}

}  // namespace

Events black_holes(const State& state, Time now) {
    std::int64_t left = left_to_drain(state);
    if (left <= 0) {
        return {};
    }
    const Evidence evidence(state, now);
    if (!evidence.is_whole()) {
        return {};
    }
    Events events;
    for (const NodeId id : state.suspects()) {
        const Node& node = *state.node(id);
        const Case found = case_of(state, node, evidence);
        if (node.takes_work() && found.is_enough(state.policy().black_hole) && left-- > 0) {
            events.push_back({now, NodeDrained{.node = id,
                                               .reason = told(found, node),
                                               .cause = DrainCause::BlackHole}});
        }
    }
    return events;
}

}  // namespace gusu::core
