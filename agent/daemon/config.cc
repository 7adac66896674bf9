#include "agent/daemon/config.h"

#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <string_view>

#include "agent/daemon/http_service.h"
#include "agent/daemon/site_programs.h"
#include "agent/daemon/task_users.h"
#include "proto/text/yaml.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using config::v1::AgentConfig;
using google::protobuf::util::TimeUtil;

constexpr int kMostDevices = 1024;
// Programs that count users in 32 bits with a sign are still about.
constexpr std::int64_t kMostUid = 2'147'483'647;
constexpr std::int64_t kLeastUid = 1'000;  // below it are those of the system
constexpr std::int64_t kTaskProcesses = 32'768;

void default_to(std::string& field, const std::string& value) {
    if (field.empty()) {
        field = value;
    }
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

void fill_tenant_uids(config::v1::TenantUids& uids) {
    if (uids.first() == 0) {
        uids.set_first(kTenantUids.first);
    }
    if (uids.count() == 0) {
        uids.set_count(kTenantUids.count);
    }
}

void fill_defaults(AgentConfig& config) {
    default_to(*config.mutable_node(), host_name());
    default_to(*config.mutable_state_dir(), "/var/lib/gusu/agent");
    default_to(*config.mutable_address(), host_name());
    if (config.has_tenant_uids()) {
        fill_tenant_uids(*config.mutable_tenant_uids());
    }
    if (config.task_processes() == 0) {
        config.set_task_processes(kTaskProcesses);
    }
    if (config.wall() == config::v1::WALL_UNSPECIFIED) {
        config.set_wall(config::v1::WALL_PREFERRED);
    }
    default_to(*config.mutable_log_level(), "info");
    if (config.log_limit() == 0) {
        config.set_log_limit(std::int64_t{1} << 30);
    }
    if (!config.has_keep_logs_for()) {
        *config.mutable_keep_logs_for() = TimeUtil::HoursToDuration(7 * 24);
    }
    if (config.device_filter() == config::v1::DEVICE_FILTER_UNSPECIFIED) {
        config.set_device_filter(config::v1::DEVICE_FILTER_PREFERRED);
    }
    if (config.task_devices().empty()) {
        config.add_task_devices("/dev/infiniband/*");
        config.add_task_devices("/dev/gdrdrv");
    }
    if (config.has_device_plugins()) {
        default_to(*config.mutable_device_plugins()->mutable_folder(),
                   "/var/lib/kubelet/device-plugins");
    }
    if (!config.gpu_checks().has_time_limit()) {
        *config.mutable_gpu_checks()->mutable_time_limit() = TimeUtil::MinutesToDuration(10);
    }
    if (config.gpu_checks().scrub() == config::v1::SCRUB_POLICY_UNSPECIFIED) {
        config.mutable_gpu_checks()->set_scrub(config::v1::SCRUB_POLICY_ON_CHANGE);
    }
    if (!config.has_keep_scratch_for()) {
        *config.mutable_keep_scratch_for() = TimeUtil::HoursToDuration(1);
    }
}

void make_paths_absolute(AgentConfig& config, const fs::path& folder) {
    for (std::string* path :
         {config.mutable_state_dir(), config.mutable_authority(),
          config.mutable_enrolment_token_file(), config.mutable_checkpoint_root(),
          config.mutable_ready_file(), config.mutable_catalogue_file()}) {
        if (!path->empty()) {
            *path = (folder / *path).lexically_normal().string();
        }
    }
    default_to(*config.mutable_checkpoint_root(), config.state_dir() + "/checkpoints");
}

bool is_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    return colon != std::string_view::npos && colon > 0 &&
           parse_integer(text.substr(colon + 1), 1, 65535).ok();
}

// The node's name stands in paths, in group names and in certificates.
bool is_node_name(std::string_view name) {
    return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
           name.find_first_not_of(
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
               "0123456789.-_") == std::string_view::npos;
}

// As the scheduler takes it: a slice is a whole number of thousandths.
bool is_cut_into(int slices) { return slices > 0 && slices <= 8 && 1000 % slices == 0; }

std::string complaint_of_users(const AgentConfig& config) {
    if (!config.has_tenant_uids()) {
        return "";
    }
    if (!config.task_user().empty()) {
        return "task_user, tenant_uids: name one; either all tenants run as one user, or each as "
               "its own";
    }
    const std::int64_t first = config.tenant_uids().first();
    const std::int64_t count = config.tenant_uids().count();
    if (first < kLeastUid || count < 0 || first > kMostUid || count > kMostUid - first) {
        return "tenant_uids: " + std::to_string(count) + " from " + std::to_string(first) +
               " are not between " + std::to_string(kLeastUid) + " and " + std::to_string(kMostUid);
    }
    return "";
}

std::string complaint_of_site(const AgentConfig& config) {
    const std::string prolog = config.has_prolog() ? complaint_of("prolog", config.prolog()) : "";
    return prolog.empty() && config.has_epilog() ? complaint_of("epilog", config.epilog()) : prolog;
}

std::string complaint(const AgentConfig& config) {
    if (!is_node_name(config.node())) {
        return "node: " + quote(config.node()) + " is no host name; write letters, digits, . - _";
    }
    if (config.schedulers().empty()) {
        return "schedulers: is empty; name at least one, as 10.0.0.1:7077";
    }
    for (const std::string& scheduler : config.schedulers()) {
        if (!is_host_port(scheduler)) {
            return "schedulers: " + quote(scheduler) +
                   " is no address; write \"host:port\", as 10.0.0.1:7077";
        }
    }
    if (config.authority().empty()) {
        return "authority: is not set; name the PEM file of the authority that signed the "
               "scheduler's certificate";
    }
    if (!std::isfinite(config.cpus()) || config.cpus() < 0) {
        return "cpus: is below 0; leave it out to offer what the machine has";
    }
    if (config.memory() < 0 || config.log_limit() < 0) {
        return "memory, log_limit: may not be below 0";
    }
    if (config.keep_logs_for().seconds() < 0 || config.keep_scratch_for().seconds() < 0) {
        return "keep_logs_for, keep_scratch_for: may not be below 0; 0 keeps nothing";
    }
    const auto& simulated = config.simulated();
    if (simulated.count() < 0 || simulated.count() > kMostDevices) {
        return "simulated.count: " + std::to_string(simulated.count()) + " is not between 0 and " +
               std::to_string(kMostDevices);
    }
    if (simulated.linked() < 0 || simulated.linked() > kMostDevices) {
        return "simulated.linked: " + std::to_string(simulated.linked()) +
               " is not between 0 and " + std::to_string(kMostDevices) +
               "; so many neighbours share a link, 0 where none do";
    }
    if (simulated.slices() != 0 && !is_cut_into(simulated.slices())) {
        return "simulated.slices: " + std::to_string(simulated.slices()) +
               " is not how a device is cut; write 0 for whole ones, 1, 2, 4, 5 or 8";
    }
    if (simulated.count() > 0 && simulated.accelerator().empty()) {
        return "simulated.accelerator: is not set; write a name of the catalogue, as nvidia-h200";
    }
    for (const std::string& pattern : config.task_devices()) {
        if (!pattern.starts_with("/dev/")) {
            return "task_devices: " + quote(pattern) + " is no device file; write /dev/NAME";
        }
    }
    for (const auto& [resource, accelerator] : config.device_plugins().resources()) {
        if (resource.find('/') == std::string::npos || accelerator.empty()) {
            return "device_plugins.resources: " + quote(resource) + ": " + quote(accelerator) +
                   "; write \"vendor.com/device\": NAME, with a name of the catalogue";
        }
    }
    if (config.task_processes() < 0) {
        return "task_processes: may not be below 0";
    }
    for (const std::string& wrong : {complaint_of_users(config), complaint_of_site(config)}) {
        if (!wrong.empty()) {
            return wrong;
        }
    }
    const auto place = config.http_listen().empty() ? Result(HttpPlace()) : http_place(config);
    return place ? "" : place.error().message;
}

}  // namespace

Result<AgentConfig> load_agent_config(const fs::path& file) {
    AgentConfig config;
    const Status read = text::read_yaml_file(file, config);
    if (!read) {
        return read.error();
    }
    fill_defaults(config);
    const std::string wrong = complaint(config);
    if (!wrong.empty()) {
        return Error{ErrorCode::InvalidArgument, file.string() + ": " + wrong};
    }
    std::error_code error;
    make_paths_absolute(config, fs::absolute(file, error).parent_path());
    return config;
}

}  // namespace gusu::agent
