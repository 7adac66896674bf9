// Reads of the logs of tasks, sent in chunks as fast as the stream takes them. On the loop's
// thread.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "agent/daemon/event_loop.h"
#include "agent/daemon/tasks.h"

namespace gusu::agent {

class LogReader {
public:
    // Sends a chunk, and calls the second when it has left.
    using Send = std::function<void(v1::LogChunk, EventLoop::Callback)>;
    using StateOf = std::function<Tasks::LogState(const LogName&)>;

    LogReader(EventLoop& loop, std::filesystem::path logs, StateOf state_of, Send send);
    ~LogReader();

    void read(const v1::LogRead& request);
    void cancel(std::uint64_t read_id) { reads_.erase(read_id); }
    // The stream is over, and every read with it.
    void cancel_all() { reads_.clear(); }

private:
    struct Read;

    void go_on(Read& read);
    bool open(Read& read);
    bool send_chunk(Read& read);
    void end(const Read& read, const std::string& error);
    void look_again();
    void left(std::uint64_t read_id, std::weak_ptr<Read> read);

    EventLoop& loop_;
    const std::filesystem::path logs_;
    const StateOf state_of_;
    const Send send_;
    std::map<std::uint64_t, std::shared_ptr<Read>> reads_;
    bool will_look_ = false;
};

}  // namespace gusu::agent
