#include "scheduler/wire/job_spec.h"

#include <algorithm>
#include <array>

#include "scheduler/base/text.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_spec_rules.h"
#include "scheduler/wire/job_text.h"

namespace gusu::wire {
namespace {

constexpr std::size_t kMostSpec = 2 << 20;
constexpr Duration kHour = std::chrono::hours(1);
// A gang in one domain runs so much better that a short wait for it pays.
constexpr Duration kLocalityWait = std::chrono::minutes(5);
constexpr Duration kTenYears = std::chrono::hours(24) * 3650;

std::string program_name(const v1::JobSpec& spec) {
    const auto& command = spec.command().empty() && !spec.groups().empty()
                              ? spec.groups(0).command()
                              : spec.command();
    if (!spec.script().empty() || command.empty()) {
        return "script";
    }
    // Cut to what a name may have, without breaking a character.
    const std::string name = command[0].substr(command[0].rfind('/') + 1, 128);
    const std::string whole = name.substr(0, valid_utf8_prefix(name));
    const bool is_plain = std::ranges::none_of(
        whole, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return is_plain && !whole.empty() ? whole : "command";
}

Problem set_priority(const v1::JobSpec& spec, const Field& field, core::Demand& demand) {
    switch (spec.priority()) {
        case v1::PRIORITY_LOW:
            demand.priority = core::Priority::Low;
            return std::nullopt;
        case v1::PRIORITY_UNSPECIFIED:
        case v1::PRIORITY_NORMAL:
            demand.priority = core::Priority::Normal;
            return std::nullopt;
        case v1::PRIORITY_HIGH:
            demand.priority = core::Priority::High;
            return std::nullopt;
        default:
            break;
    }
    return refuse(field.in("priority"), std::to_string(static_cast<int>(spec.priority())),
                  "is no priority", "PRIORITY_LOW, PRIORITY_NORMAL, PRIORITY_HIGH");
}

Problem set_topology(const v1::JobSpec& spec, const Field& parent, core::Demand& demand) {
    if (!spec.has_topology()) {
        return std::nullopt;
    }
    const Field field = parent.in("topology");
    const v1::Topology& message = spec.topology();
    if (auto problem = check_label(field.in("level"), message.level(), "")) {
        return problem;
    }
    core::Topology topology{
        .level = message.level(),
        .closeness = message.required() ? core::Closeness::Required : core::Closeness::Preferred,
        .wait = message.required() ? Duration(0) : kLocalityWait};
    if (message.has_wait()) {
        const auto wait = to_duration(field.in("wait"), message.wait(), {.most = 24 * kHour});
        if (!wait.ok()) {
            return wait.error();
        }
        if (message.required() && *wait > Duration(0)) {
            return refuse(field.in("wait"), "stands beside required, which waits for ever",
                          "only one of the two");
        }
        topology.wait = *wait;
    }
    demand.topology = std::move(topology);
    return std::nullopt;
}

Result<std::shared_ptr<const core::Demand>> to_demand(const v1::JobSpec& spec, const Field& field) {
    auto demand = std::make_shared<core::Demand>();
    auto groups = to_groups(spec, field);
    if (!groups.ok()) {
        return groups.error();
    }
    demand->groups = std::move(*groups);
    if (auto problem = set_priority(spec, field, *demand)) {
        return *problem;
    }
    demand->preemption =
        spec.preemptible() ? core::Preemption::Allowed : core::Preemption::Forbidden;
    demand->runtime = spec.image().empty() ? core::Runtime::Process : core::Runtime::Container;
    if (spec.has_time_limit()) {
        const auto limit = to_duration(field.in("time_limit"), spec.time_limit(),
                                       {.least = Duration(1), .most = kTenYears});
        if (!limit.ok()) {
            return limit.error();
        }
        demand->time_limit = *limit;
    }
    demand->sharing = spec.exclusive() ? core::Sharing::Exclusive : core::Sharing::Shared;
    if (auto problem = set_topology(spec, field, *demand)) {
        return *problem;
    }
    return std::shared_ptr<const core::Demand>(std::move(demand));
}

Problem set_exit_codes(const v1::RetryPolicy& message, const Field& field,
                       core::RetryPolicy& retry) {
    const auto take = [&](const auto& codes, const char* name, std::vector<int>& into) -> Problem {
        for (int i = 0; i < codes.size(); ++i) {
            if (auto problem = check_count(field.at(name, i), codes[i], 1, 255)) {
                return problem;
            }
            into.push_back(codes[i]);
        }
        std::ranges::sort(into);
        into.erase(std::ranges::unique(into).begin(), into.end());
        return std::nullopt;
    };
    if (auto problem = take(message.exit_codes(), "exit_codes", retry.exit_codes)) {
        return problem;
    }
    if (auto problem =
            take(message.final_exit_codes(), "final_exit_codes", retry.final_exit_codes)) {
        return problem;
    }
    for (const int code : retry.final_exit_codes) {
        if (std::ranges::binary_search(retry.exit_codes, code)) {
            return refuse(field.in("final_exit_codes"), std::to_string(code),
                          "is in exit_codes too", "each code in one of the two lists");
        }
    }
    return std::nullopt;
}

Problem set_retry(const v1::JobSpec& spec, const Field& parent, core::RetryPolicy& retry) {
    const Field field = parent.in("retry");
    if (auto problem = check_count(field.in("retries"), spec.retry().retries(), 0, 100)) {
        return problem;
    }
    retry.retries = spec.retry().retries();
    const auto backoff = to_duration(field.in("backoff"), spec.retry().backoff(), {.most = kHour});
    if (!backoff.ok()) {
        return backoff.error();
    }
    if (*backoff > Duration(0)) {
        retry.backoff = *backoff;
    }
    return set_exit_codes(spec.retry(), field, retry);
}

Problem set_checkpoint(const v1::JobSpec& spec, const Field& parent, core::JobSpec& job) {
    constexpr std::array<std::string_view, 6> kSignals{"TERM", "INT", "USR1",
                                                       "USR2", "HUP", "QUIT"};
    const Field field = parent.in("checkpoint");
    const std::string& text = spec.checkpoint().signal();
    const std::string_view name =
        text.starts_with("SIG") ? std::string_view(text).substr(3) : std::string_view(text);
    if (!text.empty() && std::ranges::find(kSignals, name) == kSignals.end()) {
        return refuse(field.in("signal"), quote(text), "is no signal to stop by",
                      "TERM, INT, USR1, USR2, HUP, QUIT");
    }
    if (!text.empty()) {
        job.stop_signal = name;
    }
    const auto grace = to_duration(field.in("grace"), spec.checkpoint().grace(), {.most = kHour});
    if (!grace.ok()) {
        return grace.error();
    }
    if (*grace > Duration(0)) {
        job.stop_grace = *grace;
    }
    return std::nullopt;
}

Problem set_array(const v1::JobSpec& spec, const Field& parent, core::Submission& submission) {
    if (!spec.has_array()) {
        return std::nullopt;
    }
    const Field field = parent.in("array");
    // 16 bytes an index are enough to write each of them out.
    if (auto problem = check_text(field.in("indices"), spec.array().indices(),
                                  {.most_bytes = std::size_t{16} * kMostArrayIndices})) {
        return problem;
    }
    auto indices = parse_array_indices(spec.array().indices());
    if (!indices.ok()) {
        return Error{indices.error().code,
                     field.in("indices").text() + ": " + indices.error().message};
    }
    submission.array_indices = std::move(*indices);
    submission.array_max_running = spec.array().max_running();
    return check_count(field.in("max_running"), spec.array().max_running(), 0, kMostArrayIndices);
}

// Everything but the demand, the dependencies and what check_program() looks at.
Problem set_terms(const v1::JobSpec& spec, const Field& field, core::Submission& submission) {
    if (!spec.tenant().empty()) {
        if (auto problem = check_tenant_path(field.in("tenant"), spec.tenant())) {
            return problem;
        }
    }
    submission.tenant = spec.tenant();
    submission.hold = spec.hold() ? core::Hold::ByUser : core::Hold::None;
    if (spec.has_begin()) {
        const auto begin = to_time(field.in("begin"), spec.begin());
        if (!begin.ok()) {
            return begin.error();
        }
        submission.spec.begin = *begin;
    }
    if (spec.has_deadline()) {
        const auto deadline = to_time(field.in("deadline"), spec.deadline());
        if (!deadline.ok()) {
            return deadline.error();
        }
        submission.spec.deadline = *deadline;
    }
    if (auto problem = set_retry(spec, field, submission.spec.retry)) {
        return problem;
    }
    if (auto problem = set_checkpoint(spec, field, submission.spec)) {
        return problem;
    }
    return set_array(spec, field, submission);
}

}  // namespace

Result<core::Submission> to_submission(const v1::JobSpec& spec, const std::string& field,
                                       int position) {
    const Field here{.parent = nullptr, .name = field, .index = -1};
    if (const std::size_t bytes = spec.ByteSizeLong(); bytes > kMostSpec) {
        return refuse(here, "has " + std::to_string(bytes) + " bytes",
                      "at most 2097152 bytes; keep data in files");
    }
    if (auto problem = check_program(spec, here)) {
        return *problem;
    }
    core::Submission submission;
    if (auto problem = set_terms(spec, here, submission)) {
        return *problem;
    }
    auto dependencies = to_dependencies(spec, here, position);
    if (!dependencies.ok()) {
        return dependencies.error();
    }
    submission.dependencies = std::move(*dependencies);
    auto demand = to_demand(spec, here);
    if (!demand.ok()) {
        return demand.error();
    }
    submission.spec.demand = std::move(*demand);
    submission.spec.name = spec.name().empty() ? program_name(spec) : spec.name();
    submission.spec.payload = program_payload(spec);
    return submission;
}

}  // namespace gusu::wire
