#include "scheduler/store/records.h"

#include <algorithm>
#include <span>
#include <utility>

#include "scheduler/wire/event_codec.h"

namespace gusu::store {
namespace {

// A part of a snapshot is read into memory at once; so is its decoded form.
constexpr std::size_t kMostPart = 4 << 20;
constexpr std::size_t kEventsAPart = 8192;

using Apply = std::function<void(const core::Event&)>;

Result<core::Events> decode(const std::string& what, const Row& row) {
    auto events = wire::decode_events(row.blob(1));
    if (!events) {
        return Error{events.error().code,
                     what + " " + std::to_string(row.integer(0)) + " " + events.error().message};
    }
    return events;
}

Status apply_all(const std::string& what, const Row& row, const Apply& apply) {
    const auto events = decode(what, row);
    if (!events) {
        return events.error();
    }
    std::ranges::for_each(*events, apply);
    return Done{};
}

Status require_next(const Row& row, std::uint64_t last) {
    if (static_cast<std::uint64_t>(row.integer(0)) == last + 1) {
        return Done{};
    }
    return Error{ErrorCode::Internal, "journal record " + std::to_string(last + 1) +
                                          " is missing; restore the journal from a backup"};
}

// Halves what comes out too large; a single event is stored whatever its size.
Status store_parts(std::span<const core::Event> events,
                   const std::function<Status(const std::string& part)>& store) {
    const std::string part = wire::encode_events(core::Events(events.begin(), events.end()));
    if (part.size() <= kMostPart || events.size() == 1) {
        return store(part);
    }
    const std::size_t half = events.size() / 2;
    Status status = store_parts(events.first(half), store);
    return status ? store_parts(events.subspan(half), store) : status;
}

}  // namespace

Result<JournalSize> size_of(RowSource& source) {
    JournalSize size;
    const Status read = source.read(
        "SELECT (SELECT coalesce(max(sequence), 0) FROM journal), "
        "(SELECT coalesce(max(sequence), 0) FROM snapshot), "
        "(SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM journal WHERE sequence > "
        "(SELECT coalesce(max(sequence), 0) FROM snapshot))",
        {}, [&size](const Row& row) {
            size.newest = static_cast<std::uint64_t>(std::max(row.integer(0), row.integer(1)));
            size.events_since_snapshot = static_cast<std::uint64_t>(row.integer(2));
            return Status(Done{});
        });
    return read ? Result<JournalSize>(size) : read.error();
}

Status replay_records(RowSource& source, std::uint64_t& last, const Apply& apply) {
    if (last == 0) {
        std::int64_t covered = 0;
        // One statement, so that all parts are of one snapshot.
        Status snapshot = source.read("SELECT part, events, sequence FROM snapshot ORDER BY part",
                                      {}, [&](const Row& row) {
                                          covered = row.integer(2);
                                          return apply_all("part of the snapshot", row, apply);
                                      });
        if (!snapshot) {
            return snapshot;
        }
        last = static_cast<std::uint64_t>(covered);
    }
    // Beginning with the record known already: a store that lacks it is not the one that was
    // followed.
    bool is_there = last == 0;
    Status read =
        source.read("SELECT sequence, events FROM journal WHERE sequence >= $1 ORDER BY sequence",
                    {static_cast<std::int64_t>(last)}, [&](const Row& row) {
                        if (!std::exchange(is_there, true) &&
                            static_cast<std::uint64_t>(row.integer(0)) == last) {
                            return Status(Done{});
                        }
                        Status next = require_next(row, last);
                        if (next) {
                            next = apply_all("journal record", row, apply);
                        }
                        last += next ? 1 : 0;
                        return next;
                    });
    if (read && !is_there) {
        return Error{ErrorCode::Internal,
                     "the journal ends before record " + std::to_string(last) +
                         ", which was there: an older state of it was brought back; see that it is "
                         "the right one, and bring it back by gusu admin restore"};
    }
    return read;
}

Status read_records(RowSource& source, const std::function<Status(core::Events events)>& take) {
    std::uint64_t last = 0;
    return source.read("SELECT sequence, events FROM journal ORDER BY sequence", {},
                       [&](const Row& row) {
                           if (Status next = require_next(row, last); !next) {
                               return next;
                           }
                           auto events = decode("journal record", row);
                           ++last;
                           return events ? take(std::move(*events)) : Status(events.error());
                       });
}

Status for_each_part(const core::Events& events,
                     const std::function<Status(const std::string& part)>& store) {
    const std::span<const core::Event> all(events);
    Status status = Done{};
    for (std::size_t first = 0; status && first < all.size(); first += kEventsAPart) {
        status = store_parts(all.subspan(first, std::min(kEventsAPart, all.size() - first)), store);
    }
    return status;
}

}  // namespace gusu::store
