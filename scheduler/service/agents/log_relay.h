// Reads logs over the streams of the agents.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/service/agents/log_source.h"

namespace gusu::service {

class AgentStream;

class LogRelay final : public LogSource {
public:
    // nullptr for a node that is out of touch.
    using StreamOf = std::function<std::shared_ptr<AgentStream>(const std::string& node)>;

    explicit LogRelay(StreamOf stream_of);
    ~LogRelay() override;

    Handle read(const std::string& node, const LogRequest& request,
                std::shared_ptr<LogSink> sink) override;

    void chunk(const std::shared_ptr<AgentStream>& stream, const v1::LogChunk& chunk);
    void stream_ended(const std::shared_ptr<AgentStream>& stream);

private:
    class Read;
    class Held;
    struct Reads;

    StreamOf stream_of_;
    std::shared_ptr<Reads> reads_;
};

}  // namespace gusu::service
