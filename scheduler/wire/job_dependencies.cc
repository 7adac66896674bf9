#include "scheduler/base/text.h"
#include "scheduler/wire/job_spec_rules.h"
#include "scheduler/wire/job_text.h"

namespace gusu::wire {
namespace {

constexpr int kMostDependencies = 1'000;

Result<core::DependencyCondition> to_condition(const Field& field, v1::DependencyCondition value) {
    switch (value) {
        case v1::DEPENDENCY_CONDITION_AFTER_OK:
            return core::DependencyCondition::AfterOk;
        case v1::DEPENDENCY_CONDITION_AFTER_ANY:
            return core::DependencyCondition::AfterAny;
        case v1::DEPENDENCY_CONDITION_AFTER_NOT_OK:
            return core::DependencyCondition::AfterNotOk;
        case v1::DEPENDENCY_CONDITION_AFTER_CORR:
            return core::DependencyCondition::AfterCorr;
        case v1::DEPENDENCY_CONDITION_SINGLETON:
            return core::DependencyCondition::Singleton;
        default:
            break;
    }
    return refuse(
        field, std::to_string(static_cast<int>(value)), "is no condition",
        "DEPENDENCY_CONDITION_AFTER_OK, _AFTER_ANY, _AFTER_NOT_OK, _AFTER_CORR, _SINGLETON");
}

// "#0" in a batch: only an earlier job, so that no job waits for itself, even by a detour.
Result<int> to_sibling(const Field& field, const std::string& text, int position) {
    const auto sibling = parse_integer(std::string_view(text).substr(1), 0, 1'000'000);
    if (sibling.ok() && *sibling < position) {
        return static_cast<int>(*sibling);
    }
    const bool is_itself = sibling.ok() && *sibling == position;
    const std::string allowed =
        position == 0
            ? "no \"#\" here: this is the first job of its batch; use the id of a "
              "submitted job as \"1042\""
            : "\"#0\" to \"#" + std::to_string(position - 1) + "\", earlier jobs of the batch";
    return refuse(field, quote(text),
                  is_itself ? "is the job itself" : "names no earlier job of the batch", allowed);
}

Problem add_job(const Field& field, const std::string& text, int position,
                core::DependsOn& dependency) {
    if (text.starts_with('#')) {
        const Result<int> sibling = to_sibling(field, text, position);
        if (!sibling.ok()) {
            return sibling.error();
        }
        dependency.siblings.push_back(*sibling);
        return std::nullopt;
    }
    const Result<core::JobRef> job = parse_job_ref(text);
    if (!job.ok()) {
        return Error{job.error().code, field.text() + ": " + job.error().message};
    }
    dependency.jobs.push_back(*job);
    return std::nullopt;
}

}  // namespace

Result<std::vector<core::DependsOn>> to_dependencies(const v1::JobSpec& spec, const Field& field,
                                                     int position) {
    std::vector<core::DependsOn> dependencies;
    int jobs = 0;
    for (int i = 0; i < spec.dependencies_size(); ++i) {
        const v1::Dependency& message = spec.dependencies(i);
        const Field here = field.at("dependencies", i);
        const auto condition = to_condition(here.in("condition"), message.condition());
        if (!condition.ok()) {
            return condition.error();
        }
        jobs += message.job_ids_size();
        const bool names_none = *condition == core::DependencyCondition::Singleton;
        if (names_none && !message.job_ids().empty()) {
            return refuse(here.in("job_ids"), quote(message.job_ids(0)),
                          "is named by a singleton, which waits for all earlier jobs of its name",
                          "none");
        }
        if ((message.job_ids().empty() && !names_none) || jobs > kMostDependencies) {
            return refuse(here.in("job_ids"),
                          message.job_ids().empty() ? "is empty" : "names too many jobs",
                          "1 to 1000 job ids over all dependencies; a whole array is one id");
        }
        core::DependsOn& dependency = dependencies.emplace_back();
        dependency.condition = *condition;
        for (int k = 0; k < message.job_ids_size(); ++k) {
            if (auto problem =
                    add_job(here.at("job_ids", k), message.job_ids(k), position, dependency)) {
                return *problem;
            }
        }
    }
    return dependencies;
}

}  // namespace gusu::wire
