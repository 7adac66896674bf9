// How many tasks, and what each holds: sbatch's ways of asking, brought to one task group.
#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "scheduler/base/text.h"
#include "tools/gusu/job_spec.h"

namespace gusu::cli {
namespace {

constexpr std::int64_t kMostTasks = 100'000;
constexpr Setting kResourceSettings[] = {
    Setting::Gpus,         Setting::GpusPerNode, Setting::GpuFraction, Setting::GpuSlice,
    Setting::Gres,         Setting::Accelerator, Setting::Nodes,       Setting::Tasks,
    Setting::TasksPerNode, Setting::Cpus,        Setting::Memory,      Setting::NodeLabel,
    Setting::SpreadOver};

struct Counts {
    std::int64_t nodes = 0;  // 0: not said
    std::int64_t tasks = 1;
    std::int64_t tasks_per_node = 0;
    std::int64_t min_nodes = 0;  // above 0: between so many and `nodes`
};

// The setting's whole number, or 0 when it is not given.
Result<std::int64_t> count_of(const SubmitOptions& options, Setting setting) {
    const Given* given = options.last(setting);
    if (given == nullptr) {
        return std::int64_t{0};
    }
    const Result<std::int64_t> count = parse_integer(given->text, 1, kMostTasks);
    if (!count) {
        return wrong_value(*given, count.error().message);
    }
    return count;
}

// "4", or "2-8" of a job that starts with as many as there are.
Result<std::pair<std::int64_t, std::int64_t>> node_range(const SubmitOptions& options) {
    const Given* given = options.last(Setting::Nodes);
    const std::size_t dash = given == nullptr ? std::string::npos : given->text.find('-', 1);
    if (dash == std::string::npos) {
        const Result<std::int64_t> nodes = count_of(options, Setting::Nodes);
        return nodes ? Result(std::pair(std::int64_t{0}, *nodes))
                     : Result<std::pair<std::int64_t, std::int64_t>>(nodes.error());
    }
    const Result<std::int64_t> most = parse_integer(given->text.substr(dash + 1), 1, kMostTasks);
    const Result<std::int64_t> least =
        parse_integer(given->text.substr(0, dash), 1, most ? *most : kMostTasks);
    if (!most || !least) {
        return wrong_value(
            *given, (most ? least : most).error().message + "; a range is written MIN-MAX, as 2-8");
    }
    return std::pair(*least == *most ? 0 : *least, *most);
}

Result<Counts> read_counts(const SubmitOptions& options) {
    const auto nodes = node_range(options);
    if (!nodes) {
        return nodes.error();
    }
    const Result<std::int64_t> tasks = count_of(options, Setting::Tasks);
    const Result<std::int64_t> per_node = count_of(options, Setting::TasksPerNode);
    for (const Result<std::int64_t>* one : {&tasks, &per_node}) {
        if (!*one) {
            return one->error();
        }
    }
    Counts counts{
        .nodes = nodes->second, .tasks = 1, .tasks_per_node = *per_node, .min_nodes = nodes->first};
    for (const Setting whole : {Setting::Tasks, Setting::Gpus}) {
        if (counts.min_nodes > 0 && options.has(whole)) {
            return wrong_value(*options.last(whole),
                               "is of the whole job, whose number of nodes varies; say "
                               "--ntasks-per-node and --gpus-per-node");
        }
    }
    if (*tasks > 0) {
        counts.tasks = *tasks;
        if (counts.nodes > counts.tasks) {
            return wrong_value(*options.last(Setting::Tasks),
                               "fewer tasks than the " + std::to_string(counts.nodes) + " nodes");
        }
    } else if (counts.nodes > 0) {
        counts.tasks = counts.nodes * std::max<std::int64_t>(counts.tasks_per_node, 1);
    } else if (counts.tasks_per_node > 0) {
        counts.nodes = 1;
        counts.tasks = counts.tasks_per_node;
    }
    if (counts.tasks > kMostTasks) {
        return wrong_value(*options.last(Setting::TasksPerNode),
                           std::to_string(counts.tasks) + " tasks in all; at most 100000");
    }
    return counts;
}

// As NVIDIA names profiles: "1g.10gb", "3g.40gb", "1g.5gb+me".
bool is_profile(const std::string& text) {
    return text.size() > 3 && isdigit(static_cast<unsigned char>(text[0])) != 0 &&
           text.compare(1, 2, "g.") == 0;
}

// "gpu:4", "gpu:nvidia-h200:4" or "gpu:1g.10gb:1"; "gpu" is one.
Result<Given> read_gres(const Given& given, v1::TaskGroup& group) {
    const std::vector<std::string> parts = split(given.text, ':');
    if (parts.empty() || parts.front() != "gpu" || parts.size() > 3) {
        return wrong_value(given, "gpu:N or gpu:MODEL:N is allowed");
    }
    Given count = given;
    count.text = parts.size() == 1 ? "1" : parts.back();
    if (parts.size() == 3 && is_profile(parts[1])) {
        group.set_gpu_slice(parts[1]);
    } else if (parts.size() == 3) {
        group.clear_accelerators();
        group.add_accelerators(parts[1]);
    }
    return count;
}

// `total` of whole GPUs over `shares`, in thousandths each.
Result<std::int64_t> divided(const Given& given, std::int64_t shares, std::string_view over) {
    const Result<std::int64_t> milli = parse_milli(given.text);
    if (!milli) {
        return wrong_value(given, milli.error().message);
    }
    if (shares > 1 && (*milli % shares != 0 || (*milli / shares) % 1000 != 0)) {
        return wrong_value(given, "does not divide evenly over " + std::to_string(shares) + " " +
                                      std::string(over));
    }
    return *milli / shares;
}

// Thousandths of a GPU for each task.
Result<std::int64_t> gpus_of_task(const SubmitOptions& options, const Counts& counts,
                                  v1::TaskGroup& group) {
    const Given* gres = options.last(Setting::Gres);
    const Given* per_node = options.last(Setting::GpusPerNode);
    const Given* total = options.last(Setting::Gpus);
    const Given* share = options.last(Setting::GpuFraction);
    if (share != nullptr && (gres != nullptr || per_node != nullptr || total != nullptr)) {
        return wrong_value(*share, "cannot stand together with other GPU options");
    }
    if (const Given* slice = options.last(Setting::GpuSlice)) {
        if (share != nullptr || gres != nullptr || per_node != nullptr || total != nullptr) {
            return wrong_value(*slice,
                               "cannot stand together with other GPU options; each task has one. "
                               "Ask for more with --ntasks");
        }
        group.set_gpu_slice(slice->text);
        return std::int64_t{0};
    }
    if (share != nullptr) {
        const Result<std::int64_t> milli = parse_milli(share->text);
        if (!milli || *milli <= 0 || *milli >= 1000) {
            return wrong_value(*share, "a share is above 0 and below 1, with at most 3 decimals");
        }
        return milli;
    }
    const std::int64_t on_node = counts.nodes > 0 ? counts.tasks / counts.nodes : counts.tasks;
    if (per_node != nullptr) {
        return divided(*per_node, on_node, "tasks on a node");
    }
    if (gres != nullptr) {
        const Result<Given> count = read_gres(*gres, group);
        if (!count) {
            return count.error();
        }
        const Result<std::int64_t> milli = divided(*count, on_node, "tasks on a node");
        if (group.gpu_slice().empty() || !milli || *milli == 1000) {
            return milli;
        }
        return wrong_value(*gres, "is not one slice for each of the " + std::to_string(on_node) +
                                      " tasks on a node; say --ntasks-per-node");
    }
    return total == nullptr ? std::int64_t{0}
                            : divided(*total, counts.tasks, counts.nodes > 0 ? "nodes" : "tasks");
}

// A bare number is MiB, as sbatch reads it. sbatch's is for a node, ours for a task.
Result<std::int64_t> memory_of_task(const Given& given, const Counts& counts) {
    const bool bare = std::ranges::all_of(given.text, [](unsigned char c) { return isdigit(c); });
    const Result<std::int64_t> bytes = parse_bytes(bare ? given.text + "M" : given.text);
    if (!bytes) {
        return wrong_value(given, bytes.error().message);
    }
    if (*bytes <= 0) {
        return wrong_value(given, "say how much a task needs, as 16G");
    }
    const bool shared = given.from_script && counts.tasks_per_node > 1;
    return shared ? *bytes / counts.tasks_per_node : *bytes;
}

Status add_cpus_and_memory(const SubmitOptions& options, const Counts& counts,
                           v1::TaskGroup& group) {
    if (const Given* given = options.last(Setting::Cpus)) {
        const Result<std::int64_t> milli = parse_milli(given->text);
        if (!milli || *milli <= 0) {
            return wrong_value(*given, milli ? "a task needs some" : milli.error().message);
        }
        group.mutable_resources()->set_cpus(static_cast<double>(*milli) / 1000.0);
    }
    if (const Given* given = options.last(Setting::Memory)) {
        const Result<std::int64_t> bytes = memory_of_task(*given, counts);
        if (!bytes) {
            return bytes.error();
        }
        group.mutable_resources()->set_memory(*bytes);
    }
    for (const Given& given : options.all(Setting::NodeLabel)) {
        const std::size_t equals = given.text.find('=');
        if (equals == std::string::npos || equals == 0) {
            return wrong_value(given, "a label of nodes is written KEY=VALUE");
        }
        (*group.mutable_node_labels())[given.text.substr(0, equals)] =
            given.text.substr(equals + 1);
    }
    return Done{};
}

void warn_of_loose_nodes(const Counts& counts, SpecAndWarnings& job) {
    if (counts.nodes > 1 && counts.tasks != counts.nodes) {
        job.warnings.push_back("the " + std::to_string(counts.tasks) +
                               " tasks go where they fit, on " + std::to_string(counts.nodes) +
                               " nodes or another number; for one task a node leave out --ntasks");
    }
}

Status add_topology(const SubmitOptions& options, v1::JobSpec& spec) {
    if (options.has(Setting::Exclusive)) {
        spec.set_exclusive(true);
    }
    const Given* given = options.last(Setting::Topology);
    if (given == nullptr) {
        return Done{};
    }
    const std::size_t colon = given->text.find(':');
    v1::Topology& topology = *spec.mutable_topology();
    topology.set_level(given->text.substr(0, colon));
    if (topology.level().empty()) {
        return wrong_value(*given, "name a node label, as rack, rack:required or rack:10m");
    }
    if (colon == std::string::npos) {
        return Done{};
    }
    const std::string how = given->text.substr(colon + 1);
    if (how == "required" || how == "require") {
        topology.set_required(true);
        return Done{};
    }
    const Result<Duration> wait = parse_duration(how);
    if (!wait) {
        return wrong_value(*given, "after \":\" stands required, or how long to wait, as 10m");
    }
    *topology.mutable_wait() =
        google::protobuf::util::TimeUtil::MillisecondsToDuration(wait->count());
    return Done{};
}

}  // namespace

Status add_resources(const SubmitOptions& options, SpecAndWarnings& job) {
    if (const Status added = add_topology(options, job.spec); !added) {
        return added;
    }
    const auto given =
        std::ranges::find_if(kResourceSettings, [&](Setting one) { return options.has(one); });
    if (job.spec.groups_size() > 0) {
        if (given == std::end(kResourceSettings)) {
            return Done{};
        }
        return Error{ErrorCode::InvalidArgument, options.last(*given)->where +
                                                     ": the job file says what each group holds; "
                                                     "change it there"};
    }
    v1::TaskGroup& group = *job.spec.add_groups();
    const Result<Counts> counts = read_counts(options);
    if (!counts) {
        return counts.error();
    }
    const Result<std::int64_t> gpus = gpus_of_task(options, *counts, group);
    if (!gpus) {
        return gpus.error();
    }
    group.set_tasks(static_cast<int>(counts->tasks));
    if (counts->min_nodes > 0) {
        group.set_min_tasks(static_cast<int>(counts->tasks / counts->nodes * counts->min_nodes));
    }
    if (const Given* level = options.last(Setting::SpreadOver)) {
        group.set_spread_over(level->text);
    }
    group.set_distinct_nodes(counts->nodes > 0 && counts->nodes == counts->tasks);
    group.mutable_resources()->set_gpus(static_cast<double>(*gpus) / 1000.0);
    if (const Given* models = options.last(Setting::Accelerator)) {
        group.clear_accelerators();
        for (const std::string& model : split(models->text, ',')) {
            group.add_accelerators(model);
        }
    }
    warn_of_loose_nodes(*counts, job);
    return add_cpus_and_memory(options, *counts, group);
}

}  // namespace gusu::cli
