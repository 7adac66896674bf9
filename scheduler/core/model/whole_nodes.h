// Who holds nodes in such a way that they cannot be given whole to somebody else, as long as some
// tenant is guaranteed whole nodes; nothing is counted while none is.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "scheduler/base/ids.h"

namespace gusu::core {

// By firm jobs: those that can neither be stopped for others nor end soon by themselves.
enum class Held {
    ByNobody,
    ByOne,      // a tenant, or tenants below one
    BySeveral,  // that have none above them all
};

struct Holding {
    Held held = Held::ByNobody;
    std::vector<TenantId> lineage = {};  // of that one, from the top

    // With a firm job of this tenant there too.
    Holding with(const std::vector<TenantId>& tenant) const;
};

class WholeNodes {
public:
    // Nodes guaranteed whole, by tenant.
    using Guarantees = std::map<TenantId, int>;

    void guarantee(const std::string& accelerator, TenantId tenant, int nodes);
    bool is_guaranteed_to_somebody() const { return !guarantees_.empty(); }
    bool is_guaranteed_to(TenantId tenant) const;
    const std::map<std::string, Guarantees>& guarantees() const { return guarantees_; }

    // A node that takes work. Again whenever that changes.
    void put(NodeId node, const std::set<std::string>& accelerators, Holding holding);
    // No harm if it is not there.
    void drop(NodeId node);
    void clear();

    struct Node {
        std::set<std::string> accelerators;
        Holding holding;
    };
    const std::map<NodeId, Node>& nodes() const { return nodes_; }
    // Nodes with this accelerator, held by nobody.
    int unheld(const std::string& accelerator) const;
    // Those held by this tenant, with those below it, and by no other.
    int held_by(const std::string& accelerator, TenantId tenant) const;

private:
    void count(const Node& node, int nodes);

    std::map<std::string, Guarantees> guarantees_;
    std::map<NodeId, Node> nodes_;
    std::map<std::string, int> unheld_;
    std::map<std::string, std::map<TenantId, int>> held_;
};

}  // namespace gusu::core
