// The journal in PostgreSQL, for several schedulers of which one leads. Whoever follows it opens it
// and replays; only after lead() may it append, and every append asks in its own transaction
// whether that term is still the one in force.
//
// It connects again by itself. When a connection breaks while a commit is under way, the next
// append first finds out whether that commit was stored.
#pragma once

#include <optional>
#include <string>

#include "scheduler/store/journal.h"
#include "scheduler/store/postgres.h"
#include "scheduler/store/records.h"

namespace gusu::store {

class PostgresJournal final : public Journal {
public:
    // Connects when it is first used, and makes the tables if there are none.
    explicit PostgresJournal(const std::string& connection);

    // By the holder of the lease of this term (postgres_lease.h).
    Status lead(std::uint64_t term);
    // The last record; known since lead().
    std::uint64_t newest() const { return size_.newest; }

    Status replay(std::uint64_t& last,
                  const std::function<void(const core::Event&)>& apply) override;
    Status append(const std::vector<const Batch*>& batches) override;
    Status write_snapshot(const core::Events& events) override;
    std::uint64_t events_since_snapshot() const override { return size_.events_since_snapshot; }

private:
    Status prepare(PostgresConnection& connection);
    Result<bool> was_stored(std::uint64_t newest);
    void queue_batch(const Batch& batch, std::uint64_t sequence);

    PostgresConnection connection_;
    std::uint64_t term_ = 0;  // none: it only follows
    JournalSize size_;
    // The last record of a commit of which no answer came. Until it is found stored it may still
    // be under way.
    std::uint64_t unsure_of_ = 0;
    std::optional<Error> over_;  // the term is
};

}  // namespace gusu::store
