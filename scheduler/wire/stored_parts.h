// Parts that several events have in common.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include "scheduler/wire/stored_tables.h"

namespace gusu::wire {

using StoredLabels = google::protobuf::RepeatedPtrField<storage::Label>;
using StoredTasks = google::protobuf::RepeatedPtrField<storage::PlacedTask>;

// stored_tenants.cc
void write_labels(const core::Labels& labels, StoredLabels& records);
core::Labels read_labels(const StoredLabels& records);
void write_profile(const core::SliceProfile& profile, storage::SliceProfile& record);
core::SliceProfile read_profile(const storage::SliceProfile& record);

// stored_placements.cc
storage::Hold stored_hold(core::Hold hold);
void write_ending(const core::Ending& ending, storage::Ending& record);
core::Ending read_ending(const storage::Ending& record, StoredReader& reader);
void write_task_state(const core::TaskState& state, storage::TaskState& record);
core::TaskState read_task_state(const storage::TaskState& record, StoredReader& reader);
void write_tasks(const std::vector<core::PlacedTask>& tasks, StoredTasks& records);
std::vector<core::PlacedTask> read_tasks(const StoredTasks& records, StoredReader& reader);

// stored_specs.cc
void write_demand(const core::Demand& demand, storage::Demand& record);
core::Demand read_demand(const storage::Demand& record, StoredReader& reader);
// Without its demand.
void write_spec(const core::JobSpec& spec, storage::JobSpec& record);
core::JobSpec read_spec(const storage::JobSpec& record, StoredReader& reader);

}  // namespace gusu::wire
