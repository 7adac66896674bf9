// The faults that are injected, and how often each was.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/base/time.h"

namespace gusu::faults {

enum class Fault {
    MessageLost,       // F1: with its stream, as a reset connection loses what is under way
    MessageDoubled,    // F2
    MessageOvertaken,  // F3: by the next stream; the old one is still believed in
    MessageDelayed,    // F4
    OneWayPartition,   // F5
    Partition,         // F6
    Swizzle,           // F7: nodes are cut off one by one, and come back in another order
    Reset,             // F8
    HalfOpen,          // F9: the agent's machine is gone, and the scheduler hears nothing of it
    SchedulerCrash,    // F11
    AgentCrash,        // F12
    SupervisorCrash,   // F13
    PowerLoss,         // F14
    RebootAtLaunch,    // F15
    AgentPaused,       // F16
    CrashInRecovery,   // F17
    CrashLoop,         // F18
    DiskFull,          // F19
    WriteError,        // F20
    FailedSync,        // F21: what was written may be there after a crash all the same
    TornWrite,         // F22: of a transaction under way in a crash, the first records stay
    SlowDisk,          // F25
    LeaderChange,      // F27
    FrozenLeader,      // F28: another one leads; when it goes on it believes that it still does
    LeaderCutOff,      // F30: from its store, so that another one leads, but not from its agents
    WallJump,          // F31
    Drift,             // F32
    IgnoresTerm,       // F36
    HangsOnKill,       // F36: in the kernel, where no signal reaches it
    ExitsAtLaunch,     // F37
    DeviceGone,        // F38
    QuotaChanged,      // F41
    MassReconnect,     // F42
    ReplyLost,         // of a client, which asks again with the same request id
    NodeFailsAll,      // whatever is started there ends at once, for a while
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::NodeFailsAll) + 1;

struct FaultName {
    Fault fault;
    const char* number;  // in the list of faults, "F7"; "" for one that has none
    const char* name;
};
const std::array<FaultName, kFaults>& fault_names();
const char* name_of(Fault fault);
// By number or name.
std::vector<Fault> faults_named(const std::string& word);

// Counts of one life, or of many.
struct Counts {
    std::array<std::uint64_t, kFaults> injected{};
    std::map<std::string, std::uint64_t> crash_points;  // effects at which a process was killed
    std::map<std::string, std::uint64_t> checked;       // invariants
    std::uint64_t events = 0;
    std::uint64_t jobs_ended = 0;
    Duration lived{0};

    void add(const Counts& other);
    std::uint64_t& of(Fault fault) { return injected[static_cast<std::size_t>(fault)]; }
};

}  // namespace gusu::faults
