// Quota of tenants with what is used, borrowed and lent of it now.
#pragma once

#include <map>
#include <string>

#include "gusu/v1/tenant.pb.h"
#include "scheduler/core/model/state.h"

namespace gusu::service {

struct QuotaKey {
    const core::Tenant* tenant = nullptr;
    std::string accelerator;
};

// Of every accelerator the tenant has a quota of, or holds now.
void add_quota_keys(const core::Tenant& tenant, std::map<std::string, QuotaKey>& keys);

class QuotaView {
public:
    explicit QuotaView(const core::State& state);

    v1::Quota show(const core::Tenant& tenant, const std::string& accelerator) const;

private:
    const core::State& state_;
    std::map<std::string, Amount> free_;  // milli-GPUs by accelerator; the sum under "any"
};

}  // namespace gusu::service
