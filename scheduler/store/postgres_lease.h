// Who leads: one row in PostgreSQL with a term that grows with every change of hands, and the time
// until which its holder leads without saying so again, by PostgreSQL's own clock. Two schedulers
// may believe that they lead; the term, which every append asks for, lets only one of them write.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "scheduler/base/result.h"
#include "scheduler/store/postgres.h"

namespace gusu::store {

class PostgresLease {
public:
    struct Options {
        std::string connection;
        std::string address;  // "host:port", where others find its holder
        std::chrono::milliseconds length{5'000};
        // Longest wait for an answer: no longer than the lease is, or it runs out meanwhile.
        std::chrono::milliseconds patience{2'000};
    };
    explicit PostgresLease(Options options);

    enum class Predecessor {
        Released,  // it, or nobody, said that it leads no more
        Silent     // it may not know yet that it leads no more
    };
    struct Taken {
        std::uint64_t term = 0;
        Predecessor predecessor = Predecessor::Released;
    };
    // Takes it if it has run out. Ends what the one before has under way.
    Result<std::optional<Taken>> take();
    // False: somebody else has taken it since.
    Result<bool> renew();
    // So that the next one need not wait.
    Status release();

    // Who held it when take() last looked; empty: nobody.
    const std::string& holder() const { return holder_; }

private:
    PostgresConnection connection_;
    Options options_;
    std::string identity_;
    std::string holder_;
    std::uint64_t term_ = 0;
};

}  // namespace gusu::store
