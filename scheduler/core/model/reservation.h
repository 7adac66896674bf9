// Nodes set aside for some time: for the jobs of one tenant, or for nobody's while they are mended.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"

namespace gusu::core {

struct Reservation {
    std::string name;
    std::set<NodeId> nodes;
    Time starts;        // the window that is open, or the next one
    Duration lasts{0};  // above 0
    Duration every{0};  // from one window to the next, more than it lasts; 0: there is but one
    TenantId tenant;    // whose jobs, and those below it, may be there; none: nobody's
    std::string reason;
    std::string created_by;
    std::string request_id;  // with which it was asked for
    bool is_open = false;    // the window has begun

    Time ends() const { return starts + lasts; }

    friend bool operator==(const Reservation&, const Reservation&) = default;
};

// When the first window begins that ends after `now`; nullopt: there is none any more.
std::optional<Time> next_start(const Reservation& reservation, Time now);
// Whether windows of the two are ever open at once.
bool overlap(const Reservation& a, const Reservation& b);

// When a node is next not there for all: a window of a reservation, or from a planned drain on.
struct Window {
    Time begins;
    Time ends;                // kNever: of a drain
    TenantId tenant;          // whose jobs may be there all the same
    std::string reservation;  // its name; empty: a drain
};

}  // namespace gusu::core
