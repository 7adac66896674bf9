// What the core knows, as the messages people see.
#pragma once

#include <string>

#include "gusu/v1/identity_service.pb.h"
#include "gusu/v1/job.pb.h"
#include "gusu/v1/node.pb.h"
#include "gusu/v1/reservation.pb.h"
#include "gusu/v1/tenant.pb.h"
#include "scheduler/core/model/state.h"
#include "scheduler/wire/field.h"
#include "scheduler/wire/job_text.h"

namespace gusu::wire {

// Why a pending job waits; asked of the core by whoever shows it.
struct Waits {
    v1::WaitReason reason = v1::WAIT_REASON_UNSPECIFIED;
    std::string detail;
};

enum class Detail {
    Brief,  // without commands, scripts and environments
    Full,
    Events,  // and the job's life, line by line
};

struct JobView {
    Time now;
    Detail detail = Detail::Full;
    Waits waits;
};

v1::Job to_proto(const core::State& state, const core::Job& job, const JobView& view);

v1::JobState shown_state(const core::State& state, const core::Job& job);
v1::EndReason shown_reason(core::EndReason reason);
// An enumerator without the prefix of its type: "SUCCEEDED", "TIMED_OUT".
std::string short_name(v1::JobState state);
std::string short_name(v1::EndReason reason);

v1::Tenant to_proto(const core::State& state, const core::Tenant& tenant);
// Of one accelerator, whether or not the tenant has a quota of it. `lent` is what others use of the
// guarantee.
v1::Quota to_proto_quota(const core::State& state, const core::Tenant& tenant,
                         const std::string& accelerator, Amount lent);
v1::Node to_proto(const core::State& state, const core::Node& node, Time now);
// All of it, also what is not for everybody; see core/policy/access.h.
v1::Reservation to_proto(const core::State& state, const core::Reservation& reservation);

// What was used in some interval, exact until here.
struct UsageTotal {
    std::string tenant;
    std::string user;
    std::string accelerator;
    double milli_gpu_ms = 0;
    double milli_cpu_ms = 0;
    std::int64_t jobs = 0;
};
v1::Usage to_proto(const core::State& state, const UsageTotal& total);

v1::Token to_proto(const core::TokenRecord& token);
v1::Grant to_proto(const core::State& state, const core::Grant& grant);

Result<core::Role> to_role(const Field& field, v1::Role role);
Result<core::TenantStatus> to_tenant_status(const Field& field, v1::TenantStatus status);
Result<core::DataClass> to_data_class(const Field& field, v1::DataClass data_class);

}  // namespace gusu::wire
