// One unary call from its arrival to its answer.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proto/rpc/channel.h"
#include "scheduler/base/log.h"
#include "scheduler/service/rpc/paging.h"
#include "scheduler/service/rpc/platform.h"
#include "scheduler/wire/field.h"

namespace gusu::service {

// Held by whatever works for the call; finished exactly once, also when its caller has gone.
template <typename Request, typename Response>
struct Call {
    Platform& platform;
    std::string_view method;
    const Request& request;
    Response& response;
    grpc::ServerUnaryReactor& reactor;
    std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
    Person person = {};

    const std::string& user() const { return person.user; }

    void finish(const Status& status) const {
        grpc::Status answer = status ? grpc::Status::OK : rpc::to_status(status.error());
        if (!status) {
            spdlog::debug("refused method={} user={} why={}", method, person.user,
                          status.error().message);
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
        platform.metrics.rpc_took(method, answer.error_code(), took.count());
        reactor.Finish(std::move(answer));
    }
};

template <typename Request, typename Response>
using CallPointer = std::shared_ptr<const Call<Request, Response>>;

inline Status check_request_id(const std::string& id) {
    constexpr std::size_t kLongest = 64;
    const wire::Field field{nullptr, "request_id", -1};
    constexpr std::string_view kAllowed =
        "1 to 64 characters made by the client, the same when it asks again; a UUID does";
    if (id.empty()) {
        return wire::refuse(field, "is empty", kAllowed);
    }
    if (id.size() > kLongest) {
        return wire::refuse(field, "has " + std::to_string(id.size()) + " characters", kAllowed);
    }
    if (const auto problem = wire::check_text(field, id, {.most_bytes = kLongest})) {
        return *problem;
    }
    return Done{};
}

// How a call comes in.
struct Arrival {
    Platform& platform;
    grpc::CallbackServerContext* context;
    std::string_view method;
};

// Finds out who calls, refuses changes without a request id, and gives the call to `body`, which
// sees to it that it is finished.
template <typename Request, typename Response, typename Body>
grpc::ServerUnaryReactor* answer(Arrival arrival, const Request* request, Response* response,
                                 const Body& body) {
    Platform& platform = arrival.platform;
    grpc::ServerUnaryReactor* reactor = arrival.context->DefaultReactor();
    auto call = std::make_shared<Call<Request, Response>>(
        Call<Request, Response>{platform, arrival.method, *request, *response, *reactor});
    auto person = platform.authenticator.identify(*arrival.context);
    if (!person) {
        call->finish(person.error());
        return reactor;
    }
    call->person = std::move(*person);
    if constexpr (requires { request->request_id(); }) {
        if (const Status valid = check_request_id(request->request_id()); !valid) {
            call->finish(valid);
            return reactor;
        }
    }
    body(CallPointer<Request, Response>(std::move(call)));
    return reactor;
}

// Has the engine decide `command`. `fill(scheduler, events, now)` fills the response from the state
// as the command left it; the answer goes out when that is durable.
template <typename Request, typename Response, typename Fill>
void change(const CallPointer<Request, Response>& call, core::Command command, Fill fill) {
    call->platform.engine.post(
        std::move(command), Sender::Client,
        [call, fill = std::move(fill)](core::Scheduler& scheduler,
                                       const Result<core::Events>& events, Time now) -> Release {
            const Status outcome =
                events ? Status(fill(scheduler, *events, now)) : Status(events.error());
            return [call, outcome](const Status& durable) {
                call->finish(outcome && !durable ? durable : outcome);
            };
        });
}

// `fill(scheduler, now)` fills the response from the state.
template <typename Request, typename Response, typename Fill>
void look(const CallPointer<Request, Response>& call, Fill fill) {
    call->platform.engine.read(
        [call, fill = std::move(fill)](core::Scheduler& scheduler, Time now) -> Release {
            const Status outcome = fill(scheduler, now);
            return [call, outcome](const Status& durable) {
                call->finish(outcome && !durable ? durable : outcome);
            };
        });
}

// A look at one page of a list: `fill(scheduler, page, now)` fills the response.
template <typename Request, typename Response, typename Fill>
void look_at_page(const CallPointer<Request, Response>& call, Fill fill) {
    const auto page = to_page(call->request.page_size(), call->request.page_token());
    if (!page) {
        call->finish(page.error());
        return;
    }
    look(call, [fill = std::move(fill), page = *page](core::Scheduler& scheduler, Time now) {
        return fill(scheduler, page, now);
    });
}

}  // namespace gusu::service
