#include "scheduler/wire/event_codec.h"

#include <google/protobuf/arena.h>

#include <limits>

#include "scheduler/wire/stored_events.h"

namespace gusu::wire {
namespace {

// What only snapshots hold.
core::EventBody read_restored(const storage::Event& record, StoredReader& reader) {
    switch (record.body_case()) {
        case storage::Event::kJobRestored:
            return read(record.job_restored(), reader);
        case storage::Event::kArrayRestored:
            return read(record.array_restored(), reader);
        case storage::Event::kNodeRestored:
            return read(record.node_restored(), reader);
        case storage::Event::kHistoryRestored:
            return read(record.history_restored(), reader);
        case storage::Event::kBorrowingRestored:
            return read(record.borrowing_restored(), reader);
        default:
            return read(record.counters_restored(), reader);
    }
}

core::EventBody read_tenant_event(const storage::Event& record, StoredReader& reader) {
    switch (record.body_case()) {
        case storage::Event::kTenantCreated:
            return read(record.tenant_created(), reader);
        case storage::Event::kTenantUpdated:
            return read(record.tenant_updated(), reader);
        case storage::Event::kTenantDeleted:
            return read(record.tenant_deleted(), reader);
        default:
            return read(record.quota_changed(), reader);
    }
}

core::EventBody read_directory_event(const storage::Event& record, StoredReader& reader) {
    switch (record.body_case()) {
        case storage::Event::kRoleGranted:
            return read(record.role_granted(), reader);
        case storage::Event::kRoleRevoked:
            return read(record.role_revoked(), reader);
        case storage::Event::kTokenIssued:
            return read(record.token_issued(), reader);
        default:
            return read(record.token_revoked(), reader);
    }
}

core::EventBody read_node_event(const storage::Event& record, StoredReader& reader) {
    switch (record.body_case()) {
        case storage::Event::kNodeJoined:
            return read(record.node_joined(), reader);
        case storage::Event::kNodeContactLost:
            return read(record.node_contact_lost(), reader);
        case storage::Event::kNodeLost:
            return read(record.node_lost(), reader);
        case storage::Event::kNodeDrained:
            return read(record.node_drained(), reader);
        case storage::Event::kNodeResumed:
            return read(record.node_resumed(), reader);
        default:
            return read(record.node_labelled(), reader);
    }
}

// Nodes that are not there for all, or will not be.
core::EventBody read_reserving(const storage::Event& record, StoredReader& reader) {
    switch (record.body_case()) {
        case storage::Event::kNodeDrainPlanned:
            return read(record.node_drain_planned(), reader);
        case storage::Event::kReservationCreated:
            return read(record.reservation_created(), reader);
        case storage::Event::kReservationDeleted:
            return read(record.reservation_deleted(), reader);
        case storage::Event::kWindowOpened:
            return read(record.window_opened(), reader);
        default:
            return read(record.window_closed(), reader);
    }
}

// What becomes of a job between its submission and its end.
core::EventBody read_life(const storage::Event& record, StoredReader& reader) {
    switch (record.body_case()) {
        case storage::Event::kJobHeld:
            return read(record.job_held(), reader);
        case storage::Event::kJobReleased:
            return read(record.job_released(), reader);
        case storage::Event::kJobPlaced:
            return read(record.job_placed(), reader);
        case storage::Event::kJobNominated:
            return read(record.job_nominated(), reader);
        case storage::Event::kNominationEnded:
            return read(record.nomination_ended(), reader);
        case storage::Event::kTaskChanged:
            return read(record.task_changed(), reader);
        case storage::Event::kJobCheckpointed:
            return read(record.job_checkpointed(), reader);
        case storage::Event::kJobShrunk:
            return read(record.job_shrunk(), reader);
        default:
            return read(record.job_stop_requested(), reader);
    }
}

core::EventBody read_body(const storage::Event& record, StoredReader& reader) {
    // No default: the compiler asks for an alternative that is not read.
    switch (record.body_case()) {
        case storage::Event::kLeadershipTaken:
            return read(record.leadership_taken(), reader);
        case storage::Event::kCatalogueChanged:
            return read(record.catalogue_changed(), reader);
        case storage::Event::kTenantCreated:
        case storage::Event::kTenantUpdated:
        case storage::Event::kTenantDeleted:
        case storage::Event::kQuotaChanged:
            return read_tenant_event(record, reader);
        case storage::Event::kNodeJoined:
        case storage::Event::kNodeContactLost:
        case storage::Event::kNodeLost:
        case storage::Event::kNodeDrained:
        case storage::Event::kNodeResumed:
        case storage::Event::kNodeLabelled:
            return read_node_event(record, reader);
        case storage::Event::kJobSubmitted:
            return read(record.job_submitted(), reader);
        case storage::Event::kJobHeld:
        case storage::Event::kJobReleased:
        case storage::Event::kJobPlaced:
        case storage::Event::kJobNominated:
        case storage::Event::kNominationEnded:
        case storage::Event::kTaskChanged:
        case storage::Event::kJobCheckpointed:
        case storage::Event::kJobShrunk:
        case storage::Event::kJobStopRequested:
            return read_life(record, reader);
        case storage::Event::kJobEnded:
            return read(record.job_ended(), reader);
        case storage::Event::kJobRequeued:
            return read(record.job_requeued(), reader);
        case storage::Event::kJobsForgotten:
            return read(record.jobs_forgotten(), reader);
        case storage::Event::kRoleGranted:
        case storage::Event::kRoleRevoked:
        case storage::Event::kTokenIssued:
        case storage::Event::kTokenRevoked:
            return read_directory_event(record, reader);
        case storage::Event::kPolicyChanged:
            return read(record.policy_changed(), reader);
        case storage::Event::kNodeDrainPlanned:
        case storage::Event::kReservationCreated:
        case storage::Event::kReservationDeleted:
        case storage::Event::kWindowOpened:
        case storage::Event::kWindowClosed:
            return read_reserving(record, reader);
        case storage::Event::kJobRestored:
        case storage::Event::kArrayRestored:
        case storage::Event::kNodeRestored:
        case storage::Event::kHistoryRestored:
        case storage::Event::kBorrowingRestored:
        case storage::Event::kCountersRestored:
            return read_restored(record, reader);
        case storage::Event::BODY_NOT_SET:
            break;
    }
    reader.fail("has an event of a kind this version does not know");
    return {};
}

google::protobuf::ArenaOptions large_blocks() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 64 << 10;
    options.max_block_size = 1 << 20;
    return options;
}

}  // namespace

std::string encode_events(const core::Events& events) {
    google::protobuf::Arena arena(large_blocks());
    auto& batch = *google::protobuf::Arena::CreateMessage<storage::Batch>(&arena);
    StoredWriter writer(batch);
    batch.mutable_events()->Reserve(static_cast<int>(events.size()));
    for (const core::Event& event : events) {
        storage::Event& record = *batch.add_events();
        record.set_at(to_milliseconds(event.at));
        std::visit([&](const auto& body) { write(body, record, writer); }, event.body);
    }
    std::string bytes;
    check(batch.SerializeToString(&bytes), "a batch of events fits into one record");
    return bytes;
}

Result<core::Events> decode_events(std::string_view bytes) {
    google::protobuf::Arena arena(large_blocks());
    auto& batch = *google::protobuf::Arena::CreateMessage<storage::Batch>(&arena);
    if (bytes.size() > std::numeric_limits<int>::max() ||
        !batch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return Error{
            ErrorCode::Internal,
            "is no record of events (" + std::to_string(bytes.size()) + " bytes); it is broken"};
    }
    StoredReader reader(batch);
    core::Events events;
    events.reserve(static_cast<std::size_t>(batch.events_size()));
    for (const storage::Event& record : batch.events()) {
        events.push_back({from_milliseconds(record.at()), read_body(record, reader)});
    }
    if (reader.error()) {
        return *reader.error();
    }
    return events;
}

}  // namespace gusu::wire
