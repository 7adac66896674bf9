#include "scheduler/store/postgres.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "scheduler/base/check.h"
#include "scheduler/base/text.h"

namespace gusu::store {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kBinary = 1;
constexpr const char* kConnectSeconds = "5";

// libpq's messages have several lines.
std::string one_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
        text.pop_back();
    }
    std::ranges::replace(text, '\n', ' ');
    std::ranges::replace(text, '\t', ' ');
    return text;
}

std::string state_of(const PGresult* result) {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state == nullptr ? "" : state;
}

// By the classes of PostgreSQL's appendix "Error Codes": what time, space or an administrator
// cures is Unavailable.
ErrorCode code_of(const std::string& state) {
    if (state == kNotLeader) {
        return ErrorCode::FailedPrecondition;
    }
    constexpr std::array kMayGetWell{"08", "25", "40", "53", "55", "57", "58"};
    const bool may = std::ranges::any_of(
        kMayGetWell, [&](const char* begin) { return state.starts_with(begin); });
    return may ? ErrorCode::Unavailable : ErrorCode::Internal;
}

Error error_of(const PGresult* result) {
    const std::string state = state_of(result);
    const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    std::string message =
        one_line(primary == nullptr ? PQresultErrorMessage(result) : std::string(primary));
    if (state.starts_with("53")) {
        message += "; make room on the machine of PostgreSQL";
    } else if (state == "25006") {
        message += "; name the primary, or add target_session_attrs=read-write to the connection";
    }
    return {code_of(state), "PostgreSQL: " + message + " (" + state + ")"};
}

bool is_error(const PGresult* result) {
    switch (PQresultStatus(result)) {
        case PGRES_FATAL_ERROR:
        case PGRES_BAD_RESPONSE:
        case PGRES_PIPELINE_ABORTED:
            return true;
        default:
            return false;
    }
}

// One row of a result in binary form.
class PostgresRow final : public Row {
public:
    explicit PostgresRow(const PGresult* result) : result_(result) {}

    std::int64_t integer(int column) const override {
        const std::string_view bytes = blob(column);
        const bool is_negative = !bytes.empty() && (bytes.front() & 0x80) != 0;
        std::uint64_t number = is_negative ? ~std::uint64_t{0} : 0;
        for (const char byte : bytes) {
            number = number << 8 | static_cast<unsigned char>(byte);
        }
        return static_cast<std::int64_t>(number);
    }
    std::string text(int column) const override { return std::string(blob(column)); }
    std::string_view blob(int column) const override {
        return {PQgetvalue(result_, 0, column),
                static_cast<std::size_t>(PQgetlength(result_, 0, column))};
    }

private:
    const PGresult* result_;
};

}  // namespace

Status check_connection_string(const std::string& text) {
    char* why = nullptr;
    PQconninfoOption* parsed = PQconninfoParse(text.c_str(), &why);
    const std::string problem = why == nullptr ? "" : one_line(why);
    PQfreemem(why);
    if (parsed == nullptr) {
        return Error{ErrorCode::InvalidArgument, problem};
    }
    PQconninfoFree(parsed);
    return Done{};
}

Parameters& Parameters::add(std::int64_t number) {
    all_.push_back({.number = std::to_string(number), .bytes = {}});
    return *this;
}

// Ends where its view ends only as a blob; the server takes text of any length as binary, too.
Parameters& Parameters::add(std::string_view text) { return add_blob(text); }

Parameters& Parameters::add_blob(std::string_view bytes) {
    all_.push_back({.number = {}, .bytes = bytes, .is_blob = true});
    return *this;
}

Status PostgresConnection::connect() {
    if (connection_ != nullptr) {
        return Done{};
    }
    // What the configuration says comes last and counts.
    const char* const names[] = {"connect_timeout", "application_name", "dbname", nullptr};
    const char* const values[] = {kConnectSeconds, "gusu-scheduler", options_.connection.c_str(),
                                  nullptr};
    connection_.reset(PQconnectdbParams(names, values, /*expand_dbname=*/1));
    if (connection_ == nullptr || PQstatus(connection_.get()) != CONNECTION_OK) {
        return lose(connection_ == nullptr ? "no memory" : PQerrorMessage(connection_.get()));
    }
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    PQsetnonblocking(connection_.get(), 1);
    queued_ = 0;
    failed_queueing_.clear();
    if (options_.prepare) {
        if (Status prepared = options_.prepare(*this); !prepared) {
            connection_.reset();
            return prepared;
        }
    }
    return Done{};
}

Error PostgresConnection::lose(const std::string& why) {
    connection_.reset();
    queued_ = 0;
    return {ErrorCode::Unavailable, "PostgreSQL cannot be reached: " + one_line(why) +
                                        "; see that it runs and that store.postgresql is right"};
}

Status PostgresConnection::wait_for_input(Clock::time_point until) {
    PGconn* connection = connection_.get();
    while (PQisBusy(connection) != 0) {
        const int unsent = PQflush(connection);
        if (unsent < 0) {
            return lose(PQerrorMessage(connection));
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
        if (left.count() <= 0) {
            return lose("no answer within " + std::to_string(options_.patience.count()) + " ms");
        }
        pollfd socket{.fd = PQsocket(connection),
                      .events = static_cast<short>(unsent > 0 ? POLLIN | POLLOUT : POLLIN),
                      .revents = 0};
        const int ready = poll(&socket, 1, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) {
            return lose(std::strerror(errno));
        }
        if (ready > 0 && PQconsumeInput(connection) == 0) {
            return lose(PQerrorMessage(connection));
        }
    }
    return Done{};
}

Result<std::shared_ptr<PGresult>> PostgresConnection::next_answer() {
    if (Status waited = wait_for_input(Clock::now() + options_.patience); !waited) {
        return waited.error();
    }
    std::shared_ptr<PGresult> answer(PQgetResult(connection_.get()), PQclear);
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
        return lose(PQerrorMessage(connection_.get()));
    }
    return answer;
}

Result<std::shared_ptr<PGresult>> PostgresConnection::first_error() {
    std::shared_ptr<PGresult> error;
    for (;;) {
        auto answer = next_answer();
        if (!answer) {
            return answer.error();
        }
        if (*answer == nullptr) {
            return error;
        }
        if (error == nullptr && is_error(answer->get())) {
            error = *answer;
        }
    }
}

Status PostgresConnection::read(const std::string& sql, const std::vector<Value>& values,
                                const std::function<Status(const Row&)>& take) {
    if (Status connected = connect(); !connected) {
        return connected;
    }
    std::vector<std::string> texts;
    for (const Value& value : values) {
        const auto* text = std::get_if<std::string>(&value);
        texts.push_back(text != nullptr ? *text : std::to_string(std::get<std::int64_t>(value)));
    }
    std::vector<const char*> pointers;
    for (const std::string& text : texts) {
        pointers.push_back(text.c_str());
    }
    if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(pointers.size()),
                          nullptr, pointers.data(), nullptr, nullptr, kBinary) == 0 ||
        PQsetSingleRowMode(connection_.get()) == 0) {
        return lose(PQerrorMessage(connection_.get()));
    }
    Status status = Done{};
    for (;;) {
        auto answer = next_answer();
        if (!answer) {
            return answer.error();
        }
        if (*answer == nullptr) {
            return status;
        }
        if (status && is_error(answer->get())) {
            status = error_of(answer->get());
        } else if (status && PQresultStatus(answer->get()) == PGRES_SINGLE_TUPLE) {
            status = take(PostgresRow(answer->get()));
        }
    }
}

Status PostgresConnection::run(const std::string& sql) {
    if (Status connected = connect(); !connected) {
        return connected;
    }
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
        return lose(PQerrorMessage(connection_.get()));
    }
    const auto error = first_error();
    if (!error || *error == nullptr) {
        return error ? Status(Done{}) : error.error();
    }
    return error_of(error->get());
}

Status PostgresConnection::prepare(const std::string& name, const std::string& sql) {
    if (PQsendPrepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr) == 0) {
        return lose(PQerrorMessage(connection_.get()));
    }
    const auto error = first_error();
    if (!error || *error == nullptr) {
        return error ? Status(Done{}) : error.error();
    }
    return error_of(error->get());
}

void PostgresConnection::queue(const std::string& name, const Parameters& parameters) {
    check(connection_ != nullptr, "statements are queued on an open connection");
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
    for (const Parameters::One& one : parameters.all_) {
        // A null pointer would be NULL; an empty view may have one.
        values.push_back(one.is_blob ? (one.bytes.empty() ? "" : one.bytes.data())
                                     : one.number.c_str());
        lengths.push_back(static_cast<int>(one.bytes.size()));
        formats.push_back(one.is_blob ? kBinary : 0);
    }
    if (queued_ == 0) {
        PQenterPipelineMode(connection_.get());
    }
    if (PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(values.size()),
                            values.data(), lengths.data(), formats.data(), kBinary) == 0) {
        failed_queueing_ = PQerrorMessage(connection_.get());
    }
    ++queued_;
}

PostgresConnection::End PostgresConnection::commit() {
    check(connection_ != nullptr, "statements are committed on an open connection");
    if (!failed_queueing_.empty()) {
        // Without its end nothing of a pipeline is stored.
        return {Outcome::Refused, lose(failed_queueing_)};
    }
    if (PQpipelineSync(connection_.get()) == 0) {
        return {Outcome::Unknown, lose(PQerrorMessage(connection_.get()))};
    }
    std::shared_ptr<PGresult> first;
    // A null answer ends each statement. The commit comes with the synchronization, and may fail.
    for (int ends_left = queued_ + 2; ends_left > 0;) {
        const auto answer = next_answer();
        if (!answer) {
            return {Outcome::Unknown, answer.error()};
        }
        if (*answer == nullptr) {
            --ends_left;
        } else if (PQresultStatus(answer->get()) == PGRES_PIPELINE_SYNC) {
            break;
        } else if (first == nullptr && is_error(answer->get())) {
            first = *answer;
        }
    }
    queued_ = 0;
    if (PQexitPipelineMode(connection_.get()) == 0) {
        return {Outcome::Unknown, lose("the answers have no end")};
    }
    if (first != nullptr) {
        return {Outcome::Refused, error_of(first.get()), state_of(first.get())};
    }
    return {Outcome::Stored, Done{}};
}

}  // namespace gusu::store
