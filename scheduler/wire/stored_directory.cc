#include "scheduler/wire/stored_events.h"

namespace gusu::wire {
namespace {

storage::Role stored_role(core::Role role) {
    switch (role) {
        case core::Role::Researcher:
            return storage::ROLE_RESEARCHER;
        case core::Role::TenantAdmin:
            return storage::ROLE_TENANT_ADMIN;
        case core::Role::Operator:
            return storage::ROLE_OPERATOR;
        case core::Role::SystemAdmin:
            return storage::ROLE_SYSTEM_ADMIN;
        case core::Role::SecurityAdmin:
            return storage::ROLE_SECURITY_ADMIN;
        case core::Role::Auditor:
            return storage::ROLE_AUDITOR;
    }
    return storage::ROLE_UNSPECIFIED;
}

void write_grant(const core::Grant& grant, storage::Grant& record) {
    record.set_user(grant.user);
    record.set_role(stored_role(grant.role));
    record.set_tenant(grant.tenant.value);
}

core::Grant read_grant(const storage::Grant& record, StoredReader& reader) {
    return {.user = record.user(),
            .role = reader.choice(record.role(), stored_role, storage::Role_MAX, "role"),
            .tenant = {record.tenant()}};
}

}  // namespace

void write(const core::LeadershipTaken& event, storage::Event& record, StoredWriter&) {
    record.mutable_leadership_taken()->set_epoch(event.epoch);
}

core::LeadershipTaken read(const storage::LeadershipTaken& record, StoredReader&) {
    return {record.epoch()};
}

void write(const core::RoleGranted& event, storage::Event& record, StoredWriter&) {
    write_grant(event.grant, *record.mutable_role_granted()->mutable_grant());
}

core::RoleGranted read(const storage::RoleGranted& record, StoredReader& reader) {
    return {read_grant(record.grant(), reader)};
}

void write(const core::RoleRevoked& event, storage::Event& record, StoredWriter&) {
    write_grant(event.grant, *record.mutable_role_revoked()->mutable_grant());
}

core::RoleRevoked read(const storage::RoleRevoked& record, StoredReader& reader) {
    return {read_grant(record.grant(), reader)};
}

void write(const core::TokenIssued& event, storage::Event& record, StoredWriter&) {
    storage::TokenRecord& token = *record.mutable_token_issued()->mutable_token();
    token.set_id(event.token.id);
    token.set_hash(event.token.hash);
    token.set_user(event.token.user);
    token.set_node(event.token.node);
    token.set_created(to_milliseconds(event.token.created));
    token.set_expires(to_milliseconds(event.token.expires));
    token.set_used_by(event.token.used_by);
}

core::TokenIssued read(const storage::TokenIssued& record, StoredReader&) {
    const storage::TokenRecord& token = record.token();
    return {{.id = token.id(),
             .hash = token.hash(),
             .user = token.user(),
             .node = token.node(),
             .created = from_milliseconds(token.created()),
             .expires = from_milliseconds(token.expires()),
             .used_by = token.used_by()}};
}

void write(const core::TokenRevoked& event, storage::Event& record, StoredWriter&) {
    record.mutable_token_revoked()->set_id(event.id);
}

core::TokenRevoked read(const storage::TokenRevoked& record, StoredReader&) {
    return {record.id()};
}

void write(const core::CountersRestored& event, storage::Event& record, StoredWriter&) {
    storage::CountersRestored& counters = *record.mutable_counters_restored();
    counters.set_next_id(event.next_id);
    counters.set_epoch(event.epoch);
}

core::CountersRestored read(const storage::CountersRestored& record, StoredReader&) {
    return {.next_id = record.next_id(), .epoch = record.epoch()};
}

}  // namespace gusu::wire
