#include "tools/gusu/client.h"

#include <grpcpp/channel.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "gusu/v1/identity_service.grpc.pb.h"
#include "gusu/v1/job_service.grpc.pb.h"
#include "gusu/v1/node_service.grpc.pb.h"
#include "gusu/v1/reservation_service.grpc.pb.h"
#include "gusu/v1/status_service.grpc.pb.h"
#include "gusu/v1/tenant_service.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "tools/gusu/job_spec.h"

namespace gusu::cli {

struct Client::Scheduler {
    Scheduler(std::string at, std::shared_ptr<grpc::Channel> opened)
        : target(std::move(at)),
          channel(std::move(opened)),
          jobs(channel),
          nodes(channel),
          reservations(channel),
          tenants(channel),
          identity(channel),
          status(channel) {}

    std::string target;
    std::shared_ptr<grpc::Channel> channel;
    v1::JobService::Stub jobs;
    v1::NodeService::Stub nodes;
    v1::ReservationService::Stub reservations;
    v1::TenantService::Stub tenants;
    v1::IdentityService::Stub identity;
    v1::StatusService::Stub status;
};

// All schedulers we know of, and the one that is asked now.
struct Client::Connection {
    explicit Connection(ClientOptions given) : options(std::move(given)) {
        for (const std::string& target : split(options.target, ',')) {
            add(target);
        }
        if (schedulers.empty()) {
            add(options.target);  // gRPC tells what is wrong with it
        }
    }

    Scheduler& now() { return *schedulers[current]; }
    bool has_several() const { return schedulers.size() > 1; }

    // After a call that nobody took: to the scheduler that is said to lead, or to the next.
    void turn(const grpc::ClientContext& context) {
        const auto& trailers = context.GetServerTrailingMetadata();
        const auto leader = trailers.find(rpc::kLeaderTrailer);
        if (leader == trailers.end()) {
            current = (current + 1) % schedulers.size();
            return;
        }
        const std::string target(leader->second.data(), leader->second.size());
        const auto known =
            std::ranges::find(schedulers, target, [](const auto& each) { return each->target; });
        current = static_cast<std::size_t>(known - schedulers.begin());
        if (known == schedulers.end()) {
            add(target);
        }
    }

    ClientOptions options;
    std::vector<std::unique_ptr<Scheduler>> schedulers;
    std::size_t current = 0;

private:
    void add(const std::string& target) {
        schedulers.push_back(std::make_unique<Scheduler>(target, options.open(target)));
    }
};

namespace {

// What a broken connection or a scheduler that stops may look like from here.
bool is_lost(const grpc::Status& status) {
    return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
           status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
           status.error_code() == grpc::StatusCode::CANCELLED ||
           (status.error_code() == grpc::StatusCode::UNKNOWN &&
            status.error_message() == "Stream removed");
}

Error to_cli_error(const grpc::Status& status, const std::string& target) {
    if (!is_lost(status)) {
        return rpc::to_error(status);
    }
    return Error{ErrorCode::Unavailable,
                 "the scheduler at " + target + " does not answer (" + status.error_message() +
                     "); see that it runs and that the address is right (GUSU_SCHEDULER, or `gusu "
                     "login --scheduler HOST:PORT`)"};
}

// Gives a change its request id; says whether it is one.
template <typename Request>
bool make_repeatable(Request& request) {
    if constexpr (requires { request.request_id(); }) {
        if (request.request_id().empty()) {
            request.set_request_id(rpc::new_request_id());
        }
        return true;
    }
    return false;
}

std::chrono::system_clock::time_point wall_clock(Retry::Clock::time_point until) {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::microseconds>(until - Retry::Clock::now());
}

}  // namespace

Retry::Retry(const Patience& patience, Duration total)
    : end_(Clock::now() + total),
      pause_(patience.first_pause),
      longest_pause_(patience.longest_pause) {}

Duration Retry::left() const {
    return std::max(std::chrono::duration_cast<Duration>(end_ - Clock::now()), Duration::zero());
}

std::optional<Duration> Retry::next_pause() {
    const Duration rest = left();
    if (rest == Duration::zero()) {
        return std::nullopt;
    }
    const Duration pause = std::min(pause_, rest);
    pause_ = std::min(pause_ * 2, longest_pause_);
    return pause;
}

Client::Client(ClientOptions options)
    : connection_(std::make_unique<Connection>(std::move(options))) {}
Client::Client(Error error) : error_(std::move(error)) {}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

const Patience& Client::patience() const {
    static const Patience usual;
    return connection_ ? connection_->options.patience : usual;
}

void Client::set_outage(Duration outage) {
    if (connection_) {
        connection_->options.patience.outage = outage;
    }
}

void Client::note(std::string_view text) const {
    if (connection_) {
        connection_->options.note(text);
    }
}

bool Client::wait(Retry& retry) const {
    const std::optional<Duration> pause = retry.next_pause();
    if (!pause || !connection_) {
        return false;
    }
    grpc::Channel& channel = *connection_->now().channel;
    if (channel.GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY) {
        std::this_thread::sleep_for(*pause);
        return true;
    }
    // Without a call under way nobody but this wait moves the connection on: a mere sleep would
    // leave the handshake lying until it times out.
    grpc::experimental::ChannelResetConnectionBackoff(&channel);
    channel.WaitForConnected(std::chrono::system_clock::now() + *pause);
    return true;
}

template <typename Stub, typename Request, typename Response>
Result<Response> Client::unary(Stub Scheduler::* stub,
                               grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                            Response*),
                               Request request) {
    if (!connection_) {
        return error_;
    }
    const Patience& patience = connection_->options.patience;
    // Where one scheduler takes over from another, there is none for some seconds.
    const bool waits = make_repeatable(request) || connection_->has_several();
    Retry retry(patience, patience.change);
    bool noted = false;
    for (std::size_t asked = 1;; ++asked) {
        grpc::ClientContext context;
        context.set_deadline(std::chrono::system_clock::now() + patience.answer);
        Response response;
        Scheduler& scheduler = connection_->now();
        const grpc::Status status = (scheduler.*stub.*method)(&context, request, &response);
        if (status.ok()) {
            return response;
        }
        if (!is_lost(status)) {
            return rpc::to_error(status);
        }
        connection_->turn(context);
        if (asked < connection_->schedulers.size()) {
            continue;
        }
        if (waits && !std::exchange(noted, true)) {
            note("scheduler unreachable, retrying");
        }
        if (!waits || !wait(retry)) {
            return to_cli_error(status, scheduler.target);
        }
        asked = 0;
    }
}

Result<v1::SubmitJobResponse> Client::call(const v1::SubmitJobRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::SubmitJob, request);
}
Result<v1::GetJobResponse> Client::call(const v1::GetJobRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::GetJob, request);
}
Result<v1::ListJobsResponse> Client::call(const v1::ListJobsRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::ListJobs, request);
}
Result<v1::CancelJobsResponse> Client::call(const v1::CancelJobsRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::CancelJobs, request);
}
Result<v1::HoldJobsResponse> Client::call(const v1::HoldJobsRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::HoldJobs, request);
}
Result<v1::ReleaseJobsResponse> Client::call(const v1::ReleaseJobsRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::ReleaseJobs, request);
}
Result<v1::ExplainJobResponse> Client::call(const v1::ExplainJobRequest& request) {
    return unary(&Scheduler::jobs, &v1::JobService::Stub::ExplainJob, request);
}
Result<v1::ListNodesResponse> Client::call(const v1::ListNodesRequest& request) {
    return unary(&Scheduler::nodes, &v1::NodeService::Stub::ListNodes, request);
}
Result<v1::GetNodeResponse> Client::call(const v1::GetNodeRequest& request) {
    return unary(&Scheduler::nodes, &v1::NodeService::Stub::GetNode, request);
}
Result<v1::DrainNodeResponse> Client::call(const v1::DrainNodeRequest& request) {
    return unary(&Scheduler::nodes, &v1::NodeService::Stub::DrainNode, request);
}
Result<v1::ResumeNodeResponse> Client::call(const v1::ResumeNodeRequest& request) {
    return unary(&Scheduler::nodes, &v1::NodeService::Stub::ResumeNode, request);
}
Result<v1::CheckNodeResponse> Client::call(const v1::CheckNodeRequest& request) {
    return unary(&Scheduler::nodes, &v1::NodeService::Stub::CheckNode, request);
}

Result<v1::LabelNodeResponse> Client::call(const v1::LabelNodeRequest& request) {
    return unary(&Scheduler::nodes, &v1::NodeService::Stub::LabelNode, request);
}
Result<v1::CreateReservationResponse> Client::call(const v1::CreateReservationRequest& request) {
    return unary(&Scheduler::reservations, &v1::ReservationService::Stub::CreateReservation,
                 request);
}
Result<v1::ListReservationsResponse> Client::call(const v1::ListReservationsRequest& request) {
    return unary(&Scheduler::reservations, &v1::ReservationService::Stub::ListReservations,
                 request);
}
Result<v1::DeleteReservationResponse> Client::call(const v1::DeleteReservationRequest& request) {
    return unary(&Scheduler::reservations, &v1::ReservationService::Stub::DeleteReservation,
                 request);
}
Result<v1::CreateTenantResponse> Client::call(const v1::CreateTenantRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::CreateTenant, request);
}
Result<v1::UpdateTenantResponse> Client::call(const v1::UpdateTenantRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::UpdateTenant, request);
}
Result<v1::DeleteTenantResponse> Client::call(const v1::DeleteTenantRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::DeleteTenant, request);
}
Result<v1::GetTenantResponse> Client::call(const v1::GetTenantRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::GetTenant, request);
}
Result<v1::ListTenantsResponse> Client::call(const v1::ListTenantsRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::ListTenants, request);
}
Result<v1::SetQuotaResponse> Client::call(const v1::SetQuotaRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::SetQuota, request);
}
Result<v1::ListQuotasResponse> Client::call(const v1::ListQuotasRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::ListQuotas, request);
}
Result<v1::GetUsageResponse> Client::call(const v1::GetUsageRequest& request) {
    return unary(&Scheduler::tenants, &v1::TenantService::Stub::GetUsage, request);
}
Result<v1::WhoAmIResponse> Client::call(const v1::WhoAmIRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::WhoAmI, request);
}
Result<v1::CreateTokenResponse> Client::call(const v1::CreateTokenRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::CreateToken, request);
}
Result<v1::ListTokensResponse> Client::call(const v1::ListTokensRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::ListTokens, request);
}
Result<v1::RevokeTokenResponse> Client::call(const v1::RevokeTokenRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::RevokeToken, request);
}
Result<v1::GrantRoleResponse> Client::call(const v1::GrantRoleRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::GrantRole, request);
}
Result<v1::RevokeRoleResponse> Client::call(const v1::RevokeRoleRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::RevokeRole, request);
}
Result<v1::ListGrantsResponse> Client::call(const v1::ListGrantsRequest& request) {
    return unary(&Scheduler::identity, &v1::IdentityService::Stub::ListGrants, request);
}
Result<v1::GetStatusResponse> Client::call(const v1::GetStatusRequest& request) {
    return unary(&Scheduler::status, &v1::StatusService::Stub::GetStatus, request);
}

template <typename Response>
Client::StreamEnd Client::receive_all(grpc::ClientContext& context,
                                      grpc::ClientReader<Response>& reader,
                                      const std::function<Go(const Response&)>& receive) {
    Response response;
    while (reader.Read(&response)) {
        if (receive(response) == Go::Stop) {
            context.TryCancel();
            reader.Finish();
            return {Done{}};
        }
    }
    const grpc::Status status = reader.Finish();
    if (status.ok()) {
        return {Done{}};
    }
    const std::string target = connection_->now().target;
    if (is_lost(status)) {
        connection_->turn(context);
    }
    return {to_cli_error(status, target),
            status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED};
}

Client::StreamEnd Client::read_logs(const v1::ReadLogsRequest& request,
                                    const std::function<Go(const v1::ReadLogsResponse&)>& receive) {
    if (!connection_) {
        return {error_};
    }
    grpc::ClientContext context;
    const auto reader = connection_->now().jobs.ReadLogs(&context, request);
    return receive_all(context, *reader, receive);
}

Client::StreamEnd Client::watch(const v1::WatchJobsRequest& request,
                                std::optional<Retry::Clock::time_point> until,
                                const std::function<Go(const v1::WatchJobsResponse&)>& receive) {
    if (!connection_) {
        return {error_};
    }
    grpc::ClientContext context;
    if (until) {
        context.set_deadline(wall_clock(*until));
    }
    const auto reader = connection_->now().jobs.WatchJobs(&context, request);
    return receive_all(context, *reader, receive);
}

Client::StreamEnd Client::exec(const v1::ExecTaskStart& start, ExecConversation& conversation) {
    if (!connection_) {
        return {error_};
    }
    Retry retry(connection_->options.patience, connection_->options.patience.change);
    for (std::size_t asked = 1;; ++asked) {
        bool has_begun = false;
        const StreamEnd end = exec_once(start, conversation, has_begun);
        const bool is_lost_before =
            !end.status && end.status.error().code == ErrorCode::Unavailable && !has_begun;
        if (!is_lost_before || !connection_->has_several()) {
            return end;
        }
        if (asked % connection_->schedulers.size() == 0 && !wait(retry)) {
            return end;
        }
    }
}

Client::StreamEnd Client::exec_once(const v1::ExecTaskStart& start, ExecConversation& conversation,
                                    bool& has_begun) {
    grpc::ClientContext context;
    conversation.cancel_by([&context] { context.TryCancel(); });
    const auto stream = connection_->now().jobs.ExecTask(&context);
    v1::ExecTaskRequest first;
    *first.mutable_start() = start;
    stream->Write(first);
    const auto say = [&stream](v1::ExecInput input) {
        v1::ExecTaskRequest request;
        *request.mutable_input() = std::move(input);
        return stream->Write(request);
    };
    std::thread speaker;
    v1::ExecTaskResponse response;
    while (stream->Read(&response)) {
        if (!std::exchange(has_begun, true)) {
            speaker = std::thread([&conversation, &say] { conversation.speak(say); });
        }
        if (conversation.hear(response.output()) == Go::Stop) {
            context.TryCancel();
        }
    }
    if (speaker.joinable()) {
        conversation.hush();
        speaker.join();
    }
    const grpc::Status status = stream->Finish();
    conversation.cancel_by(nullptr);
    if (status.ok()) {
        return {Done{}};
    }
    const std::string target = connection_->now().target;
    if (is_lost(status)) {
        connection_->turn(context);
    }
    return {to_cli_error(status, target)};
}

}  // namespace gusu::cli
