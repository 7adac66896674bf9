#include "scheduler/service/agents/agent_stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/service/agents/agent_links.h"

namespace gusu::service {
namespace {

constexpr int kMostObservationsPosted = 64;
// Orders that wait for the stream are sent as one message up to this size.
constexpr std::size_t kMergedBytes = std::size_t{256} << 10;

void merge(Order next, Order& into) {
    into.bytes += next.bytes;
    for (v1::DesiredTask& task : *next.desired.mutable_tasks()) {
        *into.desired.add_tasks() = std::move(task);
    }
    into.desired.mutable_removed()->MergeFrom(next.desired.removed());
}

}  // namespace

bool AgentStream::joining() {
    const std::lock_guard lock(mutex_);
    joining_ = true;
    return !end_;
}

void AgentStream::welcome(v1::Welcome welcome) {
    {
        const std::lock_guard lock(mutex_);
        if (end_) {
            return;
        }
        heard_ = now();
        welcomed_ = true;
        epoch_ = welcome.epoch();
        v1::ConnectResponse response;
        *response.mutable_welcome() = std::move(welcome);
        notes_.push_back(std::move(response));
    }
    write_next();
}

void AgentStream::send(v1::ConnectResponse response) {
    {
        const std::lock_guard lock(mutex_);
        if (end_) {
            return;
        }
        notes_.push_back(std::move(response));
    }
    write_next();
}

void AgentStream::deliver(std::uint64_t ticket, Orders orders) {
    {
        const std::lock_guard lock(mutex_);
        if (end_) {
            return;
        }
        early_.emplace(ticket, std::move(orders));
        for (auto due = early_.find(tickets_due_); due != early_.end();
             due = early_.find(tickets_due_)) {
            std::ranges::move(due->second, std::back_inserter(orders_));
            early_.erase(due);
            ++tickets_due_;
        }
    }
    write_next();
}

// Chooses the next message; under the lock. False if there is none.
bool AgentStream::compose() {
    if (!notes_.empty()) {
        response_ = std::move(notes_.front());
        notes_.pop_front();
        return true;
    }
    const bool only_answer = heartbeat_unanswered_ && orders_.empty() && sequence_ > 0;
    if (only_answer) {
        orders_.emplace_back();
    }
    if (orders_.empty()) {
        return false;
    }
    heartbeat_unanswered_ = false;
    Order order = std::move(orders_.front());
    orders_.pop_front();
    while (!orders_.empty() && order.bytes + orders_.front().bytes <= kMergedBytes) {
        merge(std::move(orders_.front()), order);
        orders_.pop_front();
    }
    order.desired.set_epoch(epoch_);
    order.desired.set_sequence(++sequence_);
    order.desired.set_heard_ms(heartbeat_sent_ms_);
    *response_.mutable_desired() = std::move(order.desired);
    return true;
}

void AgentStream::write_next() {
    {
        const std::lock_guard lock(mutex_);
        if (writing_ || end_ || !compose()) {
            return;
        }
        writing_ = true;
        ++operations_;
    }
    start_write(response_);
}

void AgentStream::write_done(bool ok) {
    {
        const std::lock_guard lock(mutex_);
        writing_ = false;
        response_ = {};
    }
    if (!ok) {
        finish({grpc::StatusCode::UNAVAILABLE, "the stream is broken"});
    }
    write_next();
    operation_over();
}

// The end comes after all operations: once it is there the network's part of the stream is gone.
void AgentStream::operation_over() {
    std::optional<grpc::Status> end;
    {
        const std::lock_guard lock(mutex_);
        --operations_;
        if (operations_ == 0) {
            end = end_;
        }
    }
    if (end) {
        end_stream(*end);
    }
}

void AgentStream::finish(const grpc::Status& status) {
    const auto self = shared_from_this();
    bool was_joining = false;
    bool is_busy = false;
    {
        const std::lock_guard lock(mutex_);
        if (end_) {
            return;
        }
        end_ = status;
        notes_.clear();
        orders_.clear();
        early_.clear();
        was_joining = joining_;
        is_busy = operations_ > 0;
    }
    if (!is_busy) {
        end_stream(status);
    }
    links_.ended(self, was_joining);
}

bool AgentStream::over() const {
    const std::lock_guard lock(mutex_);
    return end_.has_value();
}

void AgentStream::read_done(bool ok) {
    if (!ok) {
        finish(grpc::Status::OK);
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        heard_ = now();
        if (end_) {
            return;
        }
        if (request_.has_heartbeat()) {
            heartbeat_unanswered_ = true;
            heartbeat_sent_ms_ = request_.heartbeat().sent_ms();
        }
    }
    if (request_.has_heartbeat()) {
        write_next();
    } else {
        links_.said(shared_from_this(), request_);
    }
    read_next();
}

void AgentStream::read_next() {
    {
        const std::lock_guard lock(mutex_);
        if (end_) {
            return;
        }
        read_paused_ = observations_posted_ >= kMostObservationsPosted;
        if (read_paused_) {
            return;
        }
    }
    request_.Clear();
    start_read(request_);
}

void AgentStream::observation_posted() {
    const std::lock_guard lock(mutex_);
    ++observations_posted_;
}

void AgentStream::observation_durable() {
    {
        const std::lock_guard lock(mutex_);
        --observations_posted_;
        if (end_ || !std::exchange(read_paused_, false)) {
            return;
        }
        ++operations_;
    }
    read_next();
    operation_over();
}

void AgentStream::check_silence(Steady::time_point now, const Patience& patience) {
    const char* missing = nullptr;
    {
        const std::lock_guard lock(mutex_);
        const auto silent = now - heard_;
        if (!joining_ && silent > patience.for_hello) {
            missing = "no Hello came in time";
        } else if (welcomed_ && !read_paused_ && silent > patience.for_heartbeat) {
            missing = "three heartbeats are missing";
        }
    }
    if (missing != nullptr) {
        finish({grpc::StatusCode::DEADLINE_EXCEEDED, missing});
    }
}

AgentStream::Steady::time_point AgentStream::last_heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
}

void AgentStream::done() { links_.done(*this); }

}  // namespace gusu::service
