// Knows what is true in the simulated world, and what was promised: says when the two differ.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/core/scheduler.h"
#include "scheduler/store/journal.h"
#include "tools/sim/faults/climate.h"

namespace gusu::faults {

// A task's program in the process table of a node.
struct Program {
    int node = 0;
    std::uint64_t incarnation = 0;
    int task = 0;

    friend auto operator<=>(const Program&, const Program&) = default;
};

class Oracle {
public:
    explicit Oracle(Life& life) : life_(life) {}

    // The first thing that was wrong; "" as long as nothing is.
    const std::string& verdict() const { return verdict_; }
    void expect(bool holds, const char* invariant, const std::string& what);

    // From the process tables.
    void program_began(const Program& program, const v1::Launch& launch);
    void program_ended(const Program& program, int exit_code);
    // It runs no instruction any more, but the kernel cannot let go of it.
    void program_hangs(const Program& program);
    bool anything_runs() const { return !running_.empty(); }
    std::string what_runs() const;

    // What the journal has made durable, in order.
    void durable(const store::Batch& batch);
    // What clients were told.
    void submitted(const std::string& user, const std::string& request,
                   const std::vector<JobId>& jobs);
    void cancelled(JobId job);
    // A command that may change it is under way, and its answer is not known.
    void quota_asked(const std::string& tenant);
    void quota_set(const std::string& tenant, std::int64_t guaranteed);

    // After each batch: what must hold of every state; now and then, all of it.
    enum class Depth { Quick, Whole };
    void check_state(core::Scheduler& scheduler, Time now, Depth depth);
    // After a restart, before anything new is decided.
    void check_recovered(const core::State& state);
    // When faults have ended and everybody had time.
    void check_quiet(const core::State& state);

    std::size_t acknowledged_jobs() const { return job_request_.size(); }
    const std::vector<JobId>& alive() const { return alive_; }

private:
    struct Told {
        std::string user;
        std::string request;
        std::vector<JobId> jobs;
        Duration at{0};
    };
    struct Running {
        std::uint64_t job = 0;
        std::vector<int> devices;
        int milli = 0;
        TenantId tenant = {};
        bool hangs = false;
    };
    void check_neighbours(const Program& program, TenantId tenant);
    void note_end(NodeId node, JobId job, core::EndReason reason);
    void check_drain(const core::NodeDrained& drain);
    void check_shares(const core::State& state);
    void check_use(const core::State& state);
    void check_lost_nodes(const core::State& state);
    void note(const core::Event& event);
    void note_platform(const core::Event& event);
    void check_usage(const core::Event& event, JobId job, IncarnationId incarnation,
                     const std::vector<core::UsageRow>& rows);

    Life& life_;
    std::string verdict_;

    std::map<Program, Running> running_;
    std::map<std::uint64_t, std::set<Program>> running_of_job_;
    std::map<std::pair<int, int>, int> milli_of_device_;
    std::map<std::uint64_t, std::set<std::uint64_t>> ran_;  // incarnations by job
    std::set<std::pair<std::uint64_t, int>> began_;         // (incarnation, task)
    std::map<std::pair<std::uint64_t, int>, int> exits_;
    std::map<std::pair<std::uint64_t, int>, std::size_t> reached_;  // state, by task in the journal

    struct Submitted {
        TenantId tenant = {};
        bool once = false;  // neither retries nor preemption
        bool cancelled = false;
        bool ended = false;
    };
    std::map<JobId, Submitted> jobs_;
    std::map<IncarnationId, std::pair<JobId, Time>> placed_;  // now
    std::set<IncarnationId> ever_placed_;
    std::map<JobId, std::string> job_request_;
    std::vector<Told> told_;
    std::vector<JobId> alive_;  // acknowledged, and not known to have ended
    struct QuotaWishes {
        int open = 0;
        bool have_met = false;  // some were open together
    };
    std::map<std::string, QuotaWishes> quota_wishes_;
    std::map<std::string, std::int64_t> quotas_;
    std::uint64_t epoch_ = 0;
    std::set<TenantId> sensitive_;
    std::set<NodeId> nodes_;
    std::map<NodeId, std::set<JobId>> failed_on_;  // in a row
    std::set<NodeId> black_holes_;                 // drained as such
    std::map<IncarnationId, std::vector<NodeId>> nodes_of_;
};

}  // namespace gusu::faults
