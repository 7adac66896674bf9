#include "scheduler/store/postgres_schema.h"

namespace gusu::store {
namespace {

constexpr std::int64_t kVersion = 1;

// As in sqlite_schema.cc, and:
// store: its version, and an identity that no other store has.
// leadership: its one row says who leads in which term, and until when without saying so again.
// require_term: ends the transaction of a scheduler that no longer leads, and of one that knows of
// records the store has lost. The lock makes whoever takes the lease wait for the commit.
//
// Paths of tenants are compared byte by byte. The lock of the first statement is for two schedulers
// that start at once.
constexpr const char* kTables = R"(
BEGIN;
SELECT pg_advisory_xact_lock(1735750517);
CREATE TABLE IF NOT EXISTS store (
    version BIGINT NOT NULL,
    identity TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS journal (
    sequence BIGINT PRIMARY KEY,
    term BIGINT NOT NULL,
    at BIGINT NOT NULL,
    count BIGINT NOT NULL,
    events BYTEA NOT NULL
);
CREATE TABLE IF NOT EXISTS snapshot (
    part BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sequence BIGINT NOT NULL,
    events BYTEA NOT NULL
);
CREATE TABLE IF NOT EXISTS job_history (
    job BIGINT PRIMARY KEY,
    "array" BIGINT NOT NULL,
    array_index BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    "user" TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    message BYTEA NOT NULL
);
CREATE INDEX IF NOT EXISTS job_history_by_tenant ON job_history (tenant, job);
CREATE INDEX IF NOT EXISTS job_history_by_user ON job_history ("user", job);
CREATE INDEX IF NOT EXISTS job_history_by_end ON job_history (ended);
CREATE INDEX IF NOT EXISTS job_history_by_element ON job_history ("array", array_index)
    WHERE "array" != 0;
CREATE TABLE IF NOT EXISTS usage (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job BIGINT NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    "user" TEXT COLLATE "C" NOT NULL,
    accelerator TEXT COLLATE "C" NOT NULL,
    milli_gpus BIGINT NOT NULL,
    milli_cpus BIGINT NOT NULL,
    held_from BIGINT NOT NULL,
    held_until BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS usage_by_end ON usage (held_until);
CREATE INDEX IF NOT EXISTS usage_by_tenant ON usage (tenant, held_until);
CREATE TABLE IF NOT EXISTS leadership (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    term BIGINT NOT NULL,
    holder TEXT NOT NULL,
    expires TIMESTAMPTZ NOT NULL,
    released BOOLEAN NOT NULL
);
CREATE OR REPLACE FUNCTION require_term(mine BIGINT, previous BIGINT) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    newest BIGINT;
BEGIN
    PERFORM 1 FROM leadership WHERE term = mine FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'GU001', MESSAGE =
            (SELECT format('term %s is over: %s leads in term %s', mine, holder, term)
             FROM leadership);
    END IF;
    SELECT greatest((SELECT coalesce(max(sequence), 0) FROM journal),
                    (SELECT coalesce(max(sequence), 0) FROM snapshot)) INTO newest;
    IF newest != previous THEN
        RAISE EXCEPTION USING ERRCODE = 'GU002', MESSAGE = format(
            'the store ends at record %s and record %s was acknowledged: it has lost records; '
            'bring back the server that has them', newest, previous);
    END IF;
END $$;
INSERT INTO store SELECT 1, gen_random_uuid() WHERE NOT EXISTS (SELECT FROM store);
INSERT INTO leadership VALUES (1, 0, '', clock_timestamp(), true) ON CONFLICT DO NOTHING;
COMMIT;
)";

struct Found {
    std::int64_t version = 0;
    std::string identity;
};

Result<Found> look(PostgresConnection& connection) {
    const auto there =
        read_integer(connection, "SELECT (to_regclass('leadership') IS NOT NULL)::int");
    if (!there || *there == 0) {
        return there ? Result<Found>(Found{}) : there.error();
    }
    Found found;
    const Status read =
        connection.read("SELECT version, identity FROM store", {}, [&found](const Row& row) {
            found = {.version = row.integer(0), .identity = row.text(1)};
            return Status(Done{});
        });
    return read ? Result<Found>(found) : read.error();
}

}  // namespace

Result<std::string> prepare_schema(PostgresConnection& connection) {
    const auto keeps = read_integer(connection, "SELECT (current_setting('fsync') = 'on')::int");
    if (!keeps) {
        return keeps.error();
    }
    if (*keeps == 0) {
        return Error{ErrorCode::FailedPrecondition,
                     "this PostgreSQL has fsync = off and would lose acknowledged jobs with the "
                     "power; set fsync = on"};
    }
    auto found = look(connection);
    if (found && found->identity.empty()) {
        if (Status made = connection.run(kTables); !made) {
            // Whoever tries again does so on a fresh connection, without this transaction.
            connection.close();
            return made.error();
        }
        found = look(connection);
    }
    if (!found) {
        return found.error();
    }
    if (found->version != kVersion) {
        return Error{ErrorCode::FailedPrecondition,
                     "the store in PostgreSQL has version " + std::to_string(found->version) +
                         " and this gusu-scheduler knows up to " + std::to_string(kVersion) +
                         "; run the newer gusu-scheduler that wrote it"};
    }
    return found->identity;
}

std::string writer_name(const std::string& identity, std::uint64_t term) {
    return "gusu " + identity + " " + std::to_string(term);
}

}  // namespace gusu::store
