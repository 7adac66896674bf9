// A JobService that does what a test tells it, behind real gRPC on a port of its own.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gusu/v1/job_service.grpc.pb.h"
#include "proto/rpc/channel.h"
#include "tools/gusu/client.h"

namespace gusu::cli {

class FakeScheduler final : public v1::JobService::Service {
public:
    FakeScheduler() { start(0); }
    ~FakeScheduler() override { stop(); }

    // Ends every connection, and listens on the same port again.
    void restart() {
        stop();
        start_again();
    }
    void start_again() { start(port_); }
    void stop() {
        server_->Shutdown(std::chrono::system_clock::now());
        server_->Wait();
    }

    Client client(Duration outage = std::chrono::seconds(20)) {
        return client_of(target(), outage);
    }
    // Of this one's notes.
    Client client_of(const std::string& targets, Duration outage = std::chrono::seconds(20)) {
        return Client(ClientOptions{.target = targets,
                                    .open =
                                        [](const std::string& at) {
                                            return grpc::CreateChannel(
                                                at, grpc::InsecureChannelCredentials());
                                        },
                                    .patience = {.answer = std::chrono::seconds(20),
                                                 .change = outage,
                                                 .outage = outage,
                                                 .first_pause = Duration(1),
                                                 .longest_pause = Duration(20)},
                                    .note =
                                        [this](std::string_view text) {
                                            notes.emplace_back(text);
                                            on_note();
                                        }});
    }
    std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

    using LogWriter = grpc::ServerWriter<v1::ReadLogsResponse>;
    using WatchWriter = grpc::ServerWriter<v1::WatchJobsResponse>;

    std::function<grpc::Status(const v1::SubmitJobRequest&, v1::SubmitJobResponse&)> on_submit;
    std::function<grpc::Status(const v1::GetJobRequest&, v1::GetJobResponse&)> on_get;
    std::function<grpc::Status(const v1::ListJobsRequest&, v1::ListJobsResponse&)> on_list;
    std::function<grpc::Status(const v1::CancelJobsRequest&, v1::CancelJobsResponse&)> on_cancel;
    std::function<grpc::Status(const v1::ReadLogsRequest&, LogWriter&)> on_logs;
    std::function<grpc::Status(const v1::WatchJobsRequest&, WatchWriter&)> on_watch;
    using ExecStream = grpc::ServerReaderWriter<v1::ExecTaskResponse, v1::ExecTaskRequest>;
    std::function<grpc::Status(ExecStream&)> on_exec;
    // Not empty: this one stands by, and names it.
    std::string leader;
    std::vector<std::string> notes;
    std::function<void()> on_note = [] {};

private:
    void start(int port) {
        grpc::ServerBuilder builder;
        builder.AddListeningPort("127.0.0.1:" + std::to_string(port),
                                 grpc::InsecureServerCredentials(), &port_);
        builder.RegisterService(this);
        server_ = builder.BuildAndStart();
    }

    grpc::Status SubmitJob(grpc::ServerContext* context, const v1::SubmitJobRequest* request,
                           v1::SubmitJobResponse* response) override {
        if (!leader.empty()) {
            context->AddTrailingMetadata(rpc::kLeaderTrailer, leader);
            return {grpc::StatusCode::UNAVAILABLE, "this scheduler stands by"};
        }
        return on_submit(*request, *response);
    }
    grpc::Status GetJob(grpc::ServerContext*, const v1::GetJobRequest* request,
                        v1::GetJobResponse* response) override {
        return on_get(*request, *response);
    }
    grpc::Status ListJobs(grpc::ServerContext*, const v1::ListJobsRequest* request,
                          v1::ListJobsResponse* response) override {
        return on_list(*request, *response);
    }
    grpc::Status CancelJobs(grpc::ServerContext*, const v1::CancelJobsRequest* request,
                            v1::CancelJobsResponse* response) override {
        return on_cancel(*request, *response);
    }
    grpc::Status ReadLogs(grpc::ServerContext*, const v1::ReadLogsRequest* request,
                          LogWriter* writer) override {
        return on_logs(*request, *writer);
    }
    grpc::Status WatchJobs(grpc::ServerContext*, const v1::WatchJobsRequest* request,
                           WatchWriter* writer) override {
        return on_watch(*request, *writer);
    }

    grpc::Status ExecTask(grpc::ServerContext* context, ExecStream* stream) override {
        if (!leader.empty()) {
            context->AddTrailingMetadata(rpc::kLeaderTrailer, leader);
            return {grpc::StatusCode::UNAVAILABLE, "this scheduler stands by"};
        }
        return on_exec(*stream);
    }

    int port_ = 0;
    std::unique_ptr<grpc::Server> server_;
};

inline const grpc::Status kAway(grpc::StatusCode::UNAVAILABLE, "starting");

}  // namespace gusu::cli
