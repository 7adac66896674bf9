#include "agent/daemon/inventory.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "agent/daemon/device/nvidia.h"
#include "agent/daemon/files.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// Left to the system where there is more.
constexpr int kOwnCpus = 1;
constexpr std::int64_t kOwnMemory = std::int64_t{2} << 30;

double machine_cpus() {
    const auto cpus = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
    return cpus > kOwnCpus ? cpus - kOwnCpus : cpus;
}

std::int64_t machine_memory() {
    const std::int64_t memory = ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGE_SIZE);
    return memory > kOwnMemory ? memory - kOwnMemory : memory;
}

NodeDevices simulated_devices(const config::v1::AgentConfig& config) {
    std::vector<v1::Device> devices;
    for (int index = 0; index < config.simulated().count(); ++index) {
        v1::Device& device = devices.emplace_back();
        device.set_index(index);
        device.set_uuid("simulated-" + config.node() + "-" + std::to_string(index));
        device.set_accelerator(config.simulated().accelerator());
        device.set_memory(config.simulated().memory());
        device.set_simulated(true);
        device.set_healthy(true);
        device.set_numa_node(-1);
        if (config.simulated().linked() > 0) {
            device.set_link_group(index / config.simulated().linked());
        }
        device.set_slices(config.simulated().slices());
    }
    return {.devices = std::move(devices), .files = {}};
}

// Whose instances somebody else makes are not ours to give out.
void set_cut_devices(const config::v1::AgentConfig& config, std::vector<v1::Device>& devices) {
    for (v1::Device& device : devices) {
        if (device.slices() > 0 && !config.manage_mig()) {
            spdlog::warn(
                "GPU is in MIG mode and is not offered index={}; let Gusu cut it by manage_mig: "
                "true, or end the mode by nvidia-smi -i {} -mig 0",
                device.index(), device.index());
            device.set_healthy(false);
        }
    }
}

}  // namespace

Inventory take_inventory(const config::v1::AgentConfig& config) {
    NodeDevices devices = config.has_simulated() ? simulated_devices(config) : nvidia_devices();
    if (!config.has_simulated()) {
        set_cut_devices(config, devices.devices);
    }
    Inventory taken{.offered = {}, .device_files = std::move(devices.files)};
    v1::NodeInventory& inventory = taken.offered;
    inventory.set_address(config.address());
    inventory.set_cpus(config.cpus() > 0 ? config.cpus() : machine_cpus());
    inventory.set_memory(config.memory() > 0 ? config.memory() : machine_memory());
    *inventory.mutable_labels() = config.labels();
    inventory.add_runtimes("process");
    inventory.set_agent_version(kVersion);
    for (v1::Device& device : devices.devices) {
        *inventory.add_devices() = std::move(device);
    }
    return taken;
}

Result<std::string> read_boot_id() {
    auto id = read_file("/proc/sys/kernel/random/boot_id");
    if (id) {
        id->erase(id->find_last_not_of('\n') + 1);
    }
    return id;
}

}  // namespace gusu::agent
