// The site's own programs around each task: a prolog before it starts, an epilog after nothing of
// it is left. Both run as the agent does, outside of the wall, below a supervisor of their own, in
// a control group of their own; one that takes too long is killed with all that it has started.
//
// The epilog is written down before the prolog begins, and it runs for every task for which that
// was done, also if the prolog failed or the agent died. It runs again only if its own supervisor
// died in it.
#pragma once

#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/node_settings.h"
#include "agent/daemon/supervisor_process.h"
#include "gusu/config/v1/agent.pb.h"

namespace gusu::agent {

struct SiteProgram {
    std::vector<std::string> command;  // empty: there is none
    Duration timeout{60'000};
};

struct SiteProgramsWanted {
    SiteProgram prolog;
    SiteProgram epilog;
};
SiteProgramsWanted site_programs_of(const config::v1::AgentConfig& config);
// "": there is none, or it can be run. Else what is wrong with it, for whoever wrote `field`.
std::string complaint_of(const std::string& field, const config::v1::SiteProgram& program);

class SitePrograms final : public prometheus::Collectable {
public:
    SitePrograms(SiteProgramsWanted wanted, const NodeSettings& settings, EventLoop& loop);
    ~SitePrograms() override;
    SitePrograms(const SitePrograms&) = delete;
    SitePrograms& operator=(const SitePrograms&) = delete;

    using Ended = std::function<void()>;

    // What an agent before this one left: prologs are ended, for their tasks are not started any
    // more; epilogs go on. `found` are supervisors by name, of which those are taken out.
    void take_over(std::map<std::string, Descriptor>& found);

    // Once, for a task whose folder is made and whose program is not started. False: there is no
    // prolog to wait for; else `ended` is called later. An error is why neither could be prepared.
    Result<bool> begin(const TaskKey& key, const v1::Launch& launch, Ended ended);
    // Of a prolog that runs. `ended` is called all the same.
    void stop(const TaskKey& key);
    // Why the node cannot run the task; "": its prolog did not fail.
    std::string fault_of_prolog(const TaskKey& key) const;

    // When nothing of the task is left. False: there is no epilog to wait for any more; else
    // `ended` is called later, and this is to be asked again.
    bool finish(const TaskKey& key, Ended ended);
    // Why the node is to take no more work; "": its epilog did not fail.
    std::string fault_of_epilog(const TaskKey& key) const;

    void remove_files(const TaskKey& key);

    // From any thread.
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    enum class Which { Prolog, Epilog };
    struct Run {
        Descriptor process;
        Ended ended;
    };
    void take_over(Which which, const TaskKey& key, Descriptor process);
    std::filesystem::path folder(Which which, const TaskKey& key) const;
    Status prepare(Which which, const TaskKey& key, const v1::Launch& launch);
    Status start(Which which, const TaskKey& key, Ended ended);
    void watch(Which which, const TaskKey& key);
    void may_be_over(Which which, const TaskKey& key);
    std::string fault(Which which, const TaskKey& key) const;
    std::map<TaskKey, Run>& running(Which which) { return running_[static_cast<int>(which)]; }

    const SiteProgramsWanted wanted_;
    const NodeSettings& settings_;
    EventLoop& loop_;
    std::array<std::map<TaskKey, Run>, 2> running_;
    std::map<TaskKey, std::string> not_started_;  // epilogs, and why
    std::array<std::atomic<std::int64_t>, 2> failures_{};
};

}  // namespace gusu::agent
