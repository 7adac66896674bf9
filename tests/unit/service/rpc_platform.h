// A whole scheduler on a port of its own, under TLS, with a real journal, and people who call it.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gusu/v1/identity_service.grpc.pb.h"
#include "gusu/v1/job_service.grpc.pb.h"
#include "gusu/v1/node_service.grpc.pb.h"
#include "gusu/v1/reservation_service.grpc.pb.h"
#include "gusu/v1/status_service.grpc.pb.h"
#include "gusu/v1/tenant_service.grpc.pb.h"
#include "proto/rpc/credentials.h"
#include "scheduler/service/rpc/server.h"
#include "tests/unit/service/scratch_folder.h"

namespace gusu::service {

// How long a test waits for what must come.
inline constexpr std::chrono::seconds kPatienceOfTests{20};

// An answer, or the refusal.
template <typename Response>
struct Answer {
    grpc::Status status;
    Response response;

    bool ok() const { return status.ok(); }
    grpc::StatusCode code() const { return status.error_code(); }
    std::string why() const { return status.error_message(); }
    const Response* operator->() const { return &response; }
};

// Somebody with a token (or without).
class Caller {
public:
    Caller(rpc::Endpoint endpoint, std::string token) {
        endpoint.token = std::move(token);
        channel_ = rpc::open_channel(endpoint);
        jobs = v1::JobService::NewStub(channel_);
        tenants = v1::TenantService::NewStub(channel_);
        nodes = v1::NodeService::NewStub(channel_);
        reservations = v1::ReservationService::NewStub(channel_);
        identity = v1::IdentityService::NewStub(channel_);
        status = v1::StatusService::NewStub(channel_);
    }

    // caller.ask(*caller.jobs, &v1::JobService::Stub::GetJob, request)
    template <typename Stub, typename Request, typename Response>
    static Answer<Response> ask(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                Request request) {
        if constexpr (requires { request.request_id(); }) {
            if (request.request_id().empty()) {
                request.set_request_id(rpc::new_request_id());
            }
        }
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + kPatienceOfTests);
        Answer<Response> answer;
        answer.status = (stub.*method)(&context, request, &answer.response);
        return answer;
    }

    Answer<v1::SubmitJobResponse> submit(const v1::JobSpec& spec,
                                         const std::string& request_id = {}) {
        v1::SubmitJobRequest request;
        *request.mutable_spec() = spec;
        request.set_request_id(request_id);
        return ask(*jobs, &v1::JobService::Stub::SubmitJob, request);
    }
    Answer<v1::GetJobResponse> get(const std::string& id) {
        v1::GetJobRequest request;
        request.set_job_id(id);
        return ask(*jobs, &v1::JobService::Stub::GetJob, request);
    }
    Answer<v1::ListJobsResponse> list(const v1::ListJobsRequest& request = {}) {
        return ask(*jobs, &v1::JobService::Stub::ListJobs, request);
    }
    Answer<v1::CancelJobsResponse> cancel(const std::string& id) {
        v1::CancelJobsRequest request;
        request.add_job_ids(id);
        return ask(*jobs, &v1::JobService::Stub::CancelJobs, request);
    }
    Answer<v1::HoldJobsResponse> hold(const std::string& id) {
        v1::HoldJobsRequest request;
        request.add_job_ids(id);
        return ask(*jobs, &v1::JobService::Stub::HoldJobs, request);
    }
    Answer<v1::ReleaseJobsResponse> release(const std::string& id) {
        v1::ReleaseJobsRequest request;
        request.add_job_ids(id);
        return ask(*jobs, &v1::JobService::Stub::ReleaseJobs, request);
    }
    Answer<v1::WhoAmIResponse> who_am_i() {
        return ask(*identity, &v1::IdentityService::Stub::WhoAmI, v1::WhoAmIRequest());
    }
    Answer<v1::CreateTokenResponse> create_token(const std::string& user,
                                                 const std::string& node = {}) {
        v1::CreateTokenRequest request;
        request.set_user(user);
        request.set_node(node);
        return ask(*identity, &v1::IdentityService::Stub::CreateToken, request);
    }
    Answer<v1::GrantRoleResponse> grant(const std::string& user, v1::Role role,
                                        const std::string& tenant) {
        v1::GrantRoleRequest request;
        request.mutable_grant()->set_user(user);
        request.mutable_grant()->set_role(role);
        request.mutable_grant()->set_tenant(tenant);
        return ask(*identity, &v1::IdentityService::Stub::GrantRole, request);
    }
    Answer<v1::CreateTenantResponse> create_tenant(const std::string& path) {
        v1::CreateTenantRequest request;
        request.mutable_tenant()->set_path(path);
        return ask(*tenants, &v1::TenantService::Stub::CreateTenant, request);
    }

    std::unique_ptr<v1::JobService::Stub> jobs;
    std::unique_ptr<v1::TenantService::Stub> tenants;
    std::unique_ptr<v1::NodeService::Stub> nodes;
    std::unique_ptr<v1::ReservationService::Stub> reservations;
    std::unique_ptr<v1::IdentityService::Stub> identity;
    std::unique_ptr<v1::StatusService::Stub> status;

private:
    std::shared_ptr<grpc::Channel> channel_;
};

inline v1::JobSpec simple_spec(const std::string& tenant, double gpus = 0) {
    v1::JobSpec spec;
    spec.set_tenant(tenant);
    spec.add_command("true");
    v1::TaskGroup& group = *spec.add_groups();
    group.set_tasks(1);
    group.mutable_resources()->set_gpus(gpus);
    return spec;
}

// With the tenants physics and biology, of which ada and bob are researchers.
class RpcPlatform {
public:
    RpcPlatform() {
        config_.set_listen("127.0.0.1:0");
        config_.mutable_http()->set_listen("127.0.0.1:0");
        config_.mutable_http()->set_insecure("loopback-only");
        config_.set_state_dir(folder_.path() / "state");
        config_.mutable_agent_lease()->set_seconds(60);
        config_.mutable_keep_ended_for()->set_seconds(3600);
        config_.set_keep_ended_jobs(2);
        config_.set_ready_file(folder_.path() / "ready.json");
        auto& accelerator = *config_.add_accelerators();
        accelerator.set_name("test-gpu");
        accelerator.set_vendor("test");
        accelerator.set_gpu_equivalents(1);
        start();
        credentials_ = *rpc::read_credentials(folder_.path() / "state/admin.credentials.yaml");
        Caller admin = this->admin();
        for (const auto& [tenant, user] : {std::pair("physics", "ada"), {"biology", "bob"}}) {
            EXPECT_TRUE(admin.create_tenant(tenant).ok());
            EXPECT_TRUE(admin.grant(user, v1::ROLE_RESEARCHER, tenant).ok());
        }
    }

    void start() {
        auto server = Server::start(config_);
        ASSERT_TRUE(server.ok()) << server.error().message;
        server_ = std::move(*server);
    }
    void restart() {
        server_.reset();
        start();
    }

    Server& server() { return *server_; }
    const config::v1::SchedulerConfig& config() const { return config_; }
    std::filesystem::path folder() const { return folder_.path(); }

    rpc::Endpoint endpoint() {
        rpc::Endpoint endpoint = rpc::to_endpoint(credentials_);
        endpoint.target = server_->grpc_address();
        endpoint.connection = ++connections_;
        return endpoint;
    }
    Caller with_token(const std::string& token) { return {endpoint(), token}; }
    Caller admin() { return with_token(credentials_.token()); }
    // A user with a token of its own.
    Caller as(const std::string& user) {
        const auto token = admin().create_token(user);
        EXPECT_TRUE(token.ok()) << token.why();
        return with_token(token->secret());
    }

private:
    ScratchFolder folder_;
    config::v1::SchedulerConfig config_;
    std::unique_ptr<Server> server_;
    config::v1::Credentials credentials_;
    int connections_ = 0;
};

}  // namespace gusu::service
