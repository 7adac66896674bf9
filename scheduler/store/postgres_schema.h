// The tables of the journal in PostgreSQL, and their version.
#pragma once

#include <string>

#include "scheduler/store/postgres.h"

namespace gusu::store {

// Makes the tables if there are none. Refuses those of a newer version, and a server that would
// lose what it has acknowledged (fsync = off). Gives the store's identity, made with the tables.
Result<std::string> prepare_schema(PostgresConnection& connection);

// What the connection that writes in this term calls itself to PostgreSQL (application_name), so
// that the next holder of the lease can end one that hangs in the middle of a commit.
std::string writer_name(const std::string& identity, std::uint64_t term);

}  // namespace gusu::store
