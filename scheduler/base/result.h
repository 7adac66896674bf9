// Result<T>: a value, or an Error with a code from a closed list and a message that gives the
// numbers and the remedy.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "scheduler/base/check.h"

namespace gusu {

enum class ErrorCode {
    InvalidArgument,     // the request itself is wrong; saying it again will not help
    NotFound,            // no such thing, or not yours to see
    AlreadyExists,       // the name is taken
    QuotaExceeded,       // a limit of the tenant or user stands against it
    FailedPrecondition,  // right request, wrong state (a finished job cannot be held)
    NotAllowed,          // the caller has no right to do this
    Unauthenticated,     // nobody knows who the caller is
    Unavailable,         // not now: try again with the same request id
    Internal,            // a library or the system failed us
};

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message;

    friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return content_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() {
        check(ok(), "a result is asked for its value only when it has one");
        return std::get<0>(content_);
    }
    const T& value() const {
        check(ok(), "a result is asked for its value only when it has one");
        return std::get<0>(content_);
    }
    const Error& error() const {
        check(!ok(), "a result is asked for its error only when it has one");
        return std::get<1>(content_);
    }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

private:
    std::variant<T, Error> content_;
};

// For operations that only succeed or fail.
struct Done {
    friend bool operator==(const Done&, const Done&) = default;
};
using Status = Result<Done>;

}  // namespace gusu
