#include "scheduler/wire/stored_events.h"
#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {
namespace {

storage::Reality stored_reality(core::Reality reality) {
    switch (reality) {
        case core::Reality::Real:
            return storage::REALITY_REAL;
        case core::Reality::Simulated:
            return storage::REALITY_SIMULATED;
    }
    return storage::REALITY_UNSPECIFIED;
}

storage::Health stored_health(core::Health health) {
    switch (health) {
        case core::Health::Healthy:
            return storage::HEALTH_HEALTHY;
        case core::Health::Unhealthy:
            return storage::HEALTH_UNHEALTHY;
        case core::Health::Quarantined:
            return storage::HEALTH_QUARANTINED;
    }
    return storage::HEALTH_UNSPECIFIED;
}

void write_device(const core::DeviceDescription& device, storage::DeviceDescription& record) {
    record.set_index(device.index);
    record.set_uuid(device.uuid);
    record.set_accelerator(device.accelerator);
    record.set_memory(device.memory.units());
    record.set_reality(stored_reality(device.reality));
    record.set_health(stored_health(device.health));
    record.set_numa_node(device.numa_node);
    if (device.link_group) {
        record.set_link_group(*device.link_group);
    }
    record.set_slices(device.slices);
    record.set_health_detail(device.health_detail);
}

core::DeviceDescription read_device(const storage::DeviceDescription& record,
                                    StoredReader& reader) {
    return {
        .index = record.index(),
        .uuid = record.uuid(),
        .accelerator = record.accelerator(),
        .memory = reader.amount(record.memory()),
        .reality = reader.choice(record.reality(), stored_reality, storage::Reality_MAX, "reality"),
        .health = reader.choice(record.health(), stored_health, storage::Health_MAX, "health"),
        .numa_node = record.numa_node(),
        .link_group = record.has_link_group() ? std::optional(record.link_group()) : std::nullopt,
        .slices = record.slices(),
        .health_detail = record.health_detail()};
}

void write_description(const core::NodeDescription& description, storage::NodeDescription& record) {
    record.set_name(description.name);
    record.set_address(description.address);
    record.set_milli_cpus(description.milli_cpus.units());
    record.set_memory(description.memory.units());
    for (const core::DeviceDescription& device : description.devices) {
        write_device(device, *record.add_devices());
    }
    write_labels(description.labels, *record.mutable_labels());
    for (const std::string& runtime : description.runtimes) {
        record.add_runtimes(runtime);
    }
    record.set_agent_version(description.agent_version);
}

core::NodeDescription read_description(const storage::NodeDescription& record,
                                       StoredReader& reader) {
    core::NodeDescription description{.name = record.name(),
                                      .address = record.address(),
                                      .milli_cpus = reader.amount(record.milli_cpus()),
                                      .memory = reader.amount(record.memory()),
                                      .devices = {},
                                      .labels = read_labels(record.labels()),
                                      .runtimes = {},
                                      .agent_version = record.agent_version()};
    for (const storage::DeviceDescription& device : record.devices()) {
        description.devices.push_back(read_device(device, reader));
    }
    description.runtimes.insert(record.runtimes().begin(), record.runtimes().end());
    return description;
}

void write_contact(const core::Contact& contact, storage::NodeRestored& record) {
    if (const auto* in_contact = std::get_if<core::InContact>(&contact)) {
        record.mutable_in_contact()->set_session(in_contact->session);
    } else if (const auto* unreachable = std::get_if<core::Unreachable>(&contact)) {
        record.mutable_unreachable()->set_since(to_milliseconds(unreachable->since));
        record.mutable_unreachable()->set_lease_ends(to_milliseconds(unreachable->lease_ends));
        record.mutable_unreachable()->set_awaited(unreachable->awaited);
    } else {
        record.mutable_lost()->set_since(to_milliseconds(std::get<core::Lost>(contact).since));
    }
}

core::Contact read_contact(const storage::NodeRestored& record, StoredReader& reader) {
    switch (record.contact_case()) {
        case storage::NodeRestored::kInContact:
            return core::InContact{record.in_contact().session()};
        case storage::NodeRestored::kUnreachable:
            return core::Unreachable{
                .since = from_milliseconds(record.unreachable().since()),
                .lease_ends = from_milliseconds(record.unreachable().lease_ends()),
                .awaited = record.unreachable().awaited()};
        case storage::NodeRestored::kLost:
            return core::Lost{from_milliseconds(record.lost().since())};
        case storage::NodeRestored::CONTACT_NOT_SET:
            break;
    }
    reader.fail("has a node with an unknown kind of contact");
    return core::Lost{};
}

void write_drain(const core::PlannedDrain& drain, storage::PlannedDrain& record) {
    record.set_at(to_milliseconds(drain.at));
    record.set_reason(drain.reason);
}

core::PlannedDrain read_drain(const storage::PlannedDrain& record) {
    return {.at = from_milliseconds(record.at()), .reason = record.reason()};
}

storage::DrainCause stored_cause(core::DrainCause cause) {
    switch (cause) {
        case core::DrainCause::Operator:
            return storage::DRAIN_CAUSE_OPERATOR;
        case core::DrainCause::BlackHole:
            return storage::DRAIN_CAUSE_BLACK_HOLE;
    }
    return storage::DRAIN_CAUSE_UNSPECIFIED;
}

// Only operators drained when records had no cause.
core::DrainCause read_cause(storage::DrainCause cause, StoredReader& reader) {
    return cause == storage::DRAIN_CAUSE_UNSPECIFIED
               ? core::DrainCause::Operator
               : reader.choice(cause, stored_cause, storage::DrainCause_MAX, "cause of a drain");
}

void write_failure(const core::FastFailure& failure, storage::FastFailure& record) {
    record.set_job(failure.job.value);
    record.set_at(to_milliseconds(failure.at));
    record.set_ran_ms(failure.ran.count());
}

core::FastFailure read_failure(const storage::FastFailure& record) {
    return {.job = {record.job()},
            .at = from_milliseconds(record.at()),
            .ran = Duration(record.ran_ms())};
}

}  // namespace

void write(const core::NodeJoined& event, storage::Event& record, StoredWriter&) {
    storage::NodeJoined& joined = *record.mutable_node_joined();
    joined.set_node(event.node.value);
    write_description(event.description, *joined.mutable_description());
    joined.set_boot_id(event.boot_id);
    joined.set_session(event.session);
}

core::NodeJoined read(const storage::NodeJoined& record, StoredReader& reader) {
    return {.node = {record.node()},
            .description = read_description(record.description(), reader),
            .boot_id = record.boot_id(),
            .session = record.session()};
}

void write(const core::NodeContactLost& event, storage::Event& record, StoredWriter&) {
    storage::NodeContactLost& lost = *record.mutable_node_contact_lost();
    lost.set_node(event.node.value);
    lost.set_lease_ends(to_milliseconds(event.lease_ends));
    lost.set_awaited(event.awaited);
}

core::NodeContactLost read(const storage::NodeContactLost& record, StoredReader&) {
    return {.node = {record.node()},
            .lease_ends = from_milliseconds(record.lease_ends()),
            .awaited = record.awaited()};
}

void write(const core::NodeLost& event, storage::Event& record, StoredWriter&) {
    record.mutable_node_lost()->set_node(event.node.value);
}

core::NodeLost read(const storage::NodeLost& record, StoredReader&) { return {{record.node()}}; }

void write(const core::NodeDrained& event, storage::Event& record, StoredWriter&) {
    storage::NodeDrained& drained = *record.mutable_node_drained();
    drained.set_node(event.node.value);
    drained.set_reason(event.reason);
    drained.set_cause(stored_cause(event.cause));
}

core::NodeDrained read(const storage::NodeDrained& record, StoredReader& reader) {
    return {.node = {record.node()},
            .reason = record.reason(),
            .cause = read_cause(record.cause(), reader)};
}

void write(const core::NodeDrainPlanned& event, storage::Event& record, StoredWriter&) {
    storage::NodeDrainPlanned& planned = *record.mutable_node_drain_planned();
    planned.set_node(event.node.value);
    write_drain(event.drain, *planned.mutable_drain());
}

core::NodeDrainPlanned read(const storage::NodeDrainPlanned& record, StoredReader&) {
    return {.node = {record.node()}, .drain = read_drain(record.drain())};
}

void write(const core::NodeResumed& event, storage::Event& record, StoredWriter&) {
    record.mutable_node_resumed()->set_node(event.node.value);
}

core::NodeResumed read(const storage::NodeResumed& record, StoredReader&) {
    return {{record.node()}};
}

void write(const core::NodeLabelled& event, storage::Event& record, StoredWriter&) {
    storage::NodeLabelled& labelled = *record.mutable_node_labelled();
    labelled.set_node(event.node.value);
    write_labels(event.labels, *labelled.mutable_labels());
}

core::NodeLabelled read(const storage::NodeLabelled& record, StoredReader&) {
    return {.node = {record.node()}, .labels = read_labels(record.labels())};
}

void write(const core::NodeRestored& event, storage::Event& record, StoredWriter&) {
    storage::NodeRestored& restored = *record.mutable_node_restored();
    restored.set_node(event.node.value);
    write_description(event.description, *restored.mutable_description());
    restored.set_boot_id(event.boot_id);
    write_contact(event.contact, restored);
    if (event.drained) {
        restored.set_drained(*event.drained);
    }
    write_labels(event.labels_set, *restored.mutable_labels_set());
    if (event.drains) {
        write_drain(*event.drains, *restored.mutable_drains());
    }
    restored.set_drain_cause(stored_cause(event.drain_cause));
    for (const core::FastFailure& failure : event.fast_failures) {
        write_failure(failure, *restored.add_fast_failures());
    }
}

core::NodeRestored read(const storage::NodeRestored& record, StoredReader& reader) {
    core::NodeRestored event{.node = {record.node()},
                             .description = read_description(record.description(), reader),
                             .boot_id = record.boot_id(),
                             .contact = read_contact(record, reader),
                             .drained = std::nullopt,
                             .labels_set = read_labels(record.labels_set())};
    if (record.has_drained()) {
        event.drained = record.drained();
    }
    if (record.has_drains()) {
        event.drains = read_drain(record.drains());
    }
    event.drain_cause = read_cause(record.drain_cause(), reader);
    for (const storage::FastFailure& failure : record.fast_failures()) {
        event.fast_failures.push_back(read_failure(failure));
    }
    return event;
}

}  // namespace gusu::wire
