// A core with nodes, tenants and quota as a site has them, ready for the jobs of a trace.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scheduler/core/scheduler.h"
#include "tools/sim/event_log.h"
#include "tools/sim/site.h"
#include "tools/sim/trace.h"

namespace gusu::sim {

class Platform {
public:
    // `trace` and `site` must outlive it.
    Platform(const Trace& trace, const Site& site);

    // Founds the platform at time zero. An error if the core refuses a node or a tenant.
    Status found();

    // Submits a job of the trace. The events are logged.
    Result<core::Events> submit(std::size_t job, Time now);
    // The same for a job that comes a second time, under a number of its own.
    Result<core::Events> submit_as(std::uint64_t number, std::size_t job, Time now);
    Result<core::Events> execute(const core::Command& command, Time now);
    core::Events step(Time now);

    Time next_timer() const { return scheduler_.next_timer(); }
    const core::State& state() const { return scheduler_.state(); }
    EventLog& log() { return log_; }
    const core::Caller& admin() const { return admin_; }

private:
    Status do_first(const core::Command& command);
    Status join_nodes();
    Status create_tenants();
    Status set_quotas();
    void prepare_demands();

    const Trace& trace_;
    const Site& site_;
    core::Caller admin_{"admin"};
    core::Scheduler scheduler_;
    EventLog log_;
    std::vector<std::string> paths_;            // of tenants of the trace
    std::vector<core::DemandPointer> demands_;  // of jobs of the trace
    // Kept between submissions, so that none allocates more than the core does.
    core::Command submission_;
};

// The session of every simulated agent.
inline constexpr const char* kSession = "s";

// A name of the trace as a path of tenants: what no path may have becomes "_".
std::string tenant_path(const std::string& name);

// How the core is asked for a shape.
std::vector<core::TaskGroup> task_groups(const Shape& shape, int gpus_per_node);

}  // namespace gusu::sim
