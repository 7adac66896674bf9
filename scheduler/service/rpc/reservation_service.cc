#include "scheduler/service/rpc/reservation_service.h"

#include <optional>

#include "scheduler/base/text.h"
#include "scheduler/core/policy/access.h"
#include "scheduler/service/rpc/call.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

using wire::Field;

constexpr int kMostNodes = 10'000;
constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestNodeName = 253;
constexpr Duration kDay{24 * 3'600'000};
constexpr Duration kLongest = 366 * kDay;

Status check_words(const v1::CreateReservationRequest& request) {
    if (!wire::is_word(request.name(), kLongestName, "._-")) {
        return wire::refuse({nullptr, "name", -1}, quote(request.name()), "is no name",
                            "letters, digits, \".\", \"_\" and \"-\", the first a letter or "
                            "digit; at most 63");
    }
    if (request.nodes_size() > kMostNodes) {
        return wire::refuse({nullptr, "nodes", -1},
                            "has " + std::to_string(request.nodes_size()) + " names",
                            "at most 10000");
    }
    for (int i = 0; i < request.nodes_size(); ++i) {
        const Field field{nullptr, "nodes", i};
        const auto problem =
            wire::check_text(field, request.nodes(i), {.most_bytes = kLongestNodeName});
        if (problem) {
            return *problem;
        }
    }
    for (const auto& problem :
         {wire::check_labels({nullptr, "node_labels", -1}, request.node_labels()),
          wire::check_text({nullptr, "reason", -1}, request.reason(), {.most_bytes = 1024})}) {
        if (problem) {
            return *problem;
        }
    }
    return Done{};
}

Result<Duration> to_every(const v1::CreateReservationRequest& request) {
    if (!request.has_every()) {
        return Duration(0);
    }
    const Field field{nullptr, "every", -1};
    const auto every =
        wire::to_duration(field, request.every(), {.least = Duration(0), .most = kLongest});
    if (every && *every != Duration(0) && *every != kDay && *every != 7 * kDay) {
        return wire::refuse(field, format_duration(*every), "is neither a day nor a week",
                            "86400s, 604800s, or nothing for once");
    }
    return every;
}

Result<core::CreateReservation> to_create(const std::string& user,
                                          const v1::CreateReservationRequest& request) {
    if (const Status valid = check_words(request); !valid) {
        return valid.error();
    }
    const auto start = wire::to_time({nullptr, "start", -1}, request.start());
    const auto lasts = wire::to_duration({nullptr, "duration", -1}, request.duration(),
                                         {.least = Duration(1000), .most = kLongest});
    const auto every = to_every(request);
    for (const Status& read :
         {request.has_start()
              ? Status(Done{})
              : wire::refuse({nullptr, "start", -1}, "is not said", "when the window begins"),
          start ? Status(Done{}) : Status(start.error()),
          lasts ? Status(Done{}) : Status(lasts.error()),
          every ? Status(Done{}) : Status(every.error())}) {
        if (!read) {
            return read.error();
        }
    }
    using Running = core::CreateReservation::Running;
    return core::CreateReservation{
        .caller = {user},
        .request_id = request.request_id(),
        .name = request.name(),
        .nodes = {request.nodes().begin(), request.nodes().end()},
        .node_labels = {request.node_labels().begin(), request.node_labels().end()},
        .starts = *start,
        .lasts = *lasts,
        .every = *every,
        .tenant = request.tenant(),
        .reason = request.reason(),
        .running = request.keep_running_jobs() ? Running::RunOn : Running::Refuse};
}

v1::Reservation show(const core::State& state, const core::Reservation& reservation,
                     const std::string& user) {
    v1::Reservation shown = wire::to_proto(state, reservation);
    if (!core::may_see_owner(state, user, reservation)) {
        shown.clear_tenant();
        shown.clear_reason();
    }
    return shown;
}

template <typename CallOf>
void list_reservations(const CallOf& call) {
    look_at_page(call, [call](core::Scheduler& scheduler, const Page& page, Time) -> Status {
        const core::State& state = scheduler.state();
        if (!core::may_see_nodes(state, call->user())) {
            return Error{ErrorCode::NotAllowed,
                         call->user() +
                             " has no role on this platform yet, and so sees no reservations; ask "
                             "an administrator of your tenant for the role \"researcher\""};
        }
        call->response.set_next_page_token(
            add_page(state.reservations(), page, [&](const core::Reservation& each) {
                *call->response.add_reservations() = show(state, each, call->user());
            }));
        return Done{};
    });
}

}  // namespace

ReservationService::Reactor* ReservationService::CreateReservation(
    Context* context, const v1::CreateReservationRequest* request,
    v1::CreateReservationResponse* response) {
    const auto create = [](const auto& call) {
        auto command = to_create(call->user(), call->request);
        if (!command) {
            call->finish(command.error());
            return;
        }
        change(call, std::move(*command),
               [call](core::Scheduler& scheduler, const core::Events&, Time) -> Status {
                   const core::State& state = scheduler.state();
                   *call->response.mutable_reservation() =
                       show(state, state.reservations().at(call->request.name()), call->user());
                   return Done{};
               });
    };
    return answer({platform_, context, "CreateReservation"}, request, response, create);
}

ReservationService::Reactor* ReservationService::ListReservations(
    Context* context, const v1::ListReservationsRequest* request,
    v1::ListReservationsResponse* response) {
    return answer({platform_, context, "ListReservations"}, request, response,
                  [](const auto& call) { list_reservations(call); });
}

ReservationService::Reactor* ReservationService::DeleteReservation(
    Context* context, const v1::DeleteReservationRequest* request,
    v1::DeleteReservationResponse* response) {
    const auto remove = [](const auto& call) {
        change(call, core::DeleteReservation{{call->user()}, call->request.name()},
               [](core::Scheduler&, const core::Events&, Time) -> Status { return Done{}; });
    };
    return answer({platform_, context, "DeleteReservation"}, request, response, remove);
}

}  // namespace gusu::service
