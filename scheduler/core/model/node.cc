#include "scheduler/core/model/node.h"

namespace gusu::core {

const std::string* Node::label(const std::string& name) const {
    if (const auto set = labels_set.find(name); set != labels_set.end()) {
        return set->second.empty() ? nullptr : &set->second;
    }
    const auto declared = description.labels.find(name);
    return declared == description.labels.end() ? nullptr : &declared->second;
}

}  // namespace gusu::core
