// One pair of functions for every event: write() fills the record, read() gives the event back.
// event_codec.cc calls them; an event without its pair does not compile.
#pragma once

#include "scheduler/wire/stored_tables.h"

namespace gusu::wire {

// stored_directory.cc
void write(const core::LeadershipTaken& event, storage::Event& record, StoredWriter& writer);
void write(const core::RoleGranted& event, storage::Event& record, StoredWriter& writer);
void write(const core::RoleRevoked& event, storage::Event& record, StoredWriter& writer);
void write(const core::TokenIssued& event, storage::Event& record, StoredWriter& writer);
void write(const core::TokenRevoked& event, storage::Event& record, StoredWriter& writer);
void write(const core::CountersRestored& event, storage::Event& record, StoredWriter& writer);
core::LeadershipTaken read(const storage::LeadershipTaken& record, StoredReader& reader);
core::RoleGranted read(const storage::RoleGranted& record, StoredReader& reader);
core::RoleRevoked read(const storage::RoleRevoked& record, StoredReader& reader);
core::TokenIssued read(const storage::TokenIssued& record, StoredReader& reader);
core::TokenRevoked read(const storage::TokenRevoked& record, StoredReader& reader);
core::CountersRestored read(const storage::CountersRestored& record, StoredReader& reader);

// stored_tenants.cc
void write(const core::CatalogueChanged& event, storage::Event& record, StoredWriter& writer);
void write(const core::PolicyChanged& event, storage::Event& record, StoredWriter& writer);
void write(const core::TenantCreated& event, storage::Event& record, StoredWriter& writer);
void write(const core::TenantUpdated& event, storage::Event& record, StoredWriter& writer);
void write(const core::TenantDeleted& event, storage::Event& record, StoredWriter& writer);
void write(const core::QuotaChanged& event, storage::Event& record, StoredWriter& writer);
void write(const core::BorrowingRestored& event, storage::Event& record, StoredWriter& writer);
core::CatalogueChanged read(const storage::CatalogueChanged& record, StoredReader& reader);
core::PolicyChanged read(const storage::PolicyChanged& record, StoredReader& reader);
core::TenantCreated read(const storage::TenantCreated& record, StoredReader& reader);
core::TenantUpdated read(const storage::TenantUpdated& record, StoredReader& reader);
core::TenantDeleted read(const storage::TenantDeleted& record, StoredReader& reader);
core::QuotaChanged read(const storage::QuotaChanged& record, StoredReader& reader);
core::BorrowingRestored read(const storage::BorrowingRestored& record, StoredReader& reader);

// stored_nodes.cc
void write(const core::NodeJoined& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeContactLost& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeLost& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeDrained& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeDrainPlanned& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeResumed& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeLabelled& event, storage::Event& record, StoredWriter& writer);
void write(const core::NodeRestored& event, storage::Event& record, StoredWriter& writer);
core::NodeJoined read(const storage::NodeJoined& record, StoredReader& reader);
core::NodeContactLost read(const storage::NodeContactLost& record, StoredReader& reader);
core::NodeLost read(const storage::NodeLost& record, StoredReader& reader);
core::NodeDrained read(const storage::NodeDrained& record, StoredReader& reader);
core::NodeDrainPlanned read(const storage::NodeDrainPlanned& record, StoredReader& reader);
core::NodeResumed read(const storage::NodeResumed& record, StoredReader& reader);
core::NodeLabelled read(const storage::NodeLabelled& record, StoredReader& reader);
core::NodeRestored read(const storage::NodeRestored& record, StoredReader& reader);

// stored_reservations.cc
void write(const core::ReservationCreated& event, storage::Event& record, StoredWriter& writer);
void write(const core::ReservationDeleted& event, storage::Event& record, StoredWriter& writer);
void write(const core::WindowOpened& event, storage::Event& record, StoredWriter& writer);
void write(const core::WindowClosed& event, storage::Event& record, StoredWriter& writer);
core::ReservationCreated read(const storage::ReservationCreated& record, StoredReader& reader);
core::ReservationDeleted read(const storage::ReservationDeleted& record, StoredReader& reader);
core::WindowOpened read(const storage::WindowOpened& record, StoredReader& reader);
core::WindowClosed read(const storage::WindowClosed& record, StoredReader& reader);

// stored_jobs.cc
void write(const core::JobSubmitted& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobHeld& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobReleased& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobPlaced& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobNominated& event, storage::Event& record, StoredWriter& writer);
void write(const core::NominationEnded& event, storage::Event& record, StoredWriter& writer);
void write(const core::TaskChanged& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobCheckpointed& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobShrunk& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobStopRequested& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobEnded& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobRequeued& event, storage::Event& record, StoredWriter& writer);
void write(const core::JobsForgotten& event, storage::Event& record, StoredWriter& writer);
core::JobSubmitted read(const storage::JobSubmitted& record, StoredReader& reader);
core::JobHeld read(const storage::JobHeld& record, StoredReader& reader);
core::JobReleased read(const storage::JobReleased& record, StoredReader& reader);
core::JobPlaced read(const storage::JobPlaced& record, StoredReader& reader);
core::JobNominated read(const storage::JobNominated& record, StoredReader& reader);
core::NominationEnded read(const storage::NominationEnded& record, StoredReader& reader);
core::TaskChanged read(const storage::TaskChanged& record, StoredReader& reader);
core::JobCheckpointed read(const storage::JobCheckpointed& record, StoredReader& reader);
core::JobShrunk read(const storage::JobShrunk& record, StoredReader& reader);
core::JobStopRequested read(const storage::JobStopRequested& record, StoredReader& reader);
core::JobEnded read(const storage::JobEnded& record, StoredReader& reader);
core::JobRequeued read(const storage::JobRequeued& record, StoredReader& reader);
core::JobsForgotten read(const storage::JobsForgotten& record, StoredReader& reader);

// stored_snapshot.cc
void write(const core::JobRestored& event, storage::Event& record, StoredWriter& writer);
void write(const core::ArrayRestored& event, storage::Event& record, StoredWriter& writer);
void write(const core::HistoryRestored& event, storage::Event& record, StoredWriter& writer);
core::JobRestored read(const storage::JobRestored& record, StoredReader& reader);
core::ArrayRestored read(const storage::ArrayRestored& record, StoredReader& reader);
core::HistoryRestored read(const storage::HistoryRestored& record, StoredReader& reader);

}  // namespace gusu::wire
