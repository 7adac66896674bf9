#include "scheduler/store/postgres_lease.h"

#include "scheduler/store/postgres_schema.h"

namespace gusu::store {
namespace {

struct Seen {
    std::int64_t term = 0;
    std::string holder;
    bool has_run_out = false;
    bool was_released = false;
};

Result<Seen> look(PostgresConnection& connection) {
    Seen seen;
    const Status read = connection.read(
        "SELECT term, holder, expires <= clock_timestamp(), released FROM leadership", {},
        [&seen](const Row& row) {
            seen = {.term = row.integer(0),
                    .holder = row.text(1),
                    .has_run_out = row.integer(2) != 0,
                    .was_released = row.integer(3) != 0};
            return Status(Done{});
        });
    return read ? Result<Seen>(seen) : read.error();
}

}  // namespace

PostgresLease::PostgresLease(Options options)
    : connection_({.connection = options.connection,
                   .patience = options.patience,
                   .prepare = [this](PostgresConnection& fresh) -> Status {
                       auto identity = prepare_schema(fresh);
                       if (!identity) {
                           return identity.error();
                       }
                       identity_ = std::move(*identity);
                       return Done{};
                   }}),
      options_(std::move(options)) {}

Result<std::optional<PostgresLease::Taken>> PostgresLease::take() {
    const auto seen = look(connection_);
    if (!seen) {
        return seen.error();
    }
    holder_ = seen->was_released ? "" : seen->holder;
    if (!seen->has_run_out) {
        return std::optional<Taken>();
    }
    const Status ended = connection_.read(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND "
        "usename = current_user",
        {writer_name(identity_, static_cast<std::uint64_t>(seen->term))},
        [](const Row&) { return Status(Done{}); });
    if (!ended) {
        return ended.error();
    }
    const auto term = read_integer(
        connection_,
        "UPDATE leadership SET term = term + 1, holder = $1, released = false, expires = "
        "clock_timestamp() + $2::bigint * interval '1 millisecond' WHERE term = $3 AND expires <= "
        "clock_timestamp() RETURNING term",
        {options_.address, std::int64_t{options_.length.count()}, seen->term});
    if (!term) {
        return term.error();
    }
    if (*term == 0) {
        return std::optional<Taken>();  // another was quicker
    }
    term_ = static_cast<std::uint64_t>(*term);
    holder_ = options_.address;
    return std::optional(
        Taken{.term = term_,
              .predecessor = seen->was_released ? Predecessor::Released : Predecessor::Silent});
}

Result<bool> PostgresLease::renew() {
    const auto term =
        read_integer(connection_,
                     "UPDATE leadership SET expires = clock_timestamp() + $1::bigint * interval '1 "
                     "millisecond' WHERE term = $2 RETURNING term",
                     {std::int64_t{options_.length.count()}, static_cast<std::int64_t>(term_)});
    return term ? Result<bool>(*term != 0) : term.error();
}

Status PostgresLease::release() {
    const auto term = read_integer(connection_,
                                   "UPDATE leadership SET expires = clock_timestamp(), released = "
                                   "true WHERE term = $1 RETURNING term",
                                   {static_cast<std::int64_t>(term_)});
    return term ? Status(Done{}) : term.error();
}

}  // namespace gusu::store
