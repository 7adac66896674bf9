// Whether a request could run on the platform at all, were it empty (promise P11).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "scheduler/core/policy/placement.h"

namespace gusu::core {

enum class Never { NoSuchResource, NodeTooSmall, GangTooLarge, OverLimitAlways };

// Why a request can never run, and the nearest one that could.
struct Impossible {
    Never why = Never::NoSuchResource;
    std::string message;

    friend bool operator==(const Impossible&, const Impossible&) = default;
};

// Verdicts are kept per demand until the inventory changes.
class Feasibility {
public:
    // None while no node has ever joined: then nobody can tell. An elastic job can run if its least
    // can.
    std::optional<Impossible> impossible(const State& state, const Demand& demand);

private:
    std::optional<Impossible> judge(const State& state, const Demand& demand) const;
    std::optional<Impossible> no_domain_holds_it(const State& state, const Demand& demand) const;

    std::uint64_t inventory_version_ = 0;
    NodeIndex empty_;
    std::map<Demand, std::optional<Impossible>> verdicts_;
};

}  // namespace gusu::core
