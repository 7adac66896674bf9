// What the user says of a job, by options or by the #SBATCH and #GUSU lines of a script, before any
// of it is understood. One table of words serves both, so that they never differ.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gusu::cli {

enum class Setting {
    Name,
    Tenant,
    Kind,
    Priority,
    Gpus,
    GpusPerNode,
    GpuFraction,
    GpuSlice,
    Gres,
    Accelerator,
    Nodes,
    Tasks,
    TasksPerNode,
    Cpus,
    Memory,
    NodeLabel,
    TimeLimit,
    Begin,
    Array,
    DependsOn,
    Retries,
    Requeue,
    NoRequeue,
    Preemptible,
    Hold,
    CheckpointSignal,
    Signal,
    Grace,
    Image,
    Env,
    Workdir,
    OutputFile,
    ErrorFile,
    Comment,
    Label,
    Partition,
    Export,
    Topology,
    SpreadOver,
    Exclusive,
    Deadline,
    RetryOn,
    NoRetryOn,
    Launch,
};

enum class Takes { Nothing, Value, Values };

struct SettingWord {
    Setting setting;
    // As the help shows them, the first is the name: "--name,--job-name,-J".
    std::string_view words;
    Takes takes;
    std::string_view placeholder;
    std::string_view help;
    // Of the help; empty: not shown (sbatch's words that we bear).
    std::string_view group;
};

// Every word a job may be described with.
std::span<const SettingWord> setting_words();

// One value as it was written, and where: "--time", or "train.sh:3: --time".
struct Given {
    std::string text;
    std::string where;
    bool from_script = false;
};

class SubmitOptions {
public:
    void add(Setting setting, Given given) { given_[setting].push_back(std::move(given)); }

    bool has(Setting setting) const { return given_.contains(setting); }
    // The last one wins, as everywhere on a command line.
    const Given* last(Setting setting) const;
    std::span<const Given> all(Setting setting) const;

    // Takes over what is not said here: the command line wins over the script. Lists are joined,
    // the script's first. Two words for the same resource count as one.
    void add_defaults(const SubmitOptions& script);

private:
    std::map<Setting, std::vector<Given>> given_;
};

}  // namespace gusu::cli
