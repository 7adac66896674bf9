// Nodes by the values of a label: made when a label is first asked for, and again after nodes or
// their labels have changed. An index of what the nodes say; it decides nothing.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scheduler/base/id_table.h"
#include "scheduler/core/model/node.h"

namespace gusu::core {

class NodesByLabel {
public:
    using Values = std::map<std::string, std::vector<NodeId>>;  // ids ascending

    // The version is one of the nodes and all they say of themselves.
    const Values& of(const std::string& label, const IdTable<NodeId, Node>& nodes,
                     std::uint64_t version);

private:
    std::uint64_t version_ = 0;
    std::map<std::string, Values> known_;
};

}  // namespace gusu::core
