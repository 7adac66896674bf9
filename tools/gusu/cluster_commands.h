// gusu nodes, node, status, tenants, tenant, quota, usage.
#pragma once

#include <string>
#include <vector>

#include "tools/gusu/session.h"

namespace gusu::cli {

int nodes(Session& session);
int show_node(Session& session, const std::string& name);
struct DrainWords {
    std::string node;
    std::string reason;
    std::string at;  // "": at once
};
int drain_node(Session& session, const DrainWords& words);
struct CheckWords {
    std::string node;
    std::vector<int> gpus;  // none: all
    std::string timeout;    // "": a quarter of an hour
};
// Waits for what comes of it; 0 only if every one has passed.
int check_node(Session& session, const CheckWords& words);
int resume_node(Session& session, const std::string& name);
// Labels as "K=V"; "K=" takes one away.
int label_node(Session& session, const std::string& name, const std::vector<std::string>& labels);

int status(Session& session);

int tenants(Session& session);
int show_tenant(Session& session, const std::string& path);
int delete_tenant(Session& session, const std::string& path);

// What the command line says of a tenant; "" and empty are not said.
struct TenantWords {
    std::string path;
    std::string name;
    std::string status;
    std::string max_running;
    std::string max_pending;
    std::string data_class;
    std::vector<std::string> labels;
};
int create_tenant(Session& session, const TenantWords& words);
// Changes only what is said.
int set_tenant(Session& session, const TenantWords& words);

int quotas(Session& session, const std::string& tenant);

struct QuotaWords {
    std::string tenant;
    std::string accelerator;
    std::string guaranteed;
    std::string limit;
    std::string lend;
    std::string nodes;
    bool no_limit = false;
    bool reclaim = false;
};
int set_quota(Session& session, const QuotaWords& words);

struct UsageWords {
    std::string tenant;
    std::string since;
    std::string until;
    bool by_user = false;
};
int usage(Session& session, const UsageWords& words);

}  // namespace gusu::cli
