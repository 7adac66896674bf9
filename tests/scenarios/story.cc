#include "tests/scenarios/story.h"

#include <functional>
#include <sstream>

#include "scheduler/base/text.h"
#include "scheduler/core/forecast.h"
#include "tests/scenarios/story_words.h"
#include "tests/scenarios/told.h"
#include "tests/world/world.h"

namespace gusu::testing {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, at);) {
        parts.push_back(part);
    }
    return parts;
}

core::TaskEnded ended(core::EndReason reason, int code, int signal) {
    return {.at = {},
            .ending = {.reason = reason, .exit_code = code, .signal = signal, .detail = {}}};
}

class Story {
public:
    // What the core did about this line, as lines of text.
    std::string tell(const StoryLine& line) {
        if (line.at) {
            pass_until(Time(*line.at));
        }
        told_.clear();
        told_ = std::exchange(passed_, "");
        const auto verb = verbs_.find(line.verb);
        if (verb == verbs_.end()) {
            return told_ + "no such verb: " + line.verb + "\n";
        }
        verb->second(line);
        return std::move(told_);
    }

private:
    // Timers that come due on the way are told too.
    void pass_until(Time time) {
        for (;;) {
            const Time next = world_.scheduler().next_timer();
            if (next > time) {
                break;
            }
            world_.set_time(std::max(next, world_.now()));
            passed_ += told(world_.state(), names_, world_.step());
        }
        world_.set_time(time);
    }

    void happened(const Result<core::Events>& events) {
        told_ += events ? told(world_.state(), names_, *events)
                        : told_time(world_.now()) + "refused: " + events.error().message + "\n";
    }

    static core::Labels labels(const StoryLine& line) {
        core::Labels labels;
        for (const std::string& label : split(line.option("labels", ""), ',')) {
            const std::vector<std::string> parts = split(label, ':');
            labels[parts.at(0)] = parts.at(1);
        }
        return labels;
    }

    void node(const StoryLine& line) {
        NodeWish wish = nodes_[line.names.at(0)];
        wish.name = line.names.at(0);
        wish.accelerator = line.option("accelerator", wish.accelerator);
        wish.gpus = line.number("gpus", wish.gpus);
        wish.linked = line.number("linked", wish.linked);
        wish.cut = line.number("cut", wish.cut);
        wish.cpus = line.number("cpus", wish.cpus);
        wish.memory = parse_bytes(line.option("memory", std::to_string(wish.memory))).value();
        wish.boot_id = line.option("boot", wish.boot_id);
        for (const auto& [key, value] : labels(line)) {
            wish.labels[key] = value;
        }
        nodes_[wish.name] = wish;
        happened(world_.join(wish));
    }

    void tenant(const StoryLine& line) {
        happened(world_.execute(core::CreateTenant{
            .caller = world_.admin(), .path = line.names.at(0), .description = limits(line)}));
        if (line.has("guaranteed") || line.has("limit")) {
            quota(line);
        }
    }

    static core::TenantDescription limits(const StoryLine& line) {
        core::TenantDescription description;
        description.max_pending_jobs = line.number("max_pending", 0);
        description.max_running_jobs = line.number("max_running", 0);
        description.data_class = data_class(line).value_or(core::DataClass::Public);
        return description;
    }

    static std::optional<core::DataClass> data_class(const StoryLine& line) {
        const std::map<std::string, core::DataClass> classes{
            {"public", core::DataClass::Public},
            {"internal", core::DataClass::Internal},
            {"sensitive", core::DataClass::Sensitive}};
        return line.has("class") ? std::optional(classes.at(line.option("class", "")))
                                 : std::nullopt;
    }

    void classify(const StoryLine& line) {
        core::UpdateTenant update{world_.admin(), line.names.at(0), {}, {}, {}, {}, {}};
        update.data_class = data_class(line);
        happened(world_.execute(update));
    }

    void grant(const StoryLine& line) {
        happened(world_.execute(core::GrantRole{.caller = world_.admin(),
                                                .user = line.names.at(0),
                                                .role = core::Role::Researcher,
                                                .tenant = line.option("tenant", "")}));
    }

    void quota(const StoryLine& line) {
        core::SetQuota set{.caller = world_.admin(),
                           .tenant = line.names.at(0),
                           .accelerator = line.option("accelerator", "nvidia-h200"),
                           .guaranteed = {},
                           .limit = {},
                           .lendable = {}};
        if (line.has("guaranteed")) {
            set.guaranteed = Amount(parse_milli(line.option("guaranteed", "")).value());
        }
        if (line.has("limit")) {
            set.limit = Amount(parse_milli(line.option("limit", "")).value());
        }
        if (line.has("lend")) {
            set.lendable = Amount(parse_milli(line.option("lend", "")).value());
        }
        if (line.has("nodes")) {
            set.guaranteed_nodes = line.number("nodes", 0);
        }
        set.reclaim =
            line.has("reclaim") ? core::SetQuota::Reclaim::Yes : core::SetQuota::Reclaim::No;
        happened(world_.execute(set));
    }

    void policy(const StoryLine& line) {
        core::Policy policy;
        policy.runs_at_least = parse_duration(line.option("runs_at_least", "10m")).value();
        policy.short_job = parse_duration(line.option("short_job", "4h")).value();
        policy.ages_after = parse_duration(line.option("ages_after", "24h")).value();
        policy.lendable_milli = line.number("lendable_milli", policy.lendable_milli);
        policy.waits_for_many = parse_duration(line.option("waits_for_many", "10m")).value();
        policy.black_hole.jobs = line.number("black_hole_jobs", policy.black_hole.jobs);
        policy.black_hole.most_milli =
            line.number("black_hole_milli", policy.black_hole.most_milli);
        happened(world_.execute(core::SetPolicy{policy}));
    }

    void saves(const StoryLine& line) {
        const core::Job& saved = job(line.names.at(0));
        const auto* placed = std::get_if<core::Placed>(&saved.state);
        if (placed == nullptr) {
            told_ += line.names.at(0) + " does not run\n";
            return;
        }
        const core::Node& node = *world_.state().node(placed->tasks.front().node);
        happened(world_.execute(
            core::ReportCheckpoint{.node = node.description.name,
                                   .session = std::get<core::InContact>(node.contact).session,
                                   .incarnation = placed->incarnation}));
    }

    void suspend(const StoryLine& line) {
        core::UpdateTenant update{.caller = world_.admin(),
                                  .path = line.names.at(0),
                                  .display_name = {},
                                  .status = core::TenantStatus::Suspended,
                                  .max_pending_jobs = {},
                                  .max_running_jobs = {},
                                  .labels = {}};
        if (line.verb == "activate") {
            update.status = core::TenantStatus::Active;
        }
        happened(world_.execute(update));
    }

    core::DemandPointer demand(const StoryLine& line) {
        auto demand = std::make_shared<core::Demand>();
        core::TaskGroup group;
        group.tasks = line.number("nodes", line.number("tasks", 1));
        group.min_tasks = line.number("min_nodes", line.number("min_tasks", 0));
        group.spread_over = line.option("spread_over", "");
        group.spread = line.has("nodes") ? core::Spread::DistinctNodes : core::Spread::Anywhere;
        group.per_task.milli_gpus = Amount(parse_milli(line.option("gpus", "0")).value());
        group.per_task.milli_cpus = Amount(parse_milli(line.option("cpus", "1")).value());
        group.per_task.memory = Amount(parse_bytes(line.option("memory", "1G")).value());
        if (line.has("slice")) {
            group.slice = core::SliceProfile{.name = line.option("slice", "")};
        }
        if (line.has("accelerator")) {
            group.accelerators = split(line.option("accelerator", ""), ',');
        }
        group.node_labels = labels(line);
        demand->groups = {group};
        if (line.has("exclusive")) {
            demand->sharing = core::Sharing::Exclusive;
        }
        if (line.has("within")) {
            demand->topology =
                core::Topology{.level = line.option("within", ""),
                               .closeness = line.has("required") ? core::Closeness::Required
                                                                 : core::Closeness::Preferred,
                               .wait = parse_duration(line.option("locality_wait", "0s")).value()};
        }
        if (line.has("preemptible")) {
            demand->preemption = core::Preemption::Allowed;
        }
        if (line.has("time")) {
            demand->time_limit = parse_duration(line.option("time", "")).value();
        }
        const std::string priority = line.option("priority", "normal");
        demand->priority = priority == "high"  ? core::Priority::High
                           : priority == "low" ? core::Priority::Low
                                               : core::Priority::Normal;
        return demand;
    }

    core::Submission submission(const StoryLine& line) {
        core::Submission submission;
        submission.tenant = line.option("tenant", "");
        submission.spec.name = line.option("name", line.names.at(0));
        submission.spec.payload = line.option("program", "");
        submission.spec.demand = demand(line);
        submission.spec.retry.retries = line.number("retries", 0);
        submission.spec.retry.backoff = parse_duration(line.option("backoff", "10s")).value();
        for (const std::string& code : split(line.option("retry_on", ""), ',')) {
            submission.spec.retry.exit_codes.push_back(std::stoi(code));
        }
        for (const std::string& code : split(line.option("no_retry_on", ""), ',')) {
            submission.spec.retry.final_exit_codes.push_back(std::stoi(code));
        }
        if (line.has("deadline")) {
            submission.spec.deadline = Time(parse_duration(line.option("deadline", "")).value());
        }
        submission.spec.begin = Time(parse_duration(line.option("begin", "0s")).value());
        submission.hold = line.has("hold") ? core::Hold::ByUser : core::Hold::None;
        for (int i = 0; i < line.number("array", 0); ++i) {
            submission.array_indices.push_back(i);
        }
        submission.array_max_running = line.number("at_once", 0);
        const std::pair<const char*, core::DependencyCondition> conditions[] = {
            {"afterok", core::DependencyCondition::AfterOk},
            {"afterany", core::DependencyCondition::AfterAny},
            {"afternotok", core::DependencyCondition::AfterNotOk},
            {"aftercorr", core::DependencyCondition::AfterCorr}};
        for (const auto& [option, condition] : conditions) {
            for (const std::string& name : split(line.option(option, ""), ',')) {
                submission.dependencies.push_back(
                    {.condition = condition, .jobs = {reference(name)}, .siblings = {}});
            }
        }
        if (line.has("singleton")) {
            submission.dependencies.push_back(
                {.condition = core::DependencyCondition::Singleton, .jobs = {}, .siblings = {}});
        }
        return submission;
    }

    void submit(const StoryLine& line) {
        const std::string name = line.names.at(0);
        const JobId id{world_.state().next_id()};
        names_.jobs[id] = name;
        for (int i = 0; i < line.number("array", 0); ++i) {
            names_.jobs[JobId{id.value + 1 + static_cast<std::uint64_t>(i)}] =
                name + "_" + std::to_string(i);
        }
        happened(world_.execute(core::SubmitJobs{.caller = {line.option("user", "admin")},
                                                 .request_id = line.option("request", name),
                                                 .submissions = {submission(line)}}));
    }

    core::JobRef reference(const std::string& name) const {
        for (const auto& [id, job] : names_.jobs) {
            if (job == name) {
                const core::Job* element = world_.state().job(id);
                return element != nullptr && element->array
                           ? core::JobRef{element->array->array, element->array->index}
                           : core::JobRef{id, std::nullopt};
            }
        }
        return core::JobRef{JobId{999'999}, std::nullopt};
    }

    const core::Job& job(const std::string& name) const {
        for (const auto& [id, each] : names_.jobs) {
            if (each == name && world_.state().job(id) != nullptr) {
                return *world_.state().job(id);
            }
        }
        static const core::Job kNone;
        return kNone;
    }

    // `drain=WHY`: the agent wants no more work.
    void observe(const StoryLine& line, const core::TaskState& state) {
        const core::Job& observed = job(line.names.at(0));
        const auto* placed = std::get_if<core::Placed>(&observed.state);
        const int tasks = placed == nullptr ? 0 : static_cast<int>(placed->tasks.size());
        const int only = line.number("task", -1);
        const JobId id = observed.id;
        for (int task = 0; task < tasks; ++task) {
            if (only < 0 || only == task) {
                happened(world_.observe(id, task, state, line.option("drain", "")));
            }
        }
    }

    // `of=node`: the fault is not the job's.
    void exits(const StoryLine& line) {
        const int code = line.number("code", 0);
        const int signal = line.number("signal", 0);
        const bool well = code == 0 && signal == 0;
        const auto own = well ? core::EndReason::Completed : core::EndReason::ExitCode;
        observe(line, ended(line.option("of", "").empty() ? own : core::EndReason::DeviceFault,
                            code, signal));
    }

    template <typename Command>
    void change_jobs(const StoryLine& line) {
        Command command{.caller = {line.option("user", "admin")}, .jobs = {}};
        for (const std::string& name : line.names) {
            command.jobs.push_back(reference(name));
        }
        happened(world_.execute(command));
    }

    void lose(const StoryLine& line) {
        const core::Node& node = *world_.state().node(line.names.at(0));
        happened(world_.execute(
            core::LoseContact{.node = line.names.at(0),
                              .session = std::get<core::InContact>(node.contact).session,
                              .lease = Duration(60'000)}));
    }

    void reserve(const StoryLine& line) {
        core::CreateReservation create{.caller = {line.option("user", "admin")},
                                       .request_id = line.option("request", ""),
                                       .name = line.names.at(0),
                                       .nodes = split(line.option("nodes", ""), ','),
                                       .node_labels = labels(line),
                                       .starts = line.time("start").value_or(world_.now()),
                                       .lasts = parse_duration(line.option("time", "1h")).value(),
                                       .every = parse_duration(line.option("every", "0s")).value(),
                                       .tenant = line.option("tenant", ""),
                                       .reason = line.option("reason", "")};
        if (line.has("force")) {
            create.running = core::CreateReservation::Running::RunOn;
        }
        happened(world_.execute(create));
    }

    void explain(const StoryLine& line) {
        const core::Job& waiting = job(line.names.at(0));
        if (!waiting.is_waiting()) {
            told_ += line.names.at(0) + " does not wait\n";
            return;
        }
        told_ += told(world_.scheduler().explain(waiting, world_.now()));
    }

    void forecast(const StoryLine& line) {
        const core::Job& waiting = job(line.names.at(0));
        const auto forecast = core::forecast(
            core::forecast_basis(world_.state(), waiting.id, world_.now()), waiting.id);
        const auto told_or = [](const std::optional<Time>& time) {
            return time ? told_time(*time).substr(0, told_time(*time).find(' ')) : "never";
        };
        told_ += line.names.at(0) + " is to start between " + told_or(forecast.earliest) + " and " +
                 told_or(forecast.latest) + ", likely at " + told_or(forecast.likely) + ": " +
                 forecast.basis + "\n";
    }

    World world_;
    Names names_;
    std::map<std::string, NodeWish> nodes_;
    std::string told_;
    std::string passed_;
    const std::map<std::string, std::function<void(const StoryLine&)>> verbs_{
        {"node", [this](const StoryLine& line) { node(line); }},
        {"tenant", [this](const StoryLine& line) { tenant(line); }},
        {"quota", [this](const StoryLine& line) { quota(line); }},
        {"policy", [this](const StoryLine& line) { policy(line); }},
        {"saves", [this](const StoryLine& line) { saves(line); }},
        {"suspend", [this](const StoryLine& line) { suspend(line); }},
        {"activate", [this](const StoryLine& line) { suspend(line); }},
        {"submit", [this](const StoryLine& line) { submit(line); }},
        {"runs", [this](const StoryLine& line) { observe(line, core::TaskRunning{}); }},
        {"exits", [this](const StoryLine& line) { exits(line); }},
        {"never_starts",
         [this](const StoryLine& line) {
             observe(line, ended(core::EndReason::LaunchFailed, 0, 0));
         }},
        {"classify", [this](const StoryLine& line) { classify(line); }},
        {"grant", [this](const StoryLine& line) { grant(line); }},
        {"cancel", [this](const StoryLine& line) { change_jobs<core::CancelJobs>(line); }},
        {"hold", [this](const StoryLine& line) { change_jobs<core::HoldJobs>(line); }},
        {"release", [this](const StoryLine& line) { change_jobs<core::ReleaseJobs>(line); }},
        {"lose", [this](const StoryLine& line) { lose(line); }},
        {"drain",
         [this](const StoryLine& line) {
             happened(
                 world_.execute(core::DrainNode{world_.admin(), line.names.at(0),
                                                line.option("reason", "repair"), line.time("at")}));
         }},
        {"resume",
         [this](const StoryLine& line) {
             happened(world_.execute(core::ResumeNode{world_.admin(), line.names.at(0)}));
         }},
        {"reserve", [this](const StoryLine& line) { reserve(line); }},
        {"unreserve",
         [this](const StoryLine& line) {
             happened(world_.execute(
                 core::DeleteReservation{{line.option("user", "admin")}, line.names.at(0)}));
         }},
        {"explain", [this](const StoryLine& line) { explain(line); }},
        {"forecast", [this](const StoryLine& line) { forecast(line); }},
        {"tick", [](const StoryLine&) {}},
    };
};

}  // namespace

std::string tell(const std::string& text) {
    Story story;
    std::string answer;
    std::string pending;
    bool in_answer = false;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (in_answer && !line.empty()) {
            continue;  // the old answer
        }
        in_answer = line == "----";
        answer += line + "\n";
        if (in_answer) {
            answer += std::exchange(pending, "");
        } else if (!line.empty() && line.front() != '#') {
            pending += story.tell(parse_story_line(line));
        }
    }
    return answer;
}

}  // namespace gusu::testing
