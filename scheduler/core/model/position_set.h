// A set of small numbers, lowest first: 262,144 at most in three steps, without allocation per
// member.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace gusu::core {

class PositionSet {
public:
    static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

    void insert(std::size_t position);
    // No harm if it is not there.
    void erase(std::size_t position);
    // The lowest member that is not below `from`; kNone if there is none.
    std::size_t next(std::size_t from) const { return next(from, 0); }

private:
    static constexpr std::size_t kLevels = 3;

    std::size_t next(std::size_t from, std::size_t level) const;

    // A bit of a level says whether the word below it has any.
    std::array<std::vector<std::uint64_t>, kLevels> words_;
};

}  // namespace gusu::core
