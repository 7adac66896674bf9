#include "scheduler/service/config/scheduler_config.h"

#include <google/protobuf/util/time_util.h>

#include <cmath>
#include <string>
#include <vector>

#include "proto/text/yaml.h"
#include "scheduler/base/text.h"
#include "scheduler/service/config/config_check.h"
#include "scheduler/service/identity/tls_files.h"

namespace gusu::service {
namespace {

namespace fs = std::filesystem;
using config::v1::SchedulerConfig;
using google::protobuf::util::TimeUtil;

void default_to(std::string& field, const char* value) {
    if (field.empty()) {
        field = value;
    }
}

void fill_defaults_of(config::v1::BlackHoleConfig& rule) {
    const core::BlackHoleRule defaults;
    if (!rule.has_jobs()) {
        rule.set_jobs(defaults.jobs);
    }
    if (!rule.has_users()) {
        rule.set_users(defaults.users);
    }
    if (!rule.has_within()) {
        *rule.mutable_within() = TimeUtil::MillisecondsToDuration(defaults.within.count());
    }
    if (!rule.has_most_share()) {
        rule.set_most_share(defaults.most_milli / 1000.0);
    }
}

void fill_defaults_of_policy(config::v1::PolicyConfig& policy) {
    const core::Policy defaults;
    const auto as_duration = [](Duration value) {
        return TimeUtil::MillisecondsToDuration(value.count());
    };
    // Asked before it is touched: a field that is there to be written counts as given.
    if (!policy.has_run_at_least()) {
        *policy.mutable_run_at_least() = as_duration(defaults.runs_at_least);
    }
    if (!policy.has_short_job()) {
        *policy.mutable_short_job() = as_duration(defaults.short_job);
    }
    if (!policy.has_age_after()) {
        *policy.mutable_age_after() = as_duration(defaults.ages_after);
    }
    if (!policy.has_wait_for_many_nodes()) {
        *policy.mutable_wait_for_many_nodes() = as_duration(defaults.waits_for_many);
    }
    if (!policy.has_lendable_share()) {
        policy.set_lendable_share(defaults.lendable_milli / 1000.0);
    }
    if (policy.lane_bounds_gpu_hours().empty()) {
        policy.mutable_lane_bounds_gpu_hours()->Add(defaults.lane_bounds_gpu_hours.begin(),
                                                    defaults.lane_bounds_gpu_hours.end());
    }
    fill_defaults_of(*policy.mutable_black_hole());
}

void fill_defaults(SchedulerConfig& config) {
    default_to(*config.mutable_listen(), "127.0.0.1:7077");
    default_to(*config.mutable_http()->mutable_listen(), "127.0.0.1:7078");
    default_to(*config.mutable_state_dir(), "/var/lib/gusu");
    default_to(*config.mutable_log_level(), "info");
    if (!config.has_agent_lease()) {
        *config.mutable_agent_lease() = TimeUtil::SecondsToDuration(60);
    }
    if (!config.has_keep_ended_for()) {
        *config.mutable_keep_ended_for() = TimeUtil::HoursToDuration(1);
    }
    if (config.keep_ended_jobs() == 0) {
        config.set_keep_ended_jobs(10'000);
    }
    config::v1::StoreConfig& store = *config.mutable_store();
    if (!store.has_lease()) {
        *store.mutable_lease() = TimeUtil::SecondsToDuration(4);
    }
    if (!store.has_keep_tasks_for()) {
        *store.mutable_keep_tasks_for() = TimeUtil::MinutesToDuration(5);
    }
    fill_defaults_of_policy(*config.mutable_policy());
}

void fill_defaults_of_accelerators(SchedulerConfig& config) {
    for (gusu::v1::Accelerator& accelerator : *config.mutable_accelerators()) {
        if (accelerator.gpu_equivalents() == 0) {
            accelerator.set_gpu_equivalents(1);
        }
    }
}

void make_paths_absolute(SchedulerConfig& config, const fs::path& folder) {
    config::v1::TlsConfig& tls = *config.mutable_tls();
    for (std::string* path :
         {config.mutable_state_dir(), config.mutable_catalogue_file(), config.mutable_ready_file(),
          tls.mutable_certificate(), tls.mutable_key(), tls.mutable_authority(),
          tls.mutable_authority_key()}) {
        if (!path->empty()) {
            *path = (folder / *path).lexically_normal().string();
        }
    }
}

// A catalogue is a SchedulerConfig of which only `accelerators` may be set.
void check_catalogue(const SchedulerConfig& catalogue, Complaints& complaints) {
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    catalogue.GetReflection()->ListFields(catalogue, &fields);
    for (const auto* field : fields) {
        if (field->number() != SchedulerConfig::kAcceleratorsFieldNumber) {
            complaints.add(
                field->name(),
                "is no part of a catalogue, which holds accelerators alone; set it in the "
                "scheduler's own file");
        }
    }
    if (catalogue.accelerators().empty()) {
        complaints.add("accelerators", "is empty; list at least one, or leave catalogue_file out");
    }
    check_accelerators(catalogue, complaints);
}

Status take_catalogue(SchedulerConfig& config) {
    SchedulerConfig catalogue;
    const Status read = text::read_yaml_file(config.catalogue_file(), catalogue);
    if (!read) {
        return Error{read.error().code, "catalogue_file: " + read.error().message};
    }
    Complaints complaints(config.catalogue_file());
    check_catalogue(catalogue, complaints);
    const Status right = complaints.result();
    if (right) {
        config.mutable_accelerators()->Swap(catalogue.mutable_accelerators());
    }
    return right;
}

}  // namespace

Result<SchedulerConfig> load_scheduler_config(const fs::path& file) {
    SchedulerConfig config;
    const Status read = text::read_yaml_file(file, config);
    if (!read) {
        return read.error();
    }
    fill_defaults(config);
    Complaints complaints(file);
    check_values(config, complaints);
    check_accelerators(config, complaints);
    if (!config.catalogue_file().empty() && !config.accelerators().empty()) {
        complaints.add("catalogue_file", quote(config.catalogue_file()) +
                                             " stands beside accelerators; use one of the two");
    }
    const Status right = complaints.result();
    if (!right) {
        return right.error();
    }
    std::error_code error;
    make_paths_absolute(config, fs::absolute(file, error).parent_path());
    if (!config.catalogue_file().empty()) {
        const Status taken = take_catalogue(config);
        if (!taken) {
            return taken.error();
        }
    }
    fill_defaults_of_accelerators(config);
    return config;
}

core::Policy to_policy(const config::v1::PolicyConfig& config) {
    const auto duration = [](const google::protobuf::Duration& given) {
        return Duration(TimeUtil::DurationToMilliseconds(given));
    };
    return {.runs_at_least = duration(config.run_at_least()),
            .short_job = duration(config.short_job()),
            .ages_after = duration(config.age_after()),
            .lendable_milli = static_cast<int>(std::lround(config.lendable_share() * 1000)),
            .lane_bounds_gpu_hours = {config.lane_bounds_gpu_hours().begin(),
                                      config.lane_bounds_gpu_hours().end()},
            .black_hole = {.jobs = config.black_hole().jobs(),
                           .users = config.black_hole().users(),
                           .within = duration(config.black_hole().within()),
                           .most_milli = static_cast<int>(
                               std::lround(config.black_hole().most_share() * 1000))},
            .waits_for_many = duration(config.wait_for_many_nodes())};
}

Status check_scheduler_config(const fs::path& file) {
    const Result<SchedulerConfig> config = load_scheduler_config(file);
    if (!config) {
        return config.error();
    }
    if (names_files(config->tls())) {
        const Result<TlsFiles> read = read_named_files(config->tls(), calendar_now());
        if (!read) {
            return Error{read.error().code, file.string() + ": " + read.error().message};
        }
    }
    return Done{};
}

}  // namespace gusu::service
