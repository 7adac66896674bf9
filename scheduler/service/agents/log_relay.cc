#include "scheduler/service/agents/log_relay.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "scheduler/base/text.h"
#include "scheduler/service/agents/agent_stream.h"

namespace gusu::service {

// The reads under way, by the id under which the agent knows them. Handles share it, so that one
// may outlive the relay.
struct LogRelay::Reads {
    std::mutex mutex;
    std::uint64_t last_id = 0;
    std::map<std::uint64_t, std::weak_ptr<Read>> by_id;

    std::uint64_t add(const std::shared_ptr<Read>& read) {
        const std::lock_guard lock(mutex);
        by_id[++last_id] = read;
        return last_id;
    }
    void remove(std::uint64_t id) {
        const std::lock_guard lock(mutex);
        by_id.erase(id);
    }
    std::shared_ptr<Read> find(std::uint64_t id) {
        const std::lock_guard lock(mutex);
        const auto found = by_id.find(id);
        return found == by_id.end() ? nullptr : found->second.lock();
    }
    std::vector<std::shared_ptr<Read>> all() {
        const std::lock_guard lock(mutex);
        std::vector<std::shared_ptr<Read>> all;
        for (const auto& [id, read] : by_id) {
            if (auto held = read.lock()) {
                all.push_back(std::move(held));
            }
        }
        return all;
    }
};

// One read. It asks the agent under an id, and when the consumer is slow it cancels and later asks
// again, under a new id, from where it was: chunks of an old id are dropped. So an agent needs to
// know nothing of slow consumers, and no more than the window is ever kept for one.
class LogRelay::Read final : public std::enable_shared_from_this<Read> {
public:
    Read(std::shared_ptr<Reads> reads, std::shared_ptr<AgentStream> stream,
         std::shared_ptr<LogSink> sink)
        : reads_(std::move(reads)), stream_(std::move(stream)), sink_(std::move(sink)) {}

    const std::shared_ptr<AgentStream>& stream() const { return stream_; }

    // Ends the read if the stream does so before it is known as one of its reads.
    void ask(const LogRequest& request) {
        v1::ConnectResponse message;
        {
            const std::lock_guard lock(mutex_);
            if (is_over_) {
                return;
            }
            request_ = request;
            id_ = reads_->add(shared_from_this());
            write(request, *message.mutable_log_read());
        }
        stream_->send(std::move(message));
        end_if_stream_is_over();
    }

    void take(const v1::LogChunk& chunk) {
        if (!note(chunk)) {
            return;
        }
        if (!chunk.data().empty()) {
            sink_->chunk(chunk.offset(), chunk.data(), chunk.dropped());
        }
        if (!chunk.error().empty()) {
            end(Error{ErrorCode::NotFound, chunk.error()});
        } else if (chunk.end()) {
            end(Done{});
        }
        call_over();
    }

    void consumed(std::int64_t bytes) {
        LogRequest rest;
        {
            const std::lock_guard lock(mutex_);
            outstanding_ = std::max<std::int64_t>(0, outstanding_ - bytes);
            if (!is_paused_ || outstanding_ > kLogWindow / 2) {
                return;
            }
            is_paused_ = false;
            rest = request_;
        }
        ask(rest);
    }

    void end_if_stream_is_over() {
        if (stream_->over()) {
            end(Error{ErrorCode::Unavailable,
                      "node " + stream_->peer() +
                          " went out of touch; its log can be read on when it is back"});
        }
    }

    void cancel() {
        {
            const std::lock_guard lock(mutex_);
            is_over_ = true;
            end_.reset();
        }
        stop_asking();
    }

private:
    void write(const LogRequest& request, v1::LogRead& read) const {
        read.set_read_id(id_);
        read.set_job_id(request.job.value);
        read.set_attempt(request.attempt);
        read.set_task(request.task);
        read.set_stream(request.stream);
        read.set_offset(request.offset);
        read.set_tail_lines(request.tail_lines);
        read.set_follow(request.follow);
    }

    // False if nobody waits for it. Otherwise a call of the sink begins.
    bool note(const v1::LogChunk& chunk) {
        const auto bytes = static_cast<std::int64_t>(chunk.data().size());
        {
            const std::lock_guard lock(mutex_);
            if (chunk.read_id() != id_ || is_over_) {
                return false;
            }
            request_.offset = chunk.offset() + bytes;
            request_.tail_lines = 0;
            outstanding_ += bytes;
            is_paused_ = outstanding_ >= kLogWindow && !chunk.end();
            is_calling_ = true;
            if (!is_paused_) {
                return true;
            }
        }
        stop_asking();
        return true;
    }

    // The end waits for a call of the sink that is going on.
    void end(const Status& status) {
        bool is_deferred = false;
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(is_over_, true)) {
                return;
            }
            is_deferred = is_calling_;
            if (is_deferred) {
                end_ = status;
            }
        }
        stop_asking();
        if (!is_deferred) {
            sink_->end(status);
        }
    }

    void call_over() {
        std::optional<Status> end;
        {
            const std::lock_guard lock(mutex_);
            is_calling_ = false;
            end = std::exchange(end_, std::nullopt);
        }
        if (end) {
            sink_->end(*end);
        }
    }

    void stop_asking() {
        const std::uint64_t id = [this] {
            const std::lock_guard lock(mutex_);
            return std::exchange(id_, 0);
        }();
        if (id == 0) {
            return;
        }
        reads_->remove(id);
        v1::ConnectResponse message;
        message.mutable_log_read_cancel()->set_read_id(id);
        stream_->send(std::move(message));
    }

    const std::shared_ptr<Reads> reads_;
    const std::shared_ptr<AgentStream> stream_;
    const std::shared_ptr<LogSink> sink_;

    std::mutex mutex_;
    LogRequest request_;    // for the rest
    std::uint64_t id_ = 0;  // none while paused
    std::int64_t outstanding_ = 0;
    bool is_paused_ = false;
    bool is_over_ = false;
    bool is_calling_ = false;
    std::optional<Status> end_;  // to be told when the call is over
};

// What the reader holds.
class LogRelay::Held final : public LogRead {
public:
    explicit Held(std::shared_ptr<Read> read) : read_(std::move(read)) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() override { read_->cancel(); }
    void consumed(std::int64_t bytes) override { read_->consumed(bytes); }

private:
    const std::shared_ptr<Read> read_;
};

LogRelay::LogRelay(StreamOf stream_of)
    : stream_of_(std::move(stream_of)), reads_(std::make_shared<Reads>()) {}

LogRelay::~LogRelay() = default;

LogSource::Handle LogRelay::read(const std::string& node, const LogRequest& request,
                                 std::shared_ptr<LogSink> sink) {
    auto stream = stream_of_(node);
    if (stream == nullptr) {
        sink->end(Error{ErrorCode::Unavailable, "node " + quote(node) +
                                                    " is out of touch; its log can be read when "
                                                    "it is back"});
        return nullptr;
    }
    auto read = std::make_shared<Read>(reads_, std::move(stream), std::move(sink));
    auto held = std::make_shared<Held>(read);
    read->ask(request);
    return held;
}

void LogRelay::chunk(const std::shared_ptr<AgentStream>& stream, const v1::LogChunk& chunk) {
    const auto read = reads_->find(chunk.read_id());
    // An agent answers what it was asked itself, and nothing else.
    if (read != nullptr && read->stream() == stream) {
        read->take(chunk);
    }
}

void LogRelay::stream_ended(const std::shared_ptr<AgentStream>& stream) {
    for (const auto& read : reads_->all()) {
        if (read->stream() == stream) {
            read->end_if_stream_is_over();
        }
    }
}

}  // namespace gusu::service
