// What the services share.
#pragma once

#include <functional>
#include <string>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/service/agents/exec_relay.h"
#include "scheduler/service/agents/log_source.h"
#include "scheduler/service/agents/starting_notes.h"
#include "scheduler/service/engine/engine.h"
#include "scheduler/service/metrics/process_metrics.h"
#include "scheduler/service/rpc/authenticator.h"
#include "scheduler/service/rpc/job_hub.h"
#include "scheduler/service/rpc/worker.h"
#include "scheduler/store/history.h"

namespace gusu::service {

// Has devices of a node diagnosed; returns when the order is under way.
using DeviceChecks = std::function<Status(const std::string& node, v1::CheckDevices order)>;

struct Platform {
    Engine& engine;
    store::History& history;
    Worker& worker;
    Worker& forecaster;  // for what takes long and reads nothing
    Authenticator& authenticator;
    JobHub& hub;
    ProcessMetrics& metrics;
    LogSource& logs;
    ExecRelay& execs;
    DeviceChecks check_devices;
    const StartingNotes& starting;
};

}  // namespace gusu::service
