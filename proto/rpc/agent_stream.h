// An agent's end of its stream to a scheduler: one read and one write at a time, messages in order.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "gusu/v1/agent_service.grpc.pb.h"

namespace gusu::rpc {

// Must live until ended(), which gRPC calls last.
class AgentStream : public grpc::ClientBidiReactor<v1::ConnectRequest, v1::ConnectResponse> {
public:
    using Sent = std::function<void()>;

    explicit AgentStream(const std::shared_ptr<grpc::Channel>& channel)
        : stub_(v1::AgentService::NewStub(channel)) {}
    AgentStream(const AgentStream&) = delete;
    AgentStream& operator=(const AgentStream&) = delete;
    ~AgentStream() override = default;

    // Once, before all else.
    void start(v1::Hello hello);
    // ended() follows.
    void stop() { context_.TryCancel(); }
    // Any thread. `sent` is called when the message has left, unless the stream ends; it must not
    // call this stream.
    void post(v1::ConnectRequest request, Sent sent = nullptr);

private:
    // On threads of gRPC's, one after the other.
    virtual void came(v1::ConnectResponse response) = 0;
    virtual void ended(const grpc::Status& status) = 0;

    void write_next();
    void OnReadDone(bool ok) final;
    void OnWriteDone(bool ok) final;
    void OnDone(const grpc::Status& status) final { ended(status); }

    std::unique_ptr<v1::AgentService::Stub> stub_;
    grpc::ClientContext context_;
    v1::ConnectRequest request_;
    v1::ConnectResponse response_;

    std::mutex mutex_;
    std::deque<std::pair<v1::ConnectRequest, Sent>> queue_;
    Sent sent_;
    bool is_writing_ = false;
    bool is_closed_ = false;
};

}  // namespace gusu::rpc
