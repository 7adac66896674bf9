#include "tools/sim/faults/fault_kinds.h"

namespace gusu::faults {

const std::array<FaultName, kFaults>& fault_names() {
    static const std::array<FaultName, kFaults> kNames{{
        {Fault::MessageLost, "F1", "message lost"},
        {Fault::MessageDoubled, "F2", "message doubled"},
        {Fault::MessageOvertaken, "F3", "message overtaken"},
        {Fault::MessageDelayed, "F4", "message delayed"},
        {Fault::OneWayPartition, "F5", "one-way partition"},
        {Fault::Partition, "F6", "partition"},
        {Fault::Swizzle, "F7", "swizzle"},
        {Fault::Reset, "F8", "connection reset"},
        {Fault::HalfOpen, "F9", "half-open connection"},
        {Fault::SchedulerCrash, "F11", "scheduler crash"},
        {Fault::AgentCrash, "F12", "agent crash"},
        {Fault::SupervisorCrash, "F13", "supervisor crash"},
        {Fault::PowerLoss, "F14", "power loss of a node"},
        {Fault::RebootAtLaunch, "F15", "reboot during a launch"},
        {Fault::AgentPaused, "F16", "agent paused"},
        {Fault::CrashInRecovery, "F17", "crash in recovery"},
        {Fault::CrashLoop, "F18", "crash loop"},
        {Fault::DiskFull, "F19", "disk full"},
        {Fault::WriteError, "F20", "write error"},
        {Fault::FailedSync, "F21", "sync fails"},
        {Fault::TornWrite, "F22", "torn write"},
        {Fault::SlowDisk, "F25", "slow disk"},
        {Fault::LeaderChange, "F27", "leader change"},
        {Fault::FrozenLeader, "F28", "frozen leader is replaced"},
        {Fault::LeaderCutOff, "F30", "leader without its store"},
        {Fault::WallJump, "F31", "wall clock jump"},
        {Fault::Drift, "F32", "clock drift"},
        {Fault::IgnoresTerm, "F36", "task ignores its signal"},
        {Fault::HangsOnKill, "F36", "task hangs on kill"},
        {Fault::ExitsAtLaunch, "F37", "task exits at launch"},
        {Fault::DeviceGone, "F38", "device gone"},
        {Fault::QuotaChanged, "F41", "quota changed"},
        {Fault::MassReconnect, "F42", "mass reconnect"},
        {Fault::ReplyLost, "", "reply lost"},
        {Fault::NodeFailsAll, "", "node fails all tasks"},
    }};
    return kNames;
}

const char* name_of(Fault fault) { return fault_names()[static_cast<std::size_t>(fault)].name; }

std::vector<Fault> faults_named(const std::string& word) {
    std::vector<Fault> found;
    for (const FaultName& each : fault_names()) {
        if (word == each.number || word == each.name) {
            found.push_back(each.fault);
        }
    }
    return found;
}

void Counts::add(const Counts& other) {
    for (std::size_t i = 0; i < kFaults; ++i) {
        injected[i] += other.injected[i];
    }
    for (const auto& [point, count] : other.crash_points) {
        crash_points[point] += count;
    }
    for (const auto& [invariant, count] : other.checked) {
        checked[invariant] += count;
    }
    events += other.events;
    jobs_ended += other.jobs_ended;
    lived += other.lived;
}

}  // namespace gusu::faults
