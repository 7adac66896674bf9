// From agents: machines and tasks.
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <set>

#include "scheduler/base/text.h"
#include "scheduler/wire/agent.h"
#include "scheduler/wire/amounts.h"

namespace gusu::wire {
namespace {

constexpr int kMostDevices = 1024;
constexpr int kMostCpus = 65'536;
constexpr std::int64_t kMostMemory = std::int64_t{1} << 50;
constexpr std::int64_t kMostDeviceMemory = std::int64_t{64} << 40;
constexpr int kMostRuntimes = 16;
constexpr std::size_t kMostDetail = 1024;
constexpr Duration kLongestAgo = std::chrono::hours(24 * 365);

Problem check_identity(const v1::Hello& hello, const Field& field) {
    if (!is_word(hello.node(), 253, "._-")) {
        return refuse(field.in("node"), quote(hello.node()), "is no name of a node",
                      "letters, digits and . _ -, 1 to 253 characters");
    }
    if (!is_word(hello.boot_id(), 128, "-_")) {
        return refuse(field.in("boot_id"), quote(hello.boot_id()), "is no boot id",
                      "the content of /proc/sys/kernel/random/boot_id");
    }
    if (!is_word(hello.session(), 128, "-_")) {
        return refuse(field.in("session"), quote(hello.session()), "is no session",
                      "letters, digits and - _, 1 to 128 characters");
    }
    return std::nullopt;
}

Problem check_device(const v1::Device& device, const Field& field) {
    if (auto problem = check_count(field.in("index"), device.index(), 0, kMostDevices - 1)) {
        return problem;
    }
    if (auto problem = check_text(field.in("uuid"), device.uuid(), {.most_bytes = 128})) {
        return problem;
    }
    if (auto problem = check_accelerator_name(field.in("accelerator"), device.accelerator())) {
        return problem;
    }
    if (auto problem = check_count(field.in("link_group"), device.link_group(), 0, 4095)) {
        return problem;
    }
    if (!core::may_be_cut_into(device.slices()) && device.slices() != 0) {
        return refuse(field.in("slices"), std::to_string(device.slices()),
                      "is not how a device is cut", "0 for a whole one, 1, 2, 4, 5 or 8");
    }
    if (auto problem = check_text(field.in("health_detail"), device.health_detail(),
                                  {.most_bytes = kMostDetail})) {
        return problem;
    }
    return check_count(field.in("numa_node"), device.numa_node(), -1, 4095);
}

core::Health health_of(const v1::Device& device) {
    if (device.healthy()) {
        return core::Health::Healthy;
    }
    return device.quarantined() ? core::Health::Quarantined : core::Health::Unhealthy;
}

Result<core::DeviceDescription> to_device(const v1::Device& device, const Field& field) {
    if (auto problem = check_device(device, field)) {
        return *problem;
    }
    const auto memory = to_bytes(field.in("memory"), device.memory(), kMostDeviceMemory);
    if (!memory.ok()) {
        return memory.error();
    }
    return core::DeviceDescription{
        .index = device.index(),
        .uuid = device.uuid(),
        .accelerator = device.accelerator(),
        .memory = *memory,
        .reality = device.simulated() ? core::Reality::Simulated : core::Reality::Real,
        .health = health_of(device),
        .numa_node = device.numa_node(),
        .link_group = device.has_link_group() ? std::optional(device.link_group()) : std::nullopt,
        .slices = device.slices(),
        .health_detail = device.health_detail()};
}

Result<std::vector<core::DeviceDescription>> to_devices(const v1::NodeInventory& inventory,
                                                        const Field& field) {
    if (auto problem =
            check_count(field.in("devices"), inventory.devices_size(), 0, kMostDevices)) {
        return *problem;
    }
    std::vector<core::DeviceDescription> devices;
    std::set<int> indices;
    std::set<std::string> uuids;
    for (int i = 0; i < inventory.devices_size(); ++i) {
        const Field here = field.at("devices", i);
        auto device = to_device(inventory.devices(i), here);
        if (!device.ok()) {
            return device.error();
        }
        if (!indices.insert(device->index).second) {
            return refuse(here.in("index"), std::to_string(device->index), "is used twice",
                          "an index of its own for every device");
        }
        if (!device->uuid.empty() && !uuids.insert(device->uuid).second) {
            return refuse(here.in("uuid"), quote(device->uuid), "is used twice",
                          "a uuid of its own for every device");
        }
        devices.push_back(std::move(*device));
    }
    std::ranges::sort(devices, {}, &core::DeviceDescription::index);
    return devices;
}

Problem check_runtimes(const v1::NodeInventory& inventory, const Field& field) {
    if (auto problem =
            check_count(field.in("runtimes"), inventory.runtimes_size(), 0, kMostRuntimes)) {
        return problem;
    }
    for (int i = 0; i < inventory.runtimes_size(); ++i) {
        if (!is_word(inventory.runtimes(i), 63, "_-")) {
            return refuse(field.at("runtimes", i), quote(inventory.runtimes(i)), "is no runtime",
                          "\"process\", \"container\"");
        }
    }
    return std::nullopt;
}

Problem check_texts(const v1::NodeInventory& inventory, const Field& field) {
    if (inventory.address().empty()) {
        return refuse(field.in("address"), "is empty", "where other nodes reach this one");
    }
    if (auto problem = check_text(field.in("address"), inventory.address(), {.most_bytes = 253})) {
        return problem;
    }
    if (auto problem =
            check_text(field.in("agent_version"), inventory.agent_version(), {.most_bytes = 64})) {
        return problem;
    }
    if (auto problem = check_runtimes(inventory, field)) {
        return problem;
    }
    return check_labels(field.in("labels"), inventory.labels());
}

Result<core::NodeDescription> to_description(const v1::NodeInventory& inventory,
                                             const Field& field) {
    if (auto problem = check_texts(inventory, field)) {
        return *problem;
    }
    const auto cpus = to_milli(field.in("cpus"), inventory.cpus(), kMostCpus);
    if (!cpus.ok()) {
        return cpus.error();
    }
    const auto memory = to_bytes(field.in("memory"), inventory.memory(), kMostMemory);
    if (!memory.ok()) {
        return memory.error();
    }
    auto devices = to_devices(inventory, field);
    if (!devices.ok()) {
        return devices.error();
    }
    return core::NodeDescription{
        .name = {},
        .address = inventory.address(),
        .milli_cpus = *cpus,
        .memory = *memory,
        .devices = std::move(*devices),
        .labels = {inventory.labels().begin(), inventory.labels().end()},
        .runtimes = {inventory.runtimes().begin(), inventory.runtimes().end()},
        .agent_version = inventory.agent_version()};
}

// A text too long is cut, for what it comes with must not be lost.
std::string cut(const std::string& text) {
    const std::string most = text.substr(0, kMostDetail);
    return most.substr(0, valid_utf8_prefix(most));
}

// What the agent says of an end.
core::Ending to_ending(const v1::TaskObservation& message) {
    core::Ending ending{.reason = core::EndReason::ExitCode,
                        .exit_code = message.exit_code(),
                        .signal = message.signal(),
                        .detail = {}};
    if (!message.device_fault().empty()) {
        ending.reason = core::EndReason::DeviceFault;
        ending.detail = cut(message.device_fault());
    } else if (!message.launch_error().empty()) {
        ending.reason = core::EndReason::LaunchFailed;
        ending.detail = cut(message.launch_error());
    } else if (message.out_of_memory()) {
        ending.reason = core::EndReason::OutOfMemory;
        ending.detail = "ended by the kernel at its memory limit; ask for more by --mem";
    } else if (message.timed_out()) {
        ending.reason = core::EndReason::TimedOut;
    } else if (message.exit_code() == 0 && message.signal() == 0) {
        ending.reason = core::EndReason::Completed;
    }
    return ending;
}

}  // namespace

Result<core::DescribeNode> to_describe(const std::string& node,
                                       const v1::NodeInventory& inventory) {
    auto description =
        to_description(inventory, {.parent = nullptr, .name = "inventory", .index = -1});
    if (!description.ok()) {
        return description.error();
    }
    description->name = node;
    return core::DescribeNode{.description = std::move(*description), .session = {}};
}

Result<core::JoinNode> to_join(const v1::Hello& hello) {
    const Field field{.parent = nullptr, .name = "hello", .index = -1};
    if (auto problem = check_identity(hello, field)) {
        return *problem;
    }
    auto description = to_description(hello.inventory(), field.in("inventory"));
    if (!description.ok()) {
        return description.error();
    }
    core::JoinNode join{.description = std::move(*description),
                        .boot_id = hello.boot_id(),
                        .session = hello.session(),
                        .tasks = {}};
    join.description.name = hello.node();
    for (int i = 0; i < hello.tasks_size(); ++i) {
        auto task = to_observation(hello.tasks(i), "hello.tasks[" + std::to_string(i) + "]");
        if (!task.ok()) {
            return task.error();
        }
        join.tasks.push_back(std::move(*task));
    }
    return join;
}

Result<core::TaskObservation> to_observation(const v1::TaskObservation& message,
                                             const std::string& field) {
    const Field here{.parent = nullptr, .name = field, .index = -1};
    const Field key = here.in("key");
    if (message.key().incarnation() == 0) {
        return refuse(key.in("incarnation"), "0", "names no placement", "what a Launch came with");
    }
    if (auto problem = check_count(key.in("task"), message.key().task(), 0, 99'999)) {
        return *problem;
    }
    core::TaskObservation observation{.incarnation = {message.key().incarnation()},
                                      .task = message.key().task(),
                                      .state = core::TaskOrdered{}};
    switch (message.phase()) {
        case v1::TASK_PHASE_STARTING:
            observation.state = core::TaskStarting{};
            return observation;
        case v1::TASK_PHASE_RUNNING:
            observation.state = core::TaskRunning{};
            return observation;
        case v1::TASK_PHASE_EXITED:
            observation.state = core::TaskEnded{.at = {}, .ending = to_ending(message)};
            observation.drain = cut(message.drain());
            return observation;
        default:
            break;
    }
    return refuse(here.in("phase"), std::to_string(static_cast<int>(message.phase())),
                  "is no phase", "TASK_PHASE_STARTING, TASK_PHASE_RUNNING, TASK_PHASE_EXITED");
}

// An agent's clock may be wrong, but nothing was saved in the future or before anything ran.
std::optional<core::ReportCheckpoint> to_checkpoint(const v1::TaskObservation& message) {
    if (message.checkpoints() <= 0 || message.key().incarnation() == 0) {
        return std::nullopt;
    }
    const auto ago =
        Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(message.saved_ago()));
    return core::ReportCheckpoint{.node = {},
                                  .session = {},
                                  .incarnation = {message.key().incarnation()},
                                  .task = message.key().task(),
                                  .ago = std::clamp(ago, Duration(0), kLongestAgo)};
}

}  // namespace gusu::wire
