// What both journals have in common: how records and snapshots are read, how they are cut.
#pragma once

#include <functional>
#include <string>

#include "scheduler/core/event.h"
#include "scheduler/store/rows.h"

namespace gusu::store {

// The number of the last record, and of the events since the newest snapshot.
struct JournalSize {
    std::uint64_t newest = 0;
    std::uint64_t events_since_snapshot = 0;
};
Result<JournalSize> size_of(RowSource& source);

// Journal::replay().
Status replay_records(RowSource& source, std::uint64_t& last,
                      const std::function<void(const core::Event&)>& apply);

// Every record there ever was, whatever the snapshot stands for.
Status read_records(RowSource& source, const std::function<Status(core::Events events)>& take);

// Gives `events`, encoded, in parts that can be read into memory at once.
Status for_each_part(const core::Events& events,
                     const std::function<Status(const std::string& part)>& store);

}  // namespace gusu::store
