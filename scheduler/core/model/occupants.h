// Who is on a node, as far as it matters who may share one.
#pragma once

#include <map>

#include "scheduler/base/check.h"
#include "scheduler/base/ids.h"

namespace gusu::core {

// Tasks by the enclosure of their tenants; under none those of tenants that are not enclosed.
class Occupants {
public:
    void come(TenantId enclosure) { ++tasks_[enclosure]; }
    void go(TenantId enclosure) {
        const auto found = tasks_.find(enclosure);
        check(found != tasks_.end(), "who goes was there");
        if (--found->second == 0) {
            tasks_.erase(found);
        }
    }

    // Whether nobody is there but of this one.
    bool are_all_of(TenantId enclosure) const {
        return tasks_.empty() || (tasks_.size() == 1 && tasks_.begin()->first == enclosure);
    }

    friend bool operator==(const Occupants&, const Occupants&) = default;

private:
    std::map<TenantId, int> tasks_;
};

}  // namespace gusu::core
