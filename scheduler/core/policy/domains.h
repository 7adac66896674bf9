// Domains: nodes that carry the same value of a label. Nodes without the label are in none.
#pragma once

#include <string>
#include <vector>

#include "scheduler/core/policy/plan.h"

namespace gusu::core {

// Tasks of one group on one accelerator; -1 for tasks without GPUs.
struct Wanted {
    const Demand& demand;
    const TaskGroup& group;
    AcceleratorId accelerator = -1;
};

struct Domain {
    std::string value;
    std::int64_t tasks = 0;  // that have room there
    std::int64_t free = 0;   // thousandths of such devices, or of CPUs
};

// Those with a node that takes work and suits: one where a task would fit if nothing else were
// there. In the order of their values.
std::vector<Domain> domains(const Plan& plan, const std::string& label, const Wanted& wanted);

// Of a demand with a topology: the domains that may hold it, in the order in which they are tried.
// Those with the preferred accelerator first, then the one with the least free, so that larger ones
// stay free, then by value.
std::vector<std::string> domains_to_try(const Plan& plan, const Demand& demand);
Demand without_topology(const Demand& demand);
// That, and for nodes of this domain alone.
Demand within(const Demand& demand, const std::string& domain);
// Those in which stopping jobs might make room for it, at most kMostDomainsToFree: the one with
// room for the most of its tasks first.
inline constexpr std::size_t kMostDomainsToFree = 8;
std::vector<std::string> domains_to_free(const Plan& plan, const Demand& demand);
// The domain with room for the most tasks of the largest group; none if no node has the label.
std::optional<Domain> best_domain(const Plan& plan, const Demand& demand);
// The group that asks for the most in all.
const TaskGroup& largest_group(const Demand& demand);

// How many tasks of a group each domain of `spread_over` takes, of those with a node that takes
// work: numbers that differ by at most one.
// Where some domains take one more than others, these are the ones with the least free that have
// room for it. Empty if not all find room.
struct Share {
    std::string domain;
    int tasks = 0;
};
std::vector<Share> even_shares(const Plan& plan, const Wanted& wanted);
// The demand with so many tasks of that group, for nodes of that domain alone.
Demand part_of(const Demand& demand, std::size_t group, const Share& share);

}  // namespace gusu::core
