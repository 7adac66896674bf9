// The agent as a whole: the link on one side, the tasks on the other.
#pragma once

#include <memory>
#include <string>

#include "agent/daemon/cleaner.h"
#include "agent/daemon/conversation.h"
#include "agent/daemon/device/offered_devices.h"
#include "agent/daemon/enrolment.h"
#include "agent/daemon/exec/exec_sessions.h"
#include "agent/daemon/grpc_link.h"
#include "agent/daemon/http_service.h"
#include "agent/daemon/local_task_host.h"
#include "agent/daemon/log_reader.h"
#include "agent/daemon/site_programs.h"
#include "agent/daemon/task_store.h"
#include "gusu/config/v1/agent.pb.h"

namespace gusu::agent {

class Agent final : private LinkUser {
public:
    // Takes the state directory for itself alone, gets the node its certificate, takes over the
    // tasks that run.
    static Result<std::unique_ptr<Agent>> start(const config::v1::AgentConfig& config);
    // Leaves the tasks running.
    ~Agent() override;

    // Until stop(), which may come from any thread.
    void run();
    void stop() { loop_->stop(); }

private:
    Agent(const config::v1::AgentConfig& config, Descriptor lock);
    Status prepare();
    Status set_walls();
    void offer_containers();
    Status know_devices();
    void offer_devices();
    void tell_devices();
    Status serve_http(const Identity& identity);
    void open_link(const Identity& identity);
    void serve_programs();

    v1::Hello hello() override;
    bool welcomed(const v1::Welcome& welcome) override;
    Status received(const v1::ConnectResponse& response) override;
    void heard(Duration at) override;
    void parted() override;

    void check_lease_again();
    void clean_again();
    void write_ready_file();

    const config::v1::AgentConfig config_;
    const Descriptor lock_;
    const std::string session_;
    std::string boot_id_;
    v1::NodeInventory inventory_;
    NodeSettings settings_;
    std::unique_ptr<EventLoop> loop_;
    std::unique_ptr<TaskStore> store_;
    std::unique_ptr<SitePrograms> site_;  // none unless it is configured
    std::unique_ptr<LocalTaskHost> host_;
    std::unique_ptr<Tasks> tasks_;
    std::unique_ptr<OfferedDevices> devices_;  // asks tasks_, and is asked by host_
    std::unique_ptr<Conversation> conversation_;
    std::unique_ptr<LogReader> logs_;
    std::unique_ptr<Cleaner> cleaner_;
    std::unique_ptr<HttpService> http_;  // none unless it is configured
    std::unique_ptr<GrpcLinkNetwork> network_;
    std::unique_ptr<ExecSessions> execs_;
    std::unique_ptr<Link> link_;
    bool ready_ = false;
    bool devices_are_news_ = false;  // since hello()
};

// Ends every task of this state directory, and returns when nothing of them is left. No agent may
// be running on it.
Status end_tasks(const config::v1::AgentConfig& config);

}  // namespace gusu::agent
