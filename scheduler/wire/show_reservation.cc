#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::wire {

v1::Reservation to_proto(const core::State& state, const core::Reservation& reservation) {
    v1::Reservation shown;
    shown.set_name(reservation.name);
    for (const NodeId id : reservation.nodes) {
        if (const core::Node* node = state.node(id)) {
            shown.add_nodes(node->description.name);
        }
    }
    *shown.mutable_start() = from_time(reservation.starts);
    *shown.mutable_duration() = from_duration(reservation.lasts);
    if (reservation.every != Duration(0)) {
        *shown.mutable_every() = from_duration(reservation.every);
    }
    if (const core::Tenant* tenant = state.tenant(reservation.tenant)) {
        shown.set_tenant(tenant->path);
    }
    shown.set_reason(reservation.reason);
    shown.set_created_by(reservation.created_by);
    shown.set_state(reservation.is_open ? v1::RESERVATION_STATE_OPEN : v1::RESERVATION_STATE_AHEAD);
    return shown;
}

}  // namespace gusu::wire
