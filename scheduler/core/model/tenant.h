// The tenant tree: who owns, borrows and uses what.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/amount.h"
#include "scheduler/base/flat_map.h"
#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"
#include "scheduler/core/model/decayed.h"
#include "scheduler/core/model/resources.h"

namespace gusu::core {

enum class TenantStatus { Active, Suspended };

// The least strict first. What a tenant says is the least for all below it.
enum class DataClass {
    Public,
    Internal,   // for reports; it decides nothing here
    Sensitive,  // its jobs share no node with those of others; see policy/enclosure.h
};

// What a tenant owns of one accelerator, in milli-GPUs.
struct Quota {
    Amount guaranteed;
    std::optional<Amount> limit;     // absent: no limit
    std::optional<Amount> lendable;  // absent: the share of the guarantee that the policy names
    int guaranteed_nodes = 0;        // of the guarantee, what is in whole nodes

    friend bool operator==(const Quota&, const Quota&) = default;
};

struct TenantDescription {
    std::string display_name;
    TenantStatus status = TenantStatus::Active;
    int max_pending_jobs = 0;  // 0: no limit
    int max_running_jobs = 0;
    std::map<std::string, std::string> labels;
    DataClass data_class = DataClass::Public;

    friend bool operator==(const TenantDescription&, const TenantDescription&) = default;
};

struct Tenant {
    TenantId id;
    TenantId parent;                // none for a tenant at the top
    std::string path;               // "suda/nlp"
    std::vector<TenantId> lineage;  // from the top down to itself
    TenantDescription description;
    // The highest tenant, itself or above it, whose data is sensitive; none if there is none.
    TenantId enclosure;
    Time created;
    FlatMap<std::string, Quota> quotas;  // by accelerator, or kAnyAccelerator

    // Kept by the ledger for the tenant and everything below it.
    GpuNeed used;
    // Of that, by jobs that can neither be stopped nor end soon by themselves.
    GpuNeed firm;
    // Milli-GPU seconds held beyond guarantees.
    Decayed borrowed;
    int pending_jobs = 0;
    int running_jobs = 0;
    int children = 0;
};

}  // namespace gusu::core
