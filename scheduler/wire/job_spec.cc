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
    return std::shared_ptr<const core::Demand>(std::move(demand));
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
    return std::nullopt;
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
