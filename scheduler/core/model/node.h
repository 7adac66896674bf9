// Nodes and their devices, as agents declare them and as the scheduler uses them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "scheduler/base/amount.h"
#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"
#include "scheduler/core/model/accelerator.h"

namespace gusu::core {

using Labels = std::map<std::string, std::string>;

enum class Health {
    Healthy,
    Unhealthy,
    Quarantined,  // kept from tasks by the agent until it has proved itself
};

struct DeviceDescription {
    int index = 0;
    std::string uuid;
    std::string accelerator;
    Amount memory;  // bytes
    Reality reality = Reality::Real;
    Health health = Health::Healthy;
    int numa_node = -1;
    // Devices of one group reach each other by a link of their own (NVLink or alike).
    std::optional<int> link_group = {};
    // It is cut into so many, and given out only by profiles; 0: it is whole.
    int slices = 0;
    std::string health_detail = {};  // why it is not healthy, or what its last check said

    friend bool operator==(const DeviceDescription&, const DeviceDescription&) = default;
};

// What an agent says of its machine when it connects.
struct NodeDescription {
    std::string name;
    std::string address;
    Amount milli_cpus;
    Amount memory;
    std::vector<DeviceDescription> devices;  // by index, ascending
    Labels labels;
    std::set<std::string> runtimes;
    std::string agent_version;

    friend bool operator==(const NodeDescription&, const NodeDescription&) = default;
};

// Between scheduler and agent.
struct InContact {
    std::string session;  // of the agent's present run
};
// Out of touch; its tasks may be running until `lease_ends`, and are gone after it. One that is
// `awaited` is one of many, and is given up later than it would be alone.
struct Unreachable {
    Time since;
    Time lease_ends;
    bool awaited = false;
};
struct Lost {
    Time since;
};
using Contact = std::variant<InContact, Unreachable, Lost>;

// A part of one device: thousandths of it, and of one that is cut the slices that these are.
struct DeviceShare {
    int device = 0;  // position in NodeDescription::devices
    int milli = 0;
    Slices slices = 0;
};

// What is free on a node: free CPU and memory, and the free thousandths of every device.
struct Room {
    Amount milli_cpus;
    Amount memory;
    std::vector<int>
        device_milli;  // by position in NodeDescription::devices; 1000 is a free device
    std::vector<Slices> slices = {};  // by the same position; empty if no device is cut

    bool is_nothing() const;
    Slices slices_of(std::size_t device) const {
        return slices.empty() ? Slices{0} : slices[device];
    }
    bool has(const DeviceShare& share) const;
    // What is there of it; false if that is not all, or the device is cut otherwise by now: then
    // nothing is left of it.
    bool take(const DeviceShare& share);
    void give_back(const DeviceShare& share);
    // As much of it as is there.
    void keep(const DeviceShare& share);

    friend bool operator==(const Room&, const Room&) = default;
};

// All that the node has.
Room whole_room(const NodeDescription& node);

struct TaskRef {
    JobId job;
    int task = 0;

    friend auto operator<=>(const TaskRef&, const TaskRef&) = default;
};

// No new work from then on; until then only what will have ended.
struct PlannedDrain {
    Time at;
    std::string reason;

    friend bool operator==(const PlannedDrain&, const PlannedDrain&) = default;
};

// Operators drain nodes, and so does the scheduler those that fail jobs fast.
enum class DrainCause { Operator, BlackHole };

// A task of the job failed soon after its start.
struct FastFailure {
    JobId job;
    Time at;
    Duration ran{0};

    friend bool operator==(const FastFailure&, const FastFailure&) = default;
};

struct Node {
    NodeId id;
    NodeDescription description;
    Labels labels_set;  // by operators; these win over the declared ones
    std::string boot_id;
    Contact contact;
    std::optional<std::string> drained;  // the reason, while drained
    DrainCause drain_cause = DrainCause::Operator;
    std::optional<PlannedDrain> drains;  // not while drained

    // Kept by the ledger. A node that came back smaller than what runs on it has no room.
    Room room;
    bool room_is_exact = true;
    std::set<TaskRef> tasks;

    // Since a task did well there, of each job the last one; see apply/fast_failures.cc.
    std::vector<FastFailure> fast_failures;

    // nullptr if it has no such label.
    const std::string* label(const std::string& name) const;
    std::set<std::string> accelerators() const;
    bool in_contact() const { return std::holds_alternative<InContact>(contact); }
    bool takes_work() const { return in_contact() && !drained; }
};

}  // namespace gusu::core
