#include "scheduler/store/copy.h"

#include "scheduler/store/history.h"
#include "scheduler/store/records.h"
#include "scheduler/wire/event_codec.h"

namespace gusu::store {
namespace {

// Rows and records that are stored in one transaction.
constexpr std::size_t kAtOnce = 500;
// More ids and epochs than a platform gives out between two backups.
constexpr std::uint64_t kApart = 1'000'000'000;

// Gathers batches, and appends them some at a time.
class Appender {
public:
    explicit Appender(Journal& journal) : journal_(journal) {}

    Status add(Batch batch) {
        batches_.push_back(std::move(batch));
        return batches_.size() < kAtOnce ? Status(Done{}) : flush();
    }

    Status flush() {
        std::vector<const Batch*> all;
        for (const Batch& batch : batches_) {
            all.push_back(&batch);
        }
        Status appended = all.empty() ? Status(Done{}) : journal_.append(all);
        batches_.clear();
        return appended;
    }

private:
    Journal& journal_;
    std::vector<Batch> batches_;
};

Status copy_records(RowSource& from, Appender& to, core::State& state) {
    Status read = read_records(from, [&](core::Events events) {
        for (const core::Event& event : events) {
            state.apply(event);
        }
        return to.add({.events = std::move(events), .history = {}, .usage = {}});
    });
    return read ? to.flush() : read;
}

Status copy_rows(RowSource& from, Appender& to) {
    Status read = read_history(from, [&to](HistoryRow row) {
        return to.add({.events = {}, .history = {std::move(row)}, .usage = {}});
    });
    if (read) {
        read = read_usage(from, [&to](UsageRecord row) {
            return to.add({.events = {}, .history = {}, .usage = {std::move(row)}});
        });
    }
    return read ? to.flush() : read;
}

Status leave_the_past(Appender& to, core::State& state) {
    const core::Event event{state.last_event(),
                            core::CountersRestored{.next_id = state.next_id() + kApart,
                                                   .epoch = state.epoch() + kApart}};
    state.apply(event);
    const Status added = to.add({.events = {event}, .history = {}, .usage = {}});
    return added ? to.flush() : added;
}

}  // namespace

Result<core::State> copy_store(RowSource& from, Journal& to, Copy copy) {
    core::State state;
    Appender appender(to);
    Status copied = copy_rows(from, appender);
    if (copied) {
        copied = copy_records(from, appender, state);
    }
    if (copied && copy == Copy::ReturnToThePast) {
        copied = leave_the_past(appender, state);
    }
    if (copied) {
        copied = to.write_snapshot(state.as_events());
    }
    return copied ? Result<core::State>(std::move(state)) : copied.error();
}

Result<Examined> examine(RowSource& source) {
    Examined examined;
    const Status read = read_records(source, [&examined](const core::Events& events) {
        ++examined.records;
        examined.events += events.size();
        for (const core::Event& event : events) {
            examined.state.apply(event);
        }
        return Status(Done{});
    });
    if (!read) {
        return read.error();
    }
    core::State restarted;
    std::uint64_t last = 0;
    const Status replayed = replay_records(
        source, last, [&restarted](const core::Event& event) { restarted.apply(event); });
    if (!replayed) {
        return replayed.error();
    }
    if (wire::encode_events(restarted.as_events()) !=
        wire::encode_events(examined.state.as_events())) {
        return Error{
            ErrorCode::Internal,
            "the snapshot and the records after it come to another state than all records; "
            "restore the journal from a backup"};
    }
    return examined;
}

}  // namespace gusu::store
