#include "agent/daemon/environment.h"

#include <algorithm>
#include <string_view>

namespace gusu::agent {
namespace {

using Environment = std::map<std::string, std::string>;

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string joined(const auto& items) {
    std::string text;
    for (const auto& item : items) {
        text += (text.empty() ? "" : ",") + std::string(item);
    }
    return text;
}

// Folders of PATH are parted by colons, and nobody can name one that has a colon.
std::string with_folder(const std::string& path, const std::string& folder) {
    const bool is_there = (":" + path + ":").find(":" + folder + ":") != std::string::npos;
    const bool can_be = !folder.empty() && folder.find(':') == std::string::npos;
    return is_there || !can_be ? path : path + ":" + folder;
}

void set_person(const TaskPlace& place, Environment& environment) {
    environment["PATH"] = with_folder(kPath, place.programs);
    environment["HOME"] = place.scratch;
    environment["TMPDIR"] = place.scratch;
    environment["USER"] = place.user;
    environment["LOGNAME"] = place.user;
    environment["LANG"] = "C.UTF-8";
}

void set_job(const v1::Launch& launch, const TaskPlace& place, Environment& environment) {
    environment["GUSU_JOB_ID"] = launch.job_id_text();
    environment["GUSU_JOB_NAME"] = launch.job_name();
    environment["GUSU_TENANT"] = launch.tenant();
    environment["GUSU_ATTEMPT"] = std::to_string(launch.attempt());
    environment["GUSU_CHECKPOINT_DIR"] = place.checkpoints;
    environment["GUSU_CHECKPOINT_SOCKET"] = place.checkpoint_socket;
    environment["GUSU_SCRATCH_DIR"] = place.scratch;
    environment["GUSU_STEP_SOCKET"] = place.step_socket;
    environment["SLURM_JOB_ID"] = std::to_string(launch.job_id());
    environment["SLURM_JOB_NAME"] = launch.job_name();
    environment["SLURM_RESTART_COUNT"] = std::to_string(std::max(0, launch.attempt() - 1));
    environment["SLURM_SUBMIT_DIR"] = launch.workdir().empty() ? place.scratch : launch.workdir();
    if (launch.is_array()) {
        const std::string index = std::to_string(launch.array_index());
        environment["GUSU_ARRAY_TASK_ID"] = index;
        environment["SLURM_ARRAY_TASK_ID"] = index;
        environment["SLURM_ARRAY_JOB_ID"] = std::to_string(launch.array_id());
        environment["SLURM_ARRAY_TASK_COUNT"] = std::to_string(launch.array_size());
    }
}

void set_gang(const v1::Launch& launch, const TaskPlace& place, Environment& environment) {
    const std::string nodes = joined(launch.node_list());
    const std::string node_count = std::to_string(launch.node_list_size());
    const std::string node_rank = std::to_string(launch.node_rank());
    const std::string rank = std::to_string(place.rank);
    const std::string tasks = std::to_string(launch.task_count());
    const std::string local_rank = std::to_string(launch.local_rank());
    const std::string gpus = std::to_string(launch.devices_size() * launch.tasks_on_node());
    for (const char* name : {"GUSU_NODELIST", "SLURM_JOB_NODELIST"}) {
        environment[name] = nodes;
    }
    for (const char* name : {"GUSU_NNODES", "NNODES", "SLURM_JOB_NUM_NODES", "SLURM_NNODES"}) {
        environment[name] = node_count;
    }
    for (const char* name : {"GUSU_NODE_RANK", "NODE_RANK", "SLURM_NODEID"}) {
        environment[name] = node_rank;
    }
    for (const char* name : {"GUSU_GPUS_PER_NODE", "SLURM_GPUS_ON_NODE"}) {
        environment[name] = gpus;
    }
    environment["RANK"] = environment["SLURM_PROCID"] = rank;
    environment["WORLD_SIZE"] = environment["SLURM_NTASKS"] = tasks;
    environment["LOCAL_RANK"] = environment["SLURM_LOCALID"] = local_rank;
    environment["SLURM_CPUS_PER_TASK"] =
        std::to_string(std::max<std::int64_t>(1, launch.milli_cpus() / 1000));
    environment["MASTER_ADDR"] = launch.master_address();
    environment["MASTER_PORT"] = std::to_string(launch.master_port());
}

// Open MPI's mpirun (4, and 5 by PRRTE) starts its daemons in the other tasks, and needs no rsh.
void set_mpi(const v1::Launch& launch, const TaskPlace& place, Environment& environment) {
    const std::string starter = place.programs + "/gusu-step --rsh";
    if (launch.task_count() < 2 || place.hosts.empty() ||
        place.programs.find_first_of(": ") != std::string::npos) {
        return;
    }
    environment["OMPI_MCA_plm_rsh_agent"] = environment["PRTE_MCA_plm_ssh_agent"] = starter;
    environment["OMPI_MCA_orte_default_hostfile"] = environment["PRTE_MCA_prte_default_hostfile"] =
        place.hosts;
}

bool is_of_nvidia(const v1::Device& device) {
    return device.uuid().starts_with("GPU-") || device.uuid().starts_with("MIG-");
}

// ":4-5" of a device that is cut.
std::string slices_text(const v1::Launch& launch) {
    const int first = launch.first_slice();
    const int last = first + launch.slices() - 1;
    return launch.slices() == 0
               ? ""
               : ":" + std::to_string(first) + (last > first ? "-" + std::to_string(last) : "");
}

// A program without devices is told that it has none, or it would take them all. What devices of
// other vendors need, their plugins say.
void set_devices(const v1::Launch& launch, const std::vector<v1::Device>& devices,
                 Environment& environment) {
    std::vector<std::string> visible;
    std::vector<std::string> simulated;
    for (const int index : launch.devices()) {
        const auto found = std::ranges::find(devices, index, &v1::Device::index);
        if (found == devices.end()) {
            continue;
        }
        if (found->simulated()) {
            simulated.push_back(std::to_string(index) + slices_text(launch));
        } else if (is_of_nvidia(*found)) {
            visible.push_back(found->uuid());
        }
    }
    environment["CUDA_VISIBLE_DEVICES"] = joined(visible);
    if (!simulated.empty()) {
        environment["GUSU_SIMULATED_DEVICES"] = joined(simulated);
    }
}

bool may_be_set_by_job(std::string_view name) {
    if (name == "GUSU_SUBMIT_DIR" || name == "SLURM_SUBMIT_DIR") {
        return true;
    }
    return !name.starts_with("GUSU_") && !name.starts_with("SLURM_") &&
           name != "CUDA_VISIBLE_DEVICES" && name != "NVIDIA_VISIBLE_DEVICES";
}

}  // namespace

Environment task_environment(const v1::Launch& launch, const TaskPlace& place,
                             const std::vector<v1::Device>& devices) {
    Environment environment;
    set_person(place, environment);
    set_job(launch, place, environment);
    set_gang(launch, place, environment);
    set_mpi(launch, place, environment);
    set_devices(launch, devices, environment);
    for (const auto& [name, value] : launch.env()) {
        if (may_be_set_by_job(name)) {
            environment[name] = value;
        }
    }
    return environment;
}

std::string hosts_text(const v1::Launch& launch) {
    std::string text;
    for (int i = 0; i < launch.node_list_size(); ++i) {
        const int tasks = i < launch.tasks_of_nodes_size() ? launch.tasks_of_nodes(i) : 1;
        text += launch.node_list(i) + " slots=" + std::to_string(tasks) + "\n";
    }
    return text;
}

std::string expand_pattern(const std::string& pattern, const v1::Launch& launch, int rank) {
    std::string text;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char next = pattern[i] == '%' && i + 1 < pattern.size() ? pattern[i + 1] : '\0';
        switch (next) {
            case 'j':
                text += launch.job_id_text();
                break;
            case 't':
                text += std::to_string(rank);
                break;
            case 'a':
                text += std::to_string(launch.array_index());
                break;
            case '%':
                text += '%';
                break;
            default:
                text += pattern[i];
                continue;
        }
        ++i;
    }
    return text;
}

}  // namespace gusu::agent
