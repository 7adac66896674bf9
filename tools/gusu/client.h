// The scheduler, as the verbs see it: a request in, its response or an Error out.
//
// It may be at one of several addresses, of which one leads: who does not answer, or says that
// another leads, is left for the next, or for that one.
//
// Reads fail at once when the scheduler does not answer. Changes carry a request id and are said
// again with the same one until `Patience` ends, so that a scheduler that restarts just now costs a
// pause and never a second job.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gusu/v1/identity_service.pb.h"
#include "gusu/v1/job_service.pb.h"
#include "gusu/v1/node_service.pb.h"
#include "gusu/v1/reservation_service.pb.h"
#include "gusu/v1/status_service.pb.h"
#include "gusu/v1/tenant_service.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace grpc {
class Channel;
class ClientContext;
class Status;
template <typename Response>
class ClientReader;
}  // namespace grpc

namespace gusu::cli {

struct Patience {
    // For the answer to one call.
    Duration answer = std::chrono::seconds(30);
    // How long a change is said again while the scheduler is away.
    Duration change = std::chrono::seconds(10);
    // How long a stream waits for the scheduler to come back.
    Duration outage = std::chrono::seconds(60);
    // Before the first try again; doubles up to `longest_pause`.
    Duration first_pause = std::chrono::milliseconds(100);
    Duration longest_pause = std::chrono::milliseconds(250);
};

// Waits between tries, each twice as long, for as long as patience lasts.
class Retry {
public:
    using Clock = std::chrono::steady_clock;

    Retry(const Patience& patience, Duration total);

    // How long to wait before the next try; nothing when the time is over.
    std::optional<Duration> next_pause();
    Duration left() const;

private:
    Clock::time_point end_;
    Duration pause_;
    Duration longest_pause_;
};

struct ClientOptions {
    // "host:port", or several with commas between.
    std::string target;
    std::function<std::shared_ptr<grpc::Channel>(const std::string& target)> open;
    Patience patience;
    // Told when a try fails and another follows.
    std::function<void(std::string_view)> note = [](std::string_view) {};
};

class ExecConversation;

class Client {
public:
    explicit Client(ClientOptions options);
    // Answers every call with this error: there are no credentials.
    explicit Client(Error error);
    ~Client();
    Client(Client&&) noexcept;
    Client& operator=(Client&&) noexcept;

    Result<v1::SubmitJobResponse> call(const v1::SubmitJobRequest& request);
    Result<v1::GetJobResponse> call(const v1::GetJobRequest& request);
    Result<v1::ListJobsResponse> call(const v1::ListJobsRequest& request);
    Result<v1::CancelJobsResponse> call(const v1::CancelJobsRequest& request);
    Result<v1::HoldJobsResponse> call(const v1::HoldJobsRequest& request);
    Result<v1::ReleaseJobsResponse> call(const v1::ReleaseJobsRequest& request);
    Result<v1::ExplainJobResponse> call(const v1::ExplainJobRequest& request);
    Result<v1::ListNodesResponse> call(const v1::ListNodesRequest& request);
    Result<v1::GetNodeResponse> call(const v1::GetNodeRequest& request);
    Result<v1::DrainNodeResponse> call(const v1::DrainNodeRequest& request);
    Result<v1::ResumeNodeResponse> call(const v1::ResumeNodeRequest& request);
    Result<v1::LabelNodeResponse> call(const v1::LabelNodeRequest& request);
    Result<v1::CheckNodeResponse> call(const v1::CheckNodeRequest& request);
    Result<v1::CreateReservationResponse> call(const v1::CreateReservationRequest& request);
    Result<v1::ListReservationsResponse> call(const v1::ListReservationsRequest& request);
    Result<v1::DeleteReservationResponse> call(const v1::DeleteReservationRequest& request);
    Result<v1::CreateTenantResponse> call(const v1::CreateTenantRequest& request);
    Result<v1::UpdateTenantResponse> call(const v1::UpdateTenantRequest& request);
    Result<v1::DeleteTenantResponse> call(const v1::DeleteTenantRequest& request);
    Result<v1::GetTenantResponse> call(const v1::GetTenantRequest& request);
    Result<v1::ListTenantsResponse> call(const v1::ListTenantsRequest& request);
    Result<v1::SetQuotaResponse> call(const v1::SetQuotaRequest& request);
    Result<v1::ListQuotasResponse> call(const v1::ListQuotasRequest& request);
    Result<v1::GetUsageResponse> call(const v1::GetUsageRequest& request);
    Result<v1::WhoAmIResponse> call(const v1::WhoAmIRequest& request);
    Result<v1::CreateTokenResponse> call(const v1::CreateTokenRequest& request);
    Result<v1::ListTokensResponse> call(const v1::ListTokensRequest& request);
    Result<v1::RevokeTokenResponse> call(const v1::RevokeTokenRequest& request);
    Result<v1::GrantRoleResponse> call(const v1::GrantRoleRequest& request);
    Result<v1::RevokeRoleResponse> call(const v1::RevokeRoleRequest& request);
    Result<v1::ListGrantsResponse> call(const v1::ListGrantsRequest& request);
    Result<v1::GetStatusResponse> call(const v1::GetStatusRequest& request);

    // What a stream's receiver thinks of going on.
    enum class Go { On, Stop };

    struct StreamEnd {
        Status status;
        // The time given ran out, not the scheduler.
        bool out_of_time = false;
    };

    // One stream, until it ends, is stopped, or `until` comes. A lost connection is Unavailable;
    // going on from there is the caller's business (follow.h).
    StreamEnd read_logs(const v1::ReadLogsRequest& request,
                        const std::function<Go(const v1::ReadLogsResponse&)>& receive);
    StreamEnd watch(const v1::WatchJobsRequest& request,
                    std::optional<Retry::Clock::time_point> until,
                    const std::function<Go(const v1::WatchJobsResponse&)>& receive);

    // A program in a task, until it has ended. It is asked for again only of another scheduler, and
    // only as long as it has not begun.
    StreamEnd exec(const v1::ExecTaskStart& start, ExecConversation& conversation);

    const Patience& patience() const;
    void set_outage(Duration outage);
    void note(std::string_view text) const;
    // Waits for the next try, or less when the scheduler is there again before; false when the time
    // is over.
    bool wait(Retry& retry) const;

private:
    struct Connection;

    struct Scheduler;

    template <typename Stub, typename Request, typename Response>
    Result<Response> unary(Stub Scheduler::* stub,
                           grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                        Response*),
                           Request request);
    template <typename Response>
    StreamEnd receive_all(grpc::ClientContext& context, grpc::ClientReader<Response>& reader,
                          const std::function<Go(const Response&)>& receive);

    StreamEnd exec_once(const v1::ExecTaskStart& start, ExecConversation& conversation,
                        bool& has_begun);

    std::unique_ptr<Connection> connection_;
    Error error_;
};

// With a program in a task.
class ExecConversation {
public:
    virtual ~ExecConversation() = default;
    // Waits while the program takes nothing. False when nobody hears it any more.
    using Say = std::function<bool(v1::ExecInput)>;
    // On a thread of its own, from the program's start until hush().
    virtual void speak(const Say& say) = 0;
    virtual void hush() = 0;
    virtual Client::Go hear(const v1::ExecOutput& output) = 0;
    // What ends it at once, from any thread; nothing once it is over.
    virtual void cancel_by(std::function<void()> cancel) = 0;
};

}  // namespace gusu::cli
