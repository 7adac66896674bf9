// Ids are types: a NodeId cannot be passed where a JobId is meant.
//
// All ids are 64-bit, given in strictly increasing order by the core and never reused. 0 is "none".
#pragma once

#include <compare>
#include <cstdint>

namespace gusu {

template <typename Tag>
struct Id {
    std::uint64_t value = 0;

    explicit operator bool() const { return value != 0; }
    friend auto operator<=>(const Id&, const Id&) = default;
};

using JobId = Id<struct JobTag>;
using NodeId = Id<struct NodeTag>;
using TenantId = Id<struct TenantTag>;
// One placement of a job on nodes; a job placed again gets a new one.
using IncarnationId = Id<struct IncarnationTag>;

}  // namespace gusu
