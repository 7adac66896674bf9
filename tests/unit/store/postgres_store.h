// A store in the PostgreSQL that GUSU_TEST_POSTGRESQL names (tests/ha/postgresql.py starts one).
#pragma once

#include <string>

#include "scheduler/store/postgres.h"

namespace gusu::store {

// A schema of its own, gone afterwards.
class PostgresSchema {
public:
    PostgresSchema();
    ~PostgresSchema();
    PostgresSchema(const PostgresSchema&) = delete;
    PostgresSchema& operator=(const PostgresSchema&) = delete;

    // Leads into it.
    const std::string& connection() const { return connection_; }
    void change(const std::string& sql);
    std::int64_t number(const std::string& sql);

private:
    std::string name_;
    std::string connection_;
    PostgresConnection own_;
};

}  // namespace gusu::store
