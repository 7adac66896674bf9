// A server's stream both ways, a message at a time: each read and each write is asked for, and the
// stream is finished exactly once, when nothing is being written.
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

template <typename Request, typename Response>
class BidiStream : public grpc::ServerBidiReactor<Request, Response>,
                   public std::enable_shared_from_this<BidiStream<Request, Response>> {
public:
    // Before it is handed to gRPC. Reads the first message.
    void open() {
        self_ = this->shared_from_this();
        read_one();
    }

protected:
    // heard() follows, or silent(), or gone(). One at a time.
    void read_one() {
        if (begin_operation()) {
            request_.Clear();
            this->StartRead(&request_);
            end_operation();
        }
    }
    // written() follows, or gone(). One at a time.
    void write_one(Response response) {
        if (begin_operation()) {
            response_ = std::move(response);
            this->StartWrite(&response_);
        }
    }
    // The first call counts.
    void finish_with(const Status& status) {
        const grpc::Status end = status ? grpc::Status::OK : rpc::to_status(status.error());
        {
            const std::lock_guard lock(mutex_);
            if (end_) {
                return;
            }
            end_ = end;
            if (operations_ > 0) {
                return;
            }
        }
        this->Finish(end);
    }

    virtual void heard(const Request& request) = 0;
    virtual void written() = 0;
    // The other side says nothing more, but may listen.
    virtual void silent() = 0;
    // Nobody is there any more. May come more than once, and always comes.
    virtual void gone() = 0;

private:
    void OnReadDone(bool ok) override { ok ? heard(request_) : silent(); }
    void OnWriteDone(bool ok) override {
        if (ok) {
            written();
        } else {
            gone();
        }
        end_operation();
    }
    void OnCancel() override {
        gone();
        finish_with(Error{ErrorCode::Unavailable, "the other side has gone"});
    }
    void OnDone() override {
        gone();
        self_.reset();
    }

    bool begin_operation() {
        const std::lock_guard lock(mutex_);
        if (end_) {
            return false;
        }
        ++operations_;
        return true;
    }
    // The end comes after all operations: once it is there gRPC's part of the stream is gone.
    void end_operation() {
        std::optional<grpc::Status> end;
        {
            const std::lock_guard lock(mutex_);
            --operations_;
            if (operations_ == 0) {
                end = end_;
            }
        }
        if (end) {
            this->Finish(*end);
        }
    }

    Request request_;
    Response response_;
    std::mutex mutex_;
    int operations_ = 0;  // writes, and calls of gRPC, that Finish() waits for
    std::optional<grpc::Status> end_;
    std::shared_ptr<BidiStream> self_;
};

}  // namespace gusu::service
