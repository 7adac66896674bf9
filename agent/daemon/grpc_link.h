// The agent's streams over gRPC. Their own threads only pass messages in and out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/link.h"
#include "proto/rpc/channel.h"

namespace gusu::agent {

class GrpcLinkNetwork final : public LinkNetwork {
public:
    GrpcLinkNetwork(EventLoop& loop, const std::vector<rpc::Endpoint>& schedulers);
    std::shared_ptr<LinkStream> next_stream(Link& link) override;
    // To the scheduler of the newest stream.
    const std::shared_ptr<grpc::Channel>& channel() const { return channels_[current_]; }

private:
    class Stream;

    EventLoop& loop_;
    std::vector<std::shared_ptr<grpc::Channel>> channels_;
    std::vector<std::string> targets_;
    std::size_t next_ = 0;
    std::size_t current_ = 0;
};

}  // namespace gusu::agent
