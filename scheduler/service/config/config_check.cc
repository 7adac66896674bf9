#include "scheduler/service/config/config_check.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "proto/http/server.h"
#include "scheduler/base/host_port.h"
#include "scheduler/base/text.h"
#include "scheduler/core/model/slice.h"
#include "scheduler/service/identity/tls_files.h"
#include "scheduler/store/postgres.h"

namespace gusu::service {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::hours;
using std::chrono::seconds;

constexpr std::array<std::string_view, 5> kLogLevels = {"trace", "debug", "info", "warn", "error"};
constexpr int kMostEndedJobs = 10'000'000;
constexpr std::int64_t kMostMemory = std::int64_t{1} << 50;
constexpr double kMostTflops = 1e6;
constexpr double kMostEquivalents = 1e6;

struct Range {
    Duration low;
    Duration high;
    const char* allowed;
};
constexpr Range kLease{seconds(5), hours(1), "from 5s to 1h"};
constexpr Range kStoreLease{seconds(1), seconds(60), "from 1s to 60s"};
constexpr Range kKeepTasks{seconds(0), hours(24), "from 0s to 24h"};
constexpr Range kPolicyTime{seconds(0), hours(24 * 365), "from 0s to 365d"};
constexpr std::int64_t kMostLaneHours = 1'000'000'000;
constexpr int kMostLanes = 16;
constexpr int kMostFailures = 16;  // of a node the core remembers no more
constexpr Range kFailsWithin{seconds(1), hours(1), "from 1s to 1h"};
constexpr Range kKeepEnded{seconds(0), hours(24 * 365), "from 0s to 365d"};

void check_duration(const std::string& field, const google::protobuf::Duration& value,
                    const Range& range, Complaints& complaints) {
    const Duration duration = Duration(TimeUtil::DurationToMilliseconds(value));
    if (duration < range.low || duration > range.high) {
        complaints.add_value(field, TimeUtil::ToString(value), range.allowed);
    }
}

Result<HostPort> check_listen(const std::string& field, const std::string& value,
                              Complaints& complaints) {
    Result<HostPort> parsed = parse_host_port(value);
    if (!parsed) {
        complaints.add(field, parsed.error().message);
    }
    return parsed;
}

void check_listening(const config::v1::SchedulerConfig& config, Complaints& complaints) {
    const Result<HostPort> grpc = check_listen("listen", config.listen(), complaints);
    const Result<HostPort> http = check_listen("http.listen", config.http().listen(), complaints);
    if (grpc && http && *grpc == *http && grpc->port != 0) {
        complaints.add("http.listen", quote(config.http().listen()) +
                                          " is what listen names for gRPC; choose another port");
    }
    if (http) {
        const Result<HttpSecurity> security = http_security(config.http().insecure(), *http);
        if (!security) {
            complaints.add("http.insecure", security.error().message.substr(
                                                std::string_view("http.insecure: ").size()));
        }
    }
}

// Others must be told where to find a leader.
void check_address(const config::v1::SchedulerConfig& config, Complaints& complaints) {
    const Result<HostPort> listen = parse_host_port(config.listen());
    if (!config.address().empty()) {
        const Result<HostPort> address = check_listen("address", config.address(), complaints);
        if (address && (is_every_address(address->host) || address->port == 0)) {
            complaints.add_value("address", quote(config.address()),
                                 "the host and port by which others reach this scheduler");
        }
    } else if (!config.store().postgresql().empty() && listen && is_every_address(listen->host)) {
        complaints.add("address",
                       "is not set, and listen (" + config.listen() +
                           ") names all addresses; set the host and port by which others reach "
                           "this scheduler");
    }
}

void check_store(const config::v1::StoreConfig& store, Complaints& complaints) {
    if (const Status right = store::check_connection_string(store.postgresql()); !right) {
        complaints.add("store.postgresql", right.error().message);
    }
    check_duration("store.lease", store.lease(), kStoreLease, complaints);
    check_duration("store.keep_tasks_for", store.keep_tasks_for(), kKeepTasks, complaints);
}

void check_log_level(const std::string& level, Complaints& complaints) {
    if (std::ranges::find(kLogLevels, level) != kLogLevels.end()) {
        return;
    }
    const std::string nearest = nearest_name(level, kLogLevels);
    complaints.add_value("log_level", quote(level),
                         "one of trace, debug, info, warn, error" +
                             (nearest.empty() ? "" : "; did you mean \"" + nearest + "\"?"));
}

void check_tls(const config::v1::TlsConfig& tls, Complaints& complaints) {
    const std::pair<const char*, const std::string&> needed[] = {
        {"tls.certificate", tls.certificate()},
        {"tls.key", tls.key()},
        {"tls.authority", tls.authority()}};
    for (const auto& [field, value] : needed) {
        if (names_files(tls) && value.empty()) {
            complaints.add(
                field,
                "names no file; name tls.certificate, tls.key and tls.authority, or none of "
                "them to have them made");
        }
    }
    if (names_files(tls) && tls.names_size() > 0) {
        complaints.add("tls.names",
                       "are for a certificate the scheduler makes itself; remove them, since "
                       "tls.certificate names a file");
    }
    for (int i = 0; i < tls.names_size(); ++i) {
        if (!is_host(tls.names(i))) {
            complaints.add_value("tls.names[" + std::to_string(i) + "]", quote(tls.names(i)),
                                 "a host name or an IPv4 or IPv6 address");
        }
    }
}

bool is_accelerator_name(std::string_view name) {
    const auto small_or_digit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= 63 && small_or_digit(name.front()) && name != "any" &&
           std::ranges::all_of(name,
                               [&](char c) { return small_or_digit(c) || c == '.' || c == '-'; });
}

std::string number_text(double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

void check_number(const std::string& field, double value, double most, Complaints& complaints) {
    if (!std::isfinite(value) || value < 0 || value > most) {
        complaints.add_value(field,
                             std::isfinite(value) ? number_text(value) : quote(number_text(value)),
                             "a number from 0 to " + number_text(most));
    }
}

void check_profile(const std::string& field, const gusu::v1::SliceProfile& profile, int of,
                   Complaints& complaints) {
    if (profile.name().empty() || profile.name().size() > 63) {
        complaints.add_value(field + ".name", quote(profile.name()),
                             "the vendor's name of it, as 1g.10gb, at most 63 bytes");
    }
    if (profile.slices() < 1 || profile.slices() > of) {
        complaints.add_value(field + ".slices", std::to_string(profile.slices()),
                             "1 to the slices of the accelerator, " + std::to_string(of));
        return;
    }
    if (profile.starts().empty()) {
        complaints.add_value(field + ".starts", "nothing", "the slices it may begin with, from 0");
    }
    for (const int start : profile.starts()) {
        if (start < 0 || start > of - profile.slices()) {
            complaints.add_value(field + ".starts", std::to_string(start),
                                 "0 to " + std::to_string(of - profile.slices()) +
                                     ", so that it ends on the device");
        }
    }
}

void check_accelerator(const std::string& field, const gusu::v1::Accelerator& accelerator,
                       Complaints& complaints) {
    if (!is_accelerator_name(accelerator.name())) {
        complaints.add_value(
            field + ".name", quote(accelerator.name()),
            "1 to 63 of a-z, 0-9, \".\" and \"-\", a letter or digit first, and not "
            "\"any\", which stands for all models");
    }
    if (accelerator.memory() <= 0 || accelerator.memory() > kMostMemory) {
        complaints.add_value(field + ".memory", std::to_string(accelerator.memory()),
                             "the bytes of one card, as 80G, at most 1 PiB");
    }
    check_number(field + ".fp16_tflops", accelerator.fp16_tflops(), kMostTflops, complaints);
    check_number(field + ".gpu_equivalents", accelerator.gpu_equivalents(), kMostEquivalents,
                 complaints);
    if (accelerator.slices() != 0 && !core::may_be_cut_into(accelerator.slices())) {
        complaints.add_value(field + ".slices", std::to_string(accelerator.slices()),
                             "0 if one cannot be cut, else 1, 2, 4, 5 or 8");
        return;
    }
    std::set<std::string> names;
    for (int i = 0; i < accelerator.profiles_size(); ++i) {
        const std::string here = field + ".profiles[" + std::to_string(i) + "]";
        check_profile(here, accelerator.profiles(i), accelerator.slices(), complaints);
        if (!names.insert(accelerator.profiles(i).name()).second) {
            complaints.add_value(here + ".name", quote(accelerator.profiles(i).name()),
                                 "each profile once");
        }
    }
}

void check_black_hole(const config::v1::BlackHoleConfig& rule, Complaints& complaints) {
    if (rule.jobs() < 0 || rule.jobs() > kMostFailures) {
        complaints.add_value("policy.black_hole.jobs", std::to_string(rule.jobs()),
                             "from 0, which is off, to " + std::to_string(kMostFailures));
    }
    if (rule.users() < 1 || rule.users() > kMostFailures) {
        complaints.add_value("policy.black_hole.users", std::to_string(rule.users()),
                             "from 1 to " + std::to_string(kMostFailures));
    }
    check_duration("policy.black_hole.within", rule.within(), kFailsWithin, complaints);
    check_number("policy.black_hole.most_share", rule.most_share(), 1, complaints);
}

void check_policy(const config::v1::PolicyConfig& policy, Complaints& complaints) {
    check_duration("policy.run_at_least", policy.run_at_least(), kPolicyTime, complaints);
    check_duration("policy.short_job", policy.short_job(), kPolicyTime, complaints);
    check_duration("policy.age_after", policy.age_after(), kPolicyTime, complaints);
    check_duration("policy.wait_for_many_nodes", policy.wait_for_many_nodes(), kPolicyTime,
                   complaints);
    check_number("policy.lendable_share", policy.lendable_share(), 1, complaints);
    check_black_hole(policy.black_hole(), complaints);
    std::int64_t before = 0;
    for (int i = 0; i < policy.lane_bounds_gpu_hours_size(); ++i) {
        const std::int64_t bound = policy.lane_bounds_gpu_hours(i);
        if (bound <= before || bound > kMostLaneHours || i >= kMostLanes) {
            complaints.add_value("policy.lane_bounds_gpu_hours[" + std::to_string(i) + "]",
                                 std::to_string(bound),
                                 "at most 16 whole numbers, each above the one before it, up to " +
                                     std::to_string(kMostLaneHours));
        }
        before = bound;
    }
}

}  // namespace

void Complaints::add(const std::string& field, const std::string& problem) {
    lines_.push_back(file_.string() + ": " + field + ": " + problem);
}

void Complaints::add_value(const std::string& field, const std::string& value,
                           const std::string& allowed) {
    add(field, value + " is not allowed; " + allowed);
}

Status Complaints::result() const {
    if (lines_.empty()) {
        return Done{};
    }
    std::string message;
    for (const std::string& line : lines_) {
        message += (message.empty() ? "" : "\n") + line;
    }
    return Error{ErrorCode::InvalidArgument, message};
}

void check_values(const config::v1::SchedulerConfig& config, Complaints& complaints) {
    check_listening(config, complaints);
    check_address(config, complaints);
    check_store(config.store(), complaints);
    check_tls(config.tls(), complaints);
    check_log_level(config.log_level(), complaints);
    check_duration("agent_lease", config.agent_lease(), kLease, complaints);
    check_policy(config.policy(), complaints);
    check_duration("keep_ended_for", config.keep_ended_for(), kKeepEnded, complaints);
    if (config.keep_ended_jobs() < 1 || config.keep_ended_jobs() > kMostEndedJobs) {
        complaints.add_value("keep_ended_jobs", std::to_string(config.keep_ended_jobs()),
                             "from 1 to " + std::to_string(kMostEndedJobs));
    }
}

void check_accelerators(const config::v1::SchedulerConfig& config, Complaints& complaints) {
    std::set<std::string_view> names;
    for (int i = 0; i < config.accelerators_size(); ++i) {
        const std::string field = "accelerators[" + std::to_string(i) + "]";
        const gusu::v1::Accelerator& accelerator = config.accelerators(i);
        check_accelerator(field, accelerator, complaints);
        if (!names.insert(accelerator.name()).second) {
            complaints.add(field + ".name", quote(accelerator.name()) +
                                                " is listed twice; every model has one entry");
        }
    }
}

}  // namespace gusu::service
