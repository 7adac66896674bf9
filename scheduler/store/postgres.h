// A thin cover over libpq: connections that come back by themselves, statements that go out
// together, a limit to every wait, and PostgreSQL's errors as ours.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/store/rows.h"

namespace gusu::store {

// Whether libpq understands it.
Status check_connection_string(const std::string& text);

// What require_term() of the schema raises when the term is over.
inline constexpr const char* kNotLeader = "GU001";

// The values of one statement. Blobs and texts must live until the statement is sent.
class Parameters {
public:
    Parameters& add(std::int64_t number);
    Parameters& add(std::string_view text);
    Parameters& add_blob(std::string_view bytes);

private:
    friend class PostgresConnection;
    struct One {
        std::string number;  // empty: `bytes` counts
        std::string_view bytes;
        bool is_blob = false;
    };
    std::vector<One> all_;
};

class PostgresConnection final : public RowSource {
public:
    struct Options {
        std::string connection;  // as libpq takes it
        // Longest wait for one answer; after it the connection is given up.
        std::chrono::milliseconds patience{10'000};
        // Run each time it has connected, before anything else.
        std::function<Status(PostgresConnection&)> prepare = nullptr;
    };
    explicit PostgresConnection(Options options) : options_(std::move(options)) {}

    // Does nothing while it is connected. What cannot be reached is Unavailable.
    Status connect();
    void close() { connection_.reset(); }

    // Connects if need be.
    Status read(const std::string& sql, const std::vector<Value>& values,
                const std::function<Status(const Row&)>& take) override;
    // Statements without values, in one transaction.
    Status run(const std::string& sql);
    Status prepare(const std::string& name, const std::string& sql);

    // How a group of statements ended. Unknown: the connection broke before the answer came, and it
    // may have been stored or not.
    enum class Outcome { Stored, Refused, Unknown };
    struct End {
        Outcome outcome;
        Status status;
        std::string sql_state = {};
    };
    // queue() prepared statements one by one; commit() sends them together, and all are stored or
    // none. Both only while connected.
    void queue(const std::string& name, const Parameters& parameters);
    End commit();

private:
    struct Close {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    // Null at the end of the answers to one statement. An error is the connection's end.
    Result<std::shared_ptr<PGresult>> next_answer();
    Status wait_for_input(std::chrono::steady_clock::time_point until);
    Error lose(const std::string& why);
    // Reads to the end of one statement; its first error, if there was one.
    Result<std::shared_ptr<PGresult>> first_error();

    Options options_;
    std::unique_ptr<PGconn, Close> connection_;
    int queued_ = 0;
    std::string failed_queueing_;
};

}  // namespace gusu::store
