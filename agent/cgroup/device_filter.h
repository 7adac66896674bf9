// Keeps the processes of a control group off all devices but those of a list. The kernel asks at
// every open: in version 1 its controller "devices" does, in version 2 a small BPF program of ours.
#pragma once

#include <linux/bpf.h>

#include <optional>
#include <string>
#include <vector>

#include "agent/cgroup/layout.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Devices that may be read and written.
struct DeviceRule {
    char type = 'c';  // or 'b'
    unsigned int major = 0;
    std::optional<unsigned int> minor;  // none: all of the major

    friend bool operator==(const DeviceRule&, const DeviceRule&) = default;
};

// "c 195:0", "c 136:*".
std::string to_text(const DeviceRule& rule);
Result<DeviceRule> parse_device_rule(const std::string& text);
// Of a device file; an error names a path that is none.
Result<DeviceRule> rule_of_file(const std::string& path);

// What programs open without asking: null, zero, full, random, urandom, tty and terminals.
std::vector<DeviceRule> common_devices();

enum class DeviceFilterKind { None, Controller, Bpf };

struct DeviceFilter {
    DeviceFilterKind kind = DeviceFilterKind::None;
    std::vector<DeviceRule> allowed;
};

// "", "controller", "bpf".
std::string to_text(DeviceFilterKind kind);
Result<DeviceFilterKind> parse_device_filter_kind(const std::string& text);

// Of a group of version 1 that has no groups below it yet. A device that the group above may not
// use stays closed, and is no error.
Status set_devices_controller(const std::string& group, const std::vector<DeviceRule>& allowed);
// Of a group of version 2. The program goes with the group, whoever attached it.
Status attach_device_program(const std::string& group, const std::vector<DeviceRule>& allowed);

// Gives 1 for what is on the list, else 0.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& allowed);

// The kind that works here. Tried on the group `name`, which is made and removed: a process in it
// must be refused /dev/null. The error says why there is none.
Result<DeviceFilterKind> usable_device_filter(const CgroupLayout& layout, const std::string& name);

}  // namespace gusu::agent
