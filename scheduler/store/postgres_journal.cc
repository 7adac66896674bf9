#include "scheduler/store/postgres_journal.h"

#include "scheduler/base/check.h"
#include "scheduler/store/postgres_schema.h"
#include "scheduler/wire/event_codec.h"

namespace gusu::store {
namespace {

struct Prepared {
    const char* name;
    const char* sql;
};
constexpr Prepared kRequireTerm{"require_term", "SELECT require_term($1, $2)"};
constexpr Prepared kInsertEvents{"insert_events",
                                 "INSERT INTO journal VALUES ($1, $2, $3, $4, $5)"};
constexpr Prepared kInsertHistory{
    "insert_history",
    "INSERT INTO job_history VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (job) DO UPDATE "
    "SET \"array\" = $2, array_index = $3, ended = $4, tenant = $5, \"user\" = $6, state = $7, "
    "message = $8"};
constexpr Prepared kInsertUsage{
    "insert_usage",
    "INSERT INTO usage (job, tenant, \"user\", accelerator, milli_gpus, milli_cpus, held_from, "
    "held_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr Prepared kDeleteSnapshot{"delete_snapshot", "DELETE FROM snapshot"};
constexpr Prepared kInsertPart{"insert_part",
                               "INSERT INTO snapshot (sequence, events) VALUES ($1, $2)"};

std::int64_t number(std::uint64_t value) { return static_cast<std::int64_t>(value); }

Parameters parameters(const HistoryRow& row) {
    return Parameters()
        .add(number(row.job.value))
        .add(number(row.array.value))
        .add(std::int64_t{row.array_index})
        .add(to_milliseconds(row.ended))
        .add(row.tenant)
        .add(row.user)
        .add(row.state)
        .add_blob(row.job_message);
}

Parameters parameters(const UsageRecord& row) {
    return Parameters()
        .add(number(row.job.value))
        .add(row.tenant)
        .add(row.user)
        .add(row.accelerator)
        .add(row.milli_gpus)
        .add(row.milli_cpus)
        .add(to_milliseconds(row.from))
        .add(to_milliseconds(row.until));
}

// The last record that `batches` become after `newest`, and their events.
JournalSize with(JournalSize size, const std::vector<const Batch*>& batches) {
    for (const Batch* batch : batches) {
        size.newest += batch->events.empty() ? 0 : 1;
        size.events_since_snapshot += batch->events.size();
    }
    return size;
}

}  // namespace

PostgresJournal::PostgresJournal(const std::string& connection)
    : connection_({.connection = connection,
                   .prepare = [this](PostgresConnection& fresh) { return prepare(fresh); }}) {}

Status PostgresJournal::prepare(PostgresConnection& connection) {
    const auto identity = prepare_schema(connection);
    if (!identity) {
        return identity.error();
    }
    for (const Prepared& statement : {kRequireTerm, kInsertEvents, kInsertHistory, kInsertUsage,
                                      kDeleteSnapshot, kInsertPart}) {
        if (Status prepared = connection.prepare(statement.name, statement.sql); !prepared) {
            return prepared;
        }
    }
    return term_ == 0 ? Status(Done{})
                      : connection.run("SET synchronous_commit = on; SET application_name = '" +
                                       writer_name(*identity, term_) + "'");
}

Status PostgresJournal::lead(std::uint64_t term) {
    term_ = term;
    const auto size = size_of(connection_);
    if (!size) {
        return size.error();
    }
    size_ = *size;
    // Under the name of this term; see writer_name().
    connection_.close();
    return connection_.connect();
}

Status PostgresJournal::replay(std::uint64_t& last,
                               const std::function<void(const core::Event&)>& apply) {
    return replay_records(connection_, last, apply);
}

void PostgresJournal::queue_batch(const Batch& batch, std::uint64_t sequence) {
    if (!batch.events.empty()) {
        const std::string blob = wire::encode_events(batch.events);
        connection_.queue(kInsertEvents.name, Parameters()
                                                  .add(number(sequence))
                                                  .add(number(term_))
                                                  .add(to_milliseconds(batch.events.front().at))
                                                  .add(number(batch.events.size()))
                                                  .add_blob(blob));
    }
    for (const HistoryRow& row : batch.history) {
        connection_.queue(kInsertHistory.name, parameters(row));
    }
    for (const UsageRecord& row : batch.usage) {
        connection_.queue(kInsertUsage.name, parameters(row));
    }
}

// Nobody else writes records of this term.
Result<bool> PostgresJournal::was_stored(std::uint64_t newest) {
    const auto found =
        read_integer(connection_, "SELECT count(*) FROM journal WHERE sequence = $1 AND term = $2",
                     {number(newest), number(term_)});
    return found ? Result<bool>(*found > 0) : found.error();
}

Status PostgresJournal::append(const std::vector<const Batch*>& batches) {
    check(term_ != 0, "only who leads appends");
    if (over_) {
        return *over_;
    }
    if (Status connected = connection_.connect(); !connected) {
        return connected;
    }
    const JournalSize after = with(size_, batches);
    if (unsure_of_ != 0) {
        check(unsure_of_ == after.newest, "an append of which no answer came is tried again");
        const auto stored = was_stored(unsure_of_);
        if (!stored) {
            return stored.error();
        }
        if (*stored) {
            unsure_of_ = 0;
            size_ = after;
            return Done{};
        }
    }
    connection_.queue(kRequireTerm.name, Parameters().add(number(term_)).add(number(size_.newest)));
    std::uint64_t sequence = size_.newest;
    for (const Batch* batch : batches) {
        sequence += batch->events.empty() ? 0 : 1;
        queue_batch(*batch, sequence);
    }
    const PostgresConnection::End end = connection_.commit();
    if (end.status) {
        unsure_of_ = 0;
        size_ = after;
    } else if (end.sql_state == kNotLeader) {
        over_ = end.status.error();
    } else if (end.outcome == PostgresConnection::Outcome::Unknown) {
        unsure_of_ = after.newest;
    }
    return end.status;
}

Status PostgresJournal::write_snapshot(const core::Events& events) {
    check(term_ != 0, "only who leads writes a snapshot");
    if (Status connected = connection_.connect(); !connected) {
        return connected;
    }
    connection_.queue(kRequireTerm.name, Parameters().add(number(term_)).add(number(size_.newest)));
    connection_.queue(kDeleteSnapshot.name, {});
    const Status queued = for_each_part(events, [this](const std::string& part) {
        connection_.queue(kInsertPart.name, Parameters().add(number(size_.newest)).add_blob(part));
        return Status(Done{});
    });
    check(queued.ok(), "queueing does not fail");
    const PostgresConnection::End end = connection_.commit();
    size_.events_since_snapshot = end.status ? 0 : size_.events_since_snapshot;
    return end.status;
}

}  // namespace gusu::store
