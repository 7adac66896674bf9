#include "scheduler/wire/stored_events.h"

namespace gusu::wire {

void write(const core::ReservationCreated& event, storage::Event& record, StoredWriter&) {
    const core::Reservation& reservation = event.reservation;
    storage::Reservation& written = *record.mutable_reservation_created()->mutable_reservation();
    written.set_name(reservation.name);
    for (const NodeId node : reservation.nodes) {
        written.add_nodes(node.value);
    }
    written.set_starts(to_milliseconds(reservation.starts));
    written.set_lasts_ms(reservation.lasts.count());
    written.set_every_ms(reservation.every.count());
    written.set_tenant(reservation.tenant.value);
    written.set_reason(reservation.reason);
    written.set_created_by(reservation.created_by);
    written.set_request_id(reservation.request_id);
    written.set_is_open(reservation.is_open);
}

core::ReservationCreated read(const storage::ReservationCreated& record, StoredReader&) {
    const storage::Reservation& stored = record.reservation();
    core::Reservation reservation{.name = stored.name(),
                                  .nodes = {},
                                  .starts = from_milliseconds(stored.starts()),
                                  .lasts = Duration(stored.lasts_ms()),
                                  .every = Duration(stored.every_ms()),
                                  .tenant = {stored.tenant()},
                                  .reason = stored.reason(),
                                  .created_by = stored.created_by(),
                                  .request_id = stored.request_id(),
                                  .is_open = stored.is_open()};
    for (const std::uint64_t node : stored.nodes()) {
        reservation.nodes.insert(NodeId{node});
    }
    return {std::move(reservation)};
}

void write(const core::ReservationDeleted& event, storage::Event& record, StoredWriter&) {
    record.mutable_reservation_deleted()->set_name(event.name);
}

core::ReservationDeleted read(const storage::ReservationDeleted& record, StoredReader&) {
    return {record.name()};
}

void write(const core::WindowOpened& event, storage::Event& record, StoredWriter&) {
    record.mutable_window_opened()->set_reservation(event.reservation);
}

core::WindowOpened read(const storage::WindowOpened& record, StoredReader&) {
    return {record.reservation()};
}

void write(const core::WindowClosed& event, storage::Event& record, StoredWriter&) {
    record.mutable_window_closed()->set_reservation(event.reservation);
    if (event.next) {
        record.mutable_window_closed()->set_next(to_milliseconds(*event.next));
    }
}

core::WindowClosed read(const storage::WindowClosed& record, StoredReader&) {
    core::WindowClosed event{.reservation = record.reservation(), .next = {}};
    if (record.has_next()) {
        event.next = from_milliseconds(record.next());
    }
    return event;
}

}  // namespace gusu::wire
