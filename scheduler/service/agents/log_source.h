// Where the logs of tasks are read: on the nodes they ran on.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gusu/v1/job_service.pb.h"
#include "scheduler/base/ids.h"
#include "scheduler/base/result.h"

namespace gusu::service {

struct LogRequest {
    JobId job;
    int attempt = 1;
    int task = 0;
    v1::LogStream stream = v1::LOG_STREAM_OUTPUT;
    std::int64_t offset = 0;  // first byte wanted
    int tail_lines = 0;       // if above 0: begin so many lines before the end instead
    bool follow = false;      // wait for more until the task has ended
};

// Takes what is read, in the order of the bytes. Must not block; may drop its handle inside a call.
class LogSink {
public:
    virtual ~LogSink() = default;
    // `offset` is that of the first byte of `data`; `dropped` counts the bytes that the size limit
    // of the log has dropped so far.
    virtual void chunk(std::int64_t offset, std::string data, std::int64_t dropped) = 0;
    // The last call: Done, or why no more can be read.
    virtual void end(const Status& status) = 0;
};

// A read under way. Its destruction cancels it: a call of the sink may be going on at that moment,
// and none follows.
class LogRead {
public:
    virtual ~LogRead() = default;
    // The consumer has taken so many bytes of the chunks. A read pauses when kLogWindow bytes are
    // outstanding, and goes on when half of them are taken.
    virtual void consumed(std::int64_t bytes) = 0;
};

inline constexpr std::int64_t kLogWindow = std::int64_t{1} << 20;

class LogSource {
public:
    using Handle = std::shared_ptr<LogRead>;
    virtual ~LogSource() = default;
    // `node` by name. If it is out of touch the read ends with Unavailable. Calls of the sink may
    // begin before this returns.
    virtual Handle read(const std::string& node, const LogRequest& request,
                        std::shared_ptr<LogSink> sink) = 0;
};

}  // namespace gusu::service
