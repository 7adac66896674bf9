// The two ends of a session over gRPC.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/service/agents/bidi_stream.h"
#include "scheduler/service/agents/exec_relay.h"

namespace gusu::service {

// Of JobService.ExecTask and AgentService.Step, which differ in what begins them.
template <typename Request, typename Response>
class ExecCallerStream final : public BidiStream<Request, Response>, public ExecCaller {
public:
    // Told of the first message.
    using Begin =
        std::function<void(const Request& request, const std::shared_ptr<ExecCallerStream>&)>;
    explicit ExecCallerStream(Begin begin) : begin_(std::move(begin)) {}

    void join(std::shared_ptr<ExecSession> session) override {
        bool is_gone = false;
        {
            const std::lock_guard lock(mutex_);
            session_ = session;
            is_gone = is_gone_;
        }
        if (is_gone) {
            session->caller_gone();
        }
    }
    void read_next() override { this->read_one(); }
    void write(v1::ExecOutput output) override {
        Response response;
        *response.mutable_output() = std::move(output);
        this->write_one(std::move(response));
    }
    void finish(const Status& status) override { this->finish_with(status); }

private:
    void heard(const Request& request) override {
        const Begin begin = std::exchange(begin_, nullptr);
        if ((begin != nullptr) != request.has_start()) {
            finish(Error{ErrorCode::InvalidArgument,
                         "the first message of this call is its start, and only it"});
            gone();
        } else if (begin != nullptr) {
            begin(request, std::static_pointer_cast<ExecCallerStream>(this->shared_from_this()));
        } else if (const auto talking = session()) {
            talking->take_input(request.input());
        }
    }
    void written() override {
        if (const auto talking = session()) {
            talking->output_written();
        }
    }
    void silent() override {
        const auto talking = session();
        if (talking == nullptr) {
            finish(Error{ErrorCode::InvalidArgument, "this call has no start"});
            return;
        }
        v1::ExecInput nothing_more;
        nothing_more.set_end(true);
        talking->take_input(std::move(nothing_more));
    }
    void gone() override {
        {
            const std::lock_guard lock(mutex_);
            is_gone_ = true;
        }
        if (const auto talking = session()) {
            talking->caller_gone();
        }
    }

    std::shared_ptr<ExecSession> session() {
        const std::lock_guard lock(mutex_);
        return session_;
    }

    Begin begin_;  // none once it has begun
    std::mutex mutex_;
    std::shared_ptr<ExecSession> session_;
    bool is_gone_ = false;
};

// An agent that calls back.
class ExecAgentStream final : public BidiStream<v1::ExecRequest, v1::ExecResponse>,
                              public ExecAgent {
public:
    // `peer` is the common name of the certificate.
    ExecAgentStream(const ExecRelay& relay, std::string peer)
        : relay_(relay), peer_(std::move(peer)) {}

    void read_next() override { read_one(); }
    void write(v1::ExecInput input) override;
    void finish(const Status& status) override { finish_with(status); }

private:
    void heard(const v1::ExecRequest& request) override;
    void written() override;
    void silent() override { gone(); }
    void gone() override;

    void claim(const std::string& exec_id);
    std::shared_ptr<ExecSession> session();

    const ExecRelay& relay_;
    const std::string peer_;
    std::mutex mutex_;
    std::shared_ptr<ExecSession> session_;
};

}  // namespace gusu::service
