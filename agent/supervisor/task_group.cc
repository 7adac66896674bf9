#include "agent/supervisor/task_group.h"

#include <cstdio>
#include <string>
#include <utility>

namespace gusu::agent {
namespace {

void note(const std::string& text) { std::fprintf(stderr, "gusu-supervisor: %s\n", text.c_str()); }

Result<DeviceFilter> device_filter_of(const SupervisorOrder& order) {
    const Result<DeviceFilterKind> kind = parse_device_filter_kind(order.device_filter);
    if (!kind) {
        return kind.error();
    }
    DeviceFilter filter{.kind = *kind, .allowed = {}};
    if (filter.kind != DeviceFilterKind::None && order.cgroup.empty()) {
        return Error{ErrorCode::InvalidArgument, "a device filter needs a control group"};
    }
    for (const std::string& text : order.devices) {
        const Result<DeviceRule> rule = parse_device_rule(text);
        if (!rule) {
            return rule.error();
        }
        filter.allowed.push_back(*rule);
    }
    return filter;
}

}  // namespace

Result<std::optional<Cgroup>> make_task_group(const SupervisorOrder& order) {
    const Result<DeviceFilter> devices = device_filter_of(order);
    if (!devices) {
        return devices.error();
    }
    if (order.cgroup.empty()) {
        return std::optional<Cgroup>();
    }
    Result<Cgroup> made = Cgroup::create(current_cgroup_layout(), order.cgroup,
                                         {.milli_cpus = order.milli_cpus,
                                          .memory = order.memory,
                                          .processes = order.processes,
                                          .devices = *devices});
    if (!made && devices->kind != DeviceFilterKind::None) {
        return Error{ErrorCode::Unavailable,
                     "the task's device filter cannot be set: " + made.error().message};
    }
    if (!made) {
        note("the task runs without a control group: " + made.error().message);
        return std::optional<Cgroup>();
    }
    for (const std::string& text : made->notes()) {
        note(text);
    }
    return std::optional(std::move(*made));
}

}  // namespace gusu::agent
