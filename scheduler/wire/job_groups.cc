#include <set>

#include "scheduler/base/text.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_spec_rules.h"

namespace gusu::wire {
namespace {

constexpr int kMostGroups = 64;
constexpr int kMostTasks = 100'000;
constexpr int kMostGpusPerTask = 1024;
constexpr int kMostCpusPerTask = 4096;
constexpr int kMostAccelerators = 32;
constexpr std::int64_t kMostMemoryPerTask = std::int64_t{64} << 40;
// Of a whole job, so that sums over jobs stay far from the limits of Amount.
constexpr std::int64_t kMostMemory = std::int64_t{1} << 56;
constexpr std::int64_t kDefaultMilliCpus = 1000;
constexpr std::int64_t kDefaultMemory = std::int64_t{1} << 30;

Result<core::Resources> to_resources(const v1::Resources& message, const Field& field) {
    const auto gpus = to_milli(field.in("gpus"), message.gpus(), kMostGpusPerTask);
    if (!gpus.ok()) {
        return gpus.error();
    }
    if (gpus->units() > 1000 && gpus->units() % 1000 != 0) {
        return refuse(field.in("gpus"), number_text(message.gpus()),
                      "is neither a whole number nor a share of one device",
                      "a whole number up to 1024, or a share below 1 as 0.25");
    }
    const auto cpus = to_milli(field.in("cpus"), message.cpus(), kMostCpusPerTask);
    if (!cpus.ok()) {
        return cpus.error();
    }
    const auto memory = to_bytes(field.in("memory"), message.memory(), kMostMemoryPerTask);
    if (!memory.ok()) {
        return memory.error();
    }
    return core::Resources{.milli_gpus = *gpus,
                           .milli_cpus = cpus->is_zero() ? Amount(kDefaultMilliCpus) : *cpus,
                           .memory = memory->is_zero() ? Amount(kDefaultMemory) : *memory};
}

Problem check_accelerators(const v1::TaskGroup& message, const Field& field) {
    if (message.accelerators_size() > kMostAccelerators) {
        return refuse(field.in("accelerators"),
                      "names " + std::to_string(message.accelerators_size()) + " accelerators",
                      "at most 32; none for any");
    }
    std::set<std::string_view> names;
    for (int i = 0; i < message.accelerators_size(); ++i) {
        const std::string& name = message.accelerators(i);
        const Field here = field.at("accelerators", i);
        if (auto problem = check_accelerator_name(here, name)) {
            return problem;
        }
        if (!names.insert(name).second) {
            return refuse(here, quote(name), "is named twice", "each accelerator once");
        }
    }
    const bool has_gpus = message.resources().gpus() != 0 || !message.gpu_slice().empty();
    if (!has_gpus && message.accelerators_size() > 0) {
        return refuse(field.in("accelerators"), quote(message.accelerators(0)),
                      "is asked for by tasks without GPUs",
                      "accelerators only with resources.gpus above 0");
    }
    return std::nullopt;
}

Problem check_slice(const v1::TaskGroup& message, const Field& field) {
    if (message.gpu_slice().empty()) {
        return std::nullopt;
    }
    if (!is_word(message.gpu_slice(), 63, "._-+")) {
        return refuse(field.in("gpu_slice"), quote(message.gpu_slice()), "is no name of a profile",
                      "as 1g.10gb: letters, digits and . _ - +, 1 to 63 characters");
    }
    if (message.resources().gpus() != 0 && message.resources().gpus() != 1) {
        return refuse(field.in("resources").in("gpus"), number_text(message.resources().gpus()),
                      "does not go with gpu_slice, of which each task has one",
                      "leave gpus out, and ask for more tasks");
    }
    return std::nullopt;
}

// Only its name: what the profile is, the catalogue says.
std::optional<core::SliceProfile> slice_of(const v1::TaskGroup& message) {
    return message.gpu_slice().empty() ? std::nullopt
                                       : std::optional(core::SliceProfile{message.gpu_slice()});
}

Problem check_name(const v1::TaskGroup& message, const Field& field, bool is_only_group) {
    if (message.name().empty() ? is_only_group : is_word(message.name(), 63, "._-")) {
        return std::nullopt;
    }
    return refuse(
        field.in("name"), quote(message.name()), "is no name of a group",
        "letters, digits and . _ -, 1 to 63 characters; empty only if there is one group");
}

Result<core::TaskGroup> to_group(const v1::TaskGroup& message, const Field& field,
                                 bool is_only_group) {
    if (auto problem = check_name(message, field, is_only_group)) {
        return *problem;
    }
    if (message.tasks() != 0) {
        if (auto problem = check_count(field.in("tasks"), message.tasks(), 1, kMostTasks)) {
            return *problem;
        }
    }
    const Field resources = field.in("resources");
    const auto per_task = to_resources(message.resources(), resources);
    if (!per_task.ok()) {
        return per_task.error();
    }
    if (auto problem = check_slice(message, field)) {
        return *problem;
    }
    if (auto problem = check_accelerators(message, field)) {
        return *problem;
    }
    if (auto problem = check_labels(field.in("node_labels"), message.node_labels())) {
        return *problem;
    }
    const int tasks = message.tasks() == 0 ? 1 : message.tasks();
    if (auto problem = check_count(field.in("min_tasks"), message.min_tasks(), 0, tasks)) {
        return *problem;
    }
    if (!message.spread_over().empty()) {
        if (auto problem = check_label(field.in("spread_over"), message.spread_over(), "")) {
            return *problem;
        }
    }
    return core::TaskGroup{
        .name = message.name(),
        .tasks = tasks,
        .min_tasks = message.min_tasks() == tasks ? 0 : message.min_tasks(),
        .per_task = *per_task,
        .accelerators = {message.accelerators().begin(), message.accelerators().end()},
        .spread = message.distinct_nodes() ? core::Spread::DistinctNodes : core::Spread::Anywhere,
        .node_labels = {message.node_labels().begin(), message.node_labels().end()},
        .spread_over = message.spread_over(),
        .slice = slice_of(message)};
}

Problem check_sums(const std::vector<core::TaskGroup>& groups, const Field& field) {
    std::int64_t tasks = 0;
    Amount memory;
    for (const core::TaskGroup& group : groups) {
        tasks += group.tasks;
        // No product is above 2^46 * 100,000 < 2^63, but it may be above what an Amount holds.
        const std::int64_t bytes = group.per_task.memory.units() * group.tasks;
        if (bytes > kMostMemory - memory.units()) {
            return refuse(field, "ask for more than " + format_bytes(kMostMemory) + " of memory",
                          "less memory or fewer tasks");
        }
        memory += Amount(bytes);
    }
    if (tasks > kMostTasks) {
        return refuse(field, "have " + std::to_string(tasks) + " tasks together", "at most 100000");
    }
    return std::nullopt;
}

}  // namespace

Result<std::vector<core::TaskGroup>> to_groups(const v1::JobSpec& spec, const Field& field) {
    const Field all = field.in("groups");
    if (spec.groups().empty() || spec.groups_size() > kMostGroups) {
        return refuse(all, std::to_string(spec.groups_size()) + " groups", "are the wrong number",
                      "1 to 64; a job of one kind of task has one group");
    }
    std::vector<core::TaskGroup> groups;
    std::set<std::string_view> names;
    for (int i = 0; i < spec.groups_size(); ++i) {
        const Field here = field.at("groups", i);
        auto group = to_group(spec.groups(i), here, spec.groups_size() == 1);
        if (!group.ok()) {
            return group.error();
        }
        if (!names.insert(spec.groups(i).name()).second) {
            return refuse(here.in("name"), quote(group->name), "is used twice",
                          "a name of its own for every group");
        }
        groups.push_back(std::move(*group));
    }
    if (auto problem = check_sums(groups, all)) {
        return *problem;
    }
    return groups;
}

}  // namespace gusu::wire
