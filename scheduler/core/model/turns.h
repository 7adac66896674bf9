// Whose turn it is among waiting classes of one shape: a tree as the tenants', ordered at every
// level by what each sibling has a right to. Finding the first costs one step a level, and so does
// putting a tenant elsewhere when its use changes.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "scheduler/core/model/job.h"

namespace gusu::core {

using DemandPointer = std::shared_ptr<const Demand>;

// A tenant's place among its siblings, the smallest first: who borrows nothing by the job goes
// before who does; then who uses less of its guarantee, or has borrowed less lately.
struct TenantTurn {
    bool borrows = false;
    std::int64_t share = 0;
    TenantId tenant;

    friend auto operator<=>(const TenantTurn&, const TenantTurn&) = default;
};

// A job's place in its class: who was served less, then who needs the least work, then first come.
struct JobTurn {
    int lane = 0;
    int work = 0;  // expected until its end, in half doublings
    JobId job;

    friend auto operator<=>(const JobTurn&, const JobTurn&) = default;
};

// A class's place in its tenant: priority, then its first job's place.
struct ClassTurn {
    int priority_down = 0;  // 0 is the highest
    JobTurn first;

    friend auto operator<=>(const ClassTurn&, const ClassTurn&) = default;
};

// From the top of the tree to the tenant.
using TenantPath = std::vector<TenantTurn>;

class Turns {
public:
    // A class with its whole place: compares with those of other shapes.
    struct Head {
        TenantPath path;
        ClassTurn turn;
        DemandPointer demand;

        bool goes_before(const Head& other) const {
            return path != other.path ? path < other.path : turn < other.turn;
        }
    };

    bool empty() const { return nodes_.empty(); }
    // nullptr if nothing of it or below it waits here.
    const TenantTurn* turn_of(TenantId tenant) const;
    // Of the tenant itself; none if none of its classes is here.
    std::optional<ClassTurn> first_of(TenantId tenant) const;

    void add(const TenantPath& path, const ClassTurn& turn, const DemandPointer& demand);
    void remove(TenantId tenant, const ClassTurn& turn);
    // No harm if nothing of it or below it waits here.
    void put(const TenantTurn& turn);

    // Must not be empty.
    Head first() const;
    // Past those that are not wanted.
    std::optional<Head> first_that(const std::function<bool(const Demand&)>& is_wanted) const;
    // The first class of each tenant, in order, until `visit` says false.
    void each_tenant(const std::function<bool(const Head&)>& visit) const;

private:
    // A tenant's own classes go before those of the tenants below it.
    struct Node {
        TenantId parent;
        TenantTurn turn;
        std::set<TenantTurn> below;
        std::map<ClassTurn, DemandPointer> classes;
    };

    std::optional<Head> first_below(const Node& node,
                                    const std::function<bool(const Demand&)>& is_wanted) const;
    bool walk(const Node& node, TenantPath& path,
              const std::function<bool(const Head&)>& visit) const;
    void drop_if_empty(TenantId tenant);

    std::map<TenantId, Node> nodes_;  // none: the root
};

}  // namespace gusu::core
