#include "scheduler/core/model/nodes_by_label.h"

namespace gusu::core {

const NodesByLabel::Values& NodesByLabel::of(const std::string& label,
                                             const IdTable<NodeId, Node>& nodes,
                                             std::uint64_t version) {
    if (version_ != version) {
        version_ = version;
        known_.clear();
    }
    const auto [known, is_new] = known_.try_emplace(label);
    if (is_new) {
        for (const auto& [id, node] : nodes) {
            if (const std::string* value = node.label(label)) {
                known->second[*value].push_back(id);
            }
        }
    }
    return known->second;
}

}  // namespace gusu::core
