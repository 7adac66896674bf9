#include "tools/gusu/submit_options.h"

#include <algorithm>
#include <array>

namespace gusu::cli {
namespace {

constexpr std::string_view kWhat = "Resources";
constexpr std::string_view kWhen = "When";
constexpr std::string_view kHow = "How it runs";
constexpr std::string_view kWho = "Name and account";

using enum Setting;

constexpr SettingWord kWords[] = {
    {Name, "--name,--job-name,-J", Takes::Value, "NAME", "Name of the job", kWho},
    {Tenant, "--tenant,--account,-A", Takes::Value, "PATH", "Tenant that pays, as suda/nlp", kWho},
    {Comment, "--comment", Takes::Value, "TEXT", "A remark, shown with the job", kWho},
    {Label, "--label", Takes::Values, "K=V", "Label for reports (repeatable)", kWho},
    {Kind, "--kind", Takes::Value, "KIND", "training, service or interactive", kWho},

    {Gpus, "--gpus,-G", Takes::Value, "N", "GPUs of the whole job", kWhat},
    {GpusPerNode, "--gpus-per-node", Takes::Value, "N", "GPUs on each node", kWhat},
    {GpuFraction, "--gpu-fraction", Takes::Value, "F", "Share of one GPU a task, as 0.25", kWhat},
    {GpuSlice, "--gpu-slice", Takes::Value, "PROFILE",
     "Part of one GPU a task that is cut (MIG), as 1g.10gb", kWhat},
    {Gres, "--gres", Takes::Value, "gpu:N", "As sbatch: gpu:N or gpu:MODEL:N a node", kWhat},
    {Accelerator, "--accelerator", Takes::Value, "MODEL,...", "Accelerators, the preferred first",
     kWhat},
    {Nodes, "--nodes,-N", Takes::Value, "N|MIN-MAX", "Nodes, one task on each", kWhat},
    {Tasks, "--ntasks,-n", Takes::Value, "N", "Tasks, wherever they fit", kWhat},
    {TasksPerNode, "--ntasks-per-node", Takes::Value, "N", "Tasks for each of --nodes", kWhat},
    {Cpus, "--cpus,--cpus-per-task,-c", Takes::Value, "N", "CPU cores a task", kWhat},
    {Memory, "--mem", Takes::Value, "SIZE", "Memory a task: 16G; a bare number is MiB", kWhat},
    {NodeLabel, "--node-label,-C", Takes::Values, "K=V", "Only nodes with this label (repeatable)",
     kWhat},

    {Topology, "--topology", Takes::Value, "LEVEL[:required|:WAIT]",
     "Within one rack, switch, ...: best after waiting 5m (or WAIT), or never elsewhere", kWhat},
    {SpreadOver, "--spread-over", Takes::Value, "LEVEL", "Tasks spread evenly over racks, ...",
     kWhat},
    {Exclusive, "--exclusive", Takes::Nothing, "", "Nothing else on its nodes", kWhat},

    {TimeLimit, "--time,-t", Takes::Value, "TIME", "Time limit: 30m, 4h, 1-12:00:00", kWhen},
    {Begin, "--begin,-b", Takes::Value, "TIME", "Not before: +2h, 2026-11-23T21:00:00Z", kWhen},
    {Deadline, "--deadline", Takes::Value, "TIME", "Ends when it can no longer end before it",
     kWhen},
    {Priority, "--priority", Takes::Value, "low|normal|high", "Order inside the tenant", kWhen},
    {Hold, "--hold,-H", Takes::Nothing, "", "Submit, but wait for `gusu release`", kWhen},
    {Array, "--array,-a", Takes::Value, "0-9%4", "Many jobs of one spec, at most 4 at once", kWhen},
    {DependsOn, "--depends-on,--dependency,-d", Takes::Value, "JOBS",
     "12, afterok:12:13, afterany:14, afternotok:15, aftercorr:16, singleton; joined by commas",
     kWhen},

    {Env, "--env", Takes::Values, "K=V|K", "Variable, or K as it is here (repeatable)", kHow},
    {Workdir, "--workdir,--chdir,-D", Takes::Value, "DIR", "Where it runs; else a scratch folder",
     kHow},
    {OutputFile, "--output,-o", Takes::Value, "FILE", "Also write stdout here; %j job, %t task",
     kHow},
    {ErrorFile, "--error,-e", Takes::Value, "FILE", "Keep stderr apart, in this file", kHow},
    {Image, "--image", Takes::Value, "IMAGE", "OCI image to run in", kHow},
    {Launch, "--launch", Takes::Value, "all|first",
     "In every task, or in the first, which starts the others (mpirun)", kHow},
    {Retries, "--retries", Takes::Value, "N", "More attempts after a failure", kHow},
    {RetryOn, "--retry-on", Takes::Value, "CODE,...", "Only after one of these exit codes", kHow},
    {NoRetryOn, "--no-retry-on", Takes::Value, "CODE,...", "Not after one of these", kHow},
    {Preemptible, "--preemptible", Takes::Nothing, "", "May be stopped for others and resumed",
     kHow},
    {CheckpointSignal, "--checkpoint-signal", Takes::Value, "SIGNAL",
     "Sent before it is stopped: TERM, USR1, ...", kHow},
    {Grace, "--grace", Takes::Value, "TIME", "Time from that signal to SIGKILL", kHow},

    {Signal, "--signal", Takes::Value, "SIG@SECONDS", "As sbatch: signal and grace", ""},
    {Requeue, "--requeue", Takes::Nothing, "", "As sbatch: one retry", ""},
    {NoRequeue, "--no-requeue", Takes::Nothing, "", "As sbatch: no retry", ""},
    {Partition, "--partition,-p", Takes::Value, "NAME", "As sbatch; ignored", ""},
    {Export, "--export", Takes::Value, "LIST", "As sbatch; ignored", ""},
};

// Words of which one on the command line replaces all of them in the script: who asks for
// `--gpus 1` does not mean "and eight on each node, as the script says".
constexpr std::array kGpuWords{Gpus, GpusPerNode, GpuFraction, GpuSlice, Gres};
constexpr std::array kRetryWords{Retries, Requeue, NoRequeue};

bool one_is_given(std::span<const Setting> settings, const SubmitOptions& options) {
    return std::ranges::any_of(settings, [&](Setting one) { return options.has(one); });
}

bool is_one_of(Setting setting, std::span<const Setting> settings) {
    return std::ranges::find(settings, setting) != settings.end();
}

bool is_list(Setting setting) { return setting == Env || setting == Label || setting == NodeLabel; }

}  // namespace

std::span<const SettingWord> setting_words() { return kWords; }

const Given* SubmitOptions::last(Setting setting) const {
    const auto found = given_.find(setting);
    return found == given_.end() ? nullptr : &found->second.back();
}

std::span<const Given> SubmitOptions::all(Setting setting) const {
    const auto found = given_.find(setting);
    return found == given_.end() ? std::span<const Given>() : std::span<const Given>(found->second);
}

void SubmitOptions::add_defaults(const SubmitOptions& script) {
    const bool gpus = one_is_given(kGpuWords, *this);
    const bool retries = one_is_given(kRetryWords, *this);
    for (const auto& [setting, values] : script.given_) {
        const bool replaced =
            (gpus && is_one_of(setting, kGpuWords)) || (retries && is_one_of(setting, kRetryWords));
        std::vector<Given>& mine = given_[setting];
        if (is_list(setting)) {
            mine.insert(mine.begin(), values.begin(), values.end());
        } else if (mine.empty() && !replaced) {
            mine = values;
        }
        if (mine.empty()) {
            given_.erase(setting);
        }
    }
}

}  // namespace gusu::cli
