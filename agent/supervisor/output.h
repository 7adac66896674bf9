// One stream of the task, from its pipe into the log and the user's copy.
//
// Reading never waits and never stops while the task writes, so a full disk or a full log holds up
// no task: what does not fit is dropped and counted in the file LOG.dropped.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu::agent {

class Log {
public:
    // Appends to `path`; what it holds already counts towards `limit` (bytes; 0: none).
    static Result<std::shared_ptr<Log>> open(const std::string& path, std::int64_t limit);

    void append(const char* bytes, std::size_t count);

    // Writes LOG.dropped if it changed since the last time.
    void note_dropped();
    bool has_unnoted() const { return dropped_ != noted_; }

private:
    Log(std::string path, Descriptor file, std::int64_t room);

    std::string path_;
    Descriptor file_;
    std::int64_t room_;  // bytes that still go in
    std::int64_t dropped_ = 0;
    std::int64_t noted_ = 0;
};

class Stream {
public:
    Stream(Descriptor pipe, std::shared_ptr<Log> log, Descriptor copy)
        : pipe_(std::move(pipe)), log_(std::move(log)), copy_(std::move(copy)) {}

    // What poll() waits for; -1 once the stream has ended.
    int pipe() const { return pipe_.get(); }

    // Takes what is there, at most a few buffers full, so that one stream starves nobody.
    // True if there may be more.
    bool take();

private:
    Descriptor pipe_;
    std::shared_ptr<Log> log_;
    Descriptor copy_;
};

}  // namespace gusu::agent
