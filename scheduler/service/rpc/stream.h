// A server's stream of messages: one write in flight, finished exactly once (two writes at once
// abort the process; a stream never finished keeps the server from stopping).
//
// It lives until gRPC is done with it and nobody else holds it.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "proto/rpc/channel.h"
#include "scheduler/base/result.h"

namespace gusu::service {

template <typename Response>
class Stream : public grpc::ServerWriteReactor<Response>,
               public std::enable_shared_from_this<Stream<Response>> {
public:
    // Before it is handed to gRPC.
    void open() { self_ = this->shared_from_this(); }

    // Finishes with this once everything before it is sent. The first end counts.
    void end(const Status& status) {
        finish_with(status ? grpc::Status::OK : rpc::to_status(status.error()));
    }
    void end_well() { finish_with(grpc::Status::OK); }

    void OnWriteDone(bool ok) override {
        {
            const std::lock_guard lock(mutex_);
            writing_ = false;
        }
        written();
        if (ok) {
            send();
        } else {
            abandon();
        }
    }
    void OnCancel() override { abandon(); }
    void OnDone() override {
        done();
        self_.reset();
    }

protected:
    // The next message, if there is one. Called under the lock, by one thread at a time.
    virtual bool next(Response& response) = 0;
    // The last message has gone out, so there is room for more.
    virtual void written() {}
    // gRPC is done with the stream.
    virtual void done() {}

    // Sends what there is to send. Not under the lock.
    void send() {
        enum class Step { None, Write, Finish };
        const Step step = [this] {
            const std::lock_guard lock(mutex_);
            if (writing_ || finished_) {
                return Step::None;
            }
            current_.Clear();
            if (!abandoned_ && next(current_)) {
                writing_ = true;
                return Step::Write;
            }
            finished_ = ending_.has_value();
            return finished_ ? Step::Finish : Step::None;
        }();
        if (step == Step::Write) {
            this->StartWrite(&current_);
        } else if (step == Step::Finish) {
            this->Finish(*ending_);
        }
    }

    std::mutex& mutex() { return mutex_; }
    // Under the lock.
    bool is_ending() const { return ending_.has_value(); }

private:
    // Nobody listens any more.
    void abandon() {
        {
            const std::lock_guard lock(mutex_);
            abandoned_ = true;
        }
        finish_with({grpc::StatusCode::CANCELLED, "the caller has gone"});
    }

    void finish_with(grpc::Status status) {
        {
            const std::lock_guard lock(mutex_);
            if (!ending_) {
                ending_ = std::move(status);
            }
        }
        send();
    }

    std::mutex mutex_;
    Response current_;
    bool writing_ = false;
    bool abandoned_ = false;
    bool finished_ = false;
    std::optional<grpc::Status> ending_;
    std::shared_ptr<Stream> self_;
};

}  // namespace gusu::service
