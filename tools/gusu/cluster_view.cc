#include "tools/gusu/cluster_view.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/table.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

constexpr int kShortest = 8;

std::string labels_text(const google::protobuf::Map<std::string, std::string>& labels) {
    const std::map<std::string, std::string> ordered(labels.begin(), labels.end());
    std::string text;
    for (const auto& [key, value] : ordered) {
        text += (text.empty() ? "" : ",") + key + "=" + value;
    }
    return text;
}

std::string models_of(const v1::NodeInventory& inventory) {
    std::set<std::string> models;
    for (const v1::Device& device : inventory.devices()) {
        models.insert(accelerator_name(device.accelerator(), device.simulated()));
    }
    std::string text;
    for (const std::string& model : models) {
        text += (text.empty() ? "" : ", ") + model;
    }
    return text.empty() ? "-" : text;
}

std::string used_of(const std::string& used, const std::string& total) {
    return used + "/" + total;
}

std::string health_word(const v1::Device& device) {
    if (device.healthy()) {
        return say("healthy");
    }
    return say(device.quarantined() ? "quarantined" : "unhealthy");
}

// What is to be said of the health of devices, one a line.
std::string health_details(const v1::NodeInventory& inventory) {
    std::string text;
    for (const v1::Device& device : inventory.devices()) {
        if (!device.health_detail().empty()) {
            text += "  " + std::to_string(device.index()) + "  " + device.health_detail() + "\n";
        }
    }
    return text;
}

std::string device_table(const v1::NodeInventory& inventory, const View& view) {
    Table table({{say("INDEX"), Align::Right},
                 {say("ACCELERATOR"), Align::Left, kShortest},
                 {say("MEMORY"), Align::Right},
                 {say("ALLOCATED"), Align::Right},
                 {say("HEALTH")},
                 {say("LINK"), Align::Right},
                 {say("SLICES"), Align::Right},
                 {"UUID", Align::Left, kShortest}});
    for (const v1::Device& device : inventory.devices()) {
        table.add({std::to_string(device.index()),
                   accelerator_name(device.accelerator(), device.simulated()),
                   format_bytes(device.memory()), number(device.allocated()), health_word(device),
                   device.has_link_group() ? std::to_string(device.link_group()) : "-",
                   device.slices() > 0 ? std::to_string(device.slices()) : "-", device.uuid()});
    }
    return table.to_text(view.width);
}

std::string counts_text(const google::protobuf::RepeatedPtrField<v1::StateCount>& counts) {
    std::string text;
    for (const v1::StateCount& count : counts) {
        if (count.count() > 0) {
            text += (text.empty() ? "" : ", ") + std::to_string(count.count()) + " " +
                    say(count.state());
        }
    }
    return text.empty() ? say("none") : text;
}

std::string accelerator_table(const v1::GetStatusResponse& status, const View& view) {
    Table table({{say("ACCELERATOR"), Align::Left, kShortest},
                 {say("TOTAL"), Align::Right},
                 {say("FREE"), Align::Right},
                 {say("ALLOCATED"), Align::Right},
                 {say("DRAINING"), Align::Right},
                 {say("UNHEALTHY"), Align::Right}});
    for (const v1::AcceleratorStatus& one : status.accelerators()) {
        table.add({accelerator_name(one.accelerator(), one.simulated()), number(one.gpus()),
                   number(one.free()), number(one.allocated()), number(one.draining()),
                   number(one.unhealthy())});
    }
    return table.to_text(view.width);
}

std::string failed_fast_text(int jobs) {
    return jobs == 0 ? "" : std::to_string(jobs) + " " + say("jobs in a row");
}

std::string limit_text(int limit) { return limit == 0 ? say("unlimited") : std::to_string(limit); }

// As it is; and as it was set where the tenants above are stricter.
std::string class_text(const v1::Tenant& tenant) {
    const std::string now = say(text::enum_text(tenant.data_class_now()));
    const bool is_own = tenant.data_class() == tenant.data_class_now();
    return tenant.data_class_now() == v1::DATA_CLASS_UNSPECIFIED ? ""
           : is_own                                              ? now
                                                                 : now + " " + say("(from above)");
}

std::string role_word(v1::Role role) { return text::enum_text(role); }

}  // namespace

std::string node_table(const v1::ListNodesResponse& nodes, const View& view) {
    std::vector<Column> columns{
        {say("NODE"), Align::Left, kShortest}, {say("STATE")},
        {say("GPUS"), Align::Right},           {say("ACCELERATOR"), Align::Left, kShortest},
        {say("CPUS"), Align::Right},           {say("MEMORY"), Align::Right},
        {say("JOBS"), Align::Right},           {say("REASON"), Align::Left, kShortest}};
    if (view.wide) {
        columns.push_back({say("ADDRESS")});
        columns.push_back({say("LAST SEEN")});
        columns.push_back({say("LABELS")});
    }
    Table table(std::move(columns));
    for (const v1::Node& node : nodes.nodes()) {
        const v1::NodeInventory& has = node.inventory();
        std::vector<std::string> cells{
            node.name(),
            state_word(node.state()),
            used_of(number(node.gpus_used()), number(node.gpus())),
            models_of(has),
            used_of(number(node.cpus_used()), number(has.cpus())),
            used_of(format_bytes(node.memory_used()), format_bytes(has.memory())),
            std::to_string(node.job_ids_size()),
            node.drain_reason()};
        if (view.wide) {
            cells.push_back(has.address());
            cells.push_back(local_time(node.last_seen()));
            cells.push_back(labels_text(has.labels()));
        }
        table.add(std::move(cells));
    }
    return table.to_text(view.width);
}

std::string node_details(const v1::Node& node, const View& view) {
    const v1::NodeInventory& has = node.inventory();
    std::string jobs;
    for (const std::string& id : node.job_ids()) {
        jobs += (jobs.empty() ? "" : " ") + id;
    }
    std::string text = details({
        {say("Node"), node.name()},
        {say("State"), state_word(node.state())},
        {say("Drained"), node.drain_reason()},
        {say("Drains at"), node.has_drains_at() ? local_time(node.drains_at()) : ""},
        {say("Failed at once"), failed_fast_text(node.failed_fast())},
        {say("GPUs"), used_of(number(node.gpus_used()), number(node.gpus()))},
        {say("CPUS"), used_of(number(node.cpus_used()), number(has.cpus()))},
        {say("MEMORY"), used_of(format_bytes(node.memory_used()), format_bytes(has.memory()))},
        {say("Address"), has.address()},
        {say("Agent"), has.agent_version()},
        {say("Last seen"), local_time(node.last_seen())},
        {say("Labels"), labels_text(has.labels())},
        {say("Jobs"), jobs},
    });
    if (has.devices_size() > 0) {
        text += "\n" + say("Devices") + "\n" + device_table(has, view) + health_details(has);
    }
    return text;
}

std::string status_screen(const v1::GetStatusResponse& status, const View& view) {
    std::string text = details({
        {say("Leader"), status.leader() + "  " + status.version()},
        {say("Since"), local_time(status.started_at())},
        {say("Accepting"), say(status.accepting() ? "yes" : "no")},
        {say("Trouble"), status.trouble()},
        {say("Nodes"), counts_text(status.nodes())},
        {say("Jobs"), counts_text(status.jobs())},
        {say("Waiting"), status.waiting_size() == 0 ? "" : counts_text(status.waiting())},
    });
    for (const std::string& notice : status.notices()) {
        text += "\n" + notice + "\n";
    }
    if (status.accelerators_size() > 0) {
        text += "\n" + accelerator_table(status, view);
    }
    return text;
}

std::string tenant_table(const v1::ListTenantsResponse& tenants, const View& view) {
    Table table({{say("PATH"), Align::Left, kShortest},
                 {say("NAME"), Align::Left, kShortest},
                 {say("STATUS")},
                 {say("MAX RUNNING"), Align::Right},
                 {say("MAX PENDING"), Align::Right},
                 {say("LABELS"), Align::Left, kShortest}});
    for (const v1::Tenant& tenant : tenants.tenants()) {
        const auto status = tenant.status() == v1::TENANT_STATUS_UNSPECIFIED
                                ? v1::TENANT_STATUS_ACTIVE
                                : tenant.status();
        table.add({tenant.path(), tenant.display_name(), say(text::enum_text(status)),
                   limit_text(tenant.max_running_jobs()), limit_text(tenant.max_pending_jobs()),
                   labels_text(tenant.labels())});
    }
    return table.to_text(view.width);
}

std::string tenant_details(const v1::Tenant& tenant) {
    return details({
        {say("Path"), tenant.path()},
        {say("Name"), tenant.display_name()},
        {say("Status"), say(text::enum_text(tenant.status()))},
        {say("MAX RUNNING"), limit_text(tenant.max_running_jobs())},
        {say("MAX PENDING"), limit_text(tenant.max_pending_jobs())},
        {say("Data class"), class_text(tenant)},
        {say("Labels"), labels_text(tenant.labels())},
        {say("Created"), local_time(tenant.created_at())},
    });
}

std::string quota_table(const v1::ListQuotasResponse& quotas, const View& view) {
    std::vector<Column> columns{
        {say("TENANT"), Align::Left, kShortest}, {say("ACCELERATOR"), Align::Left, kShortest},
        {say("GUARANTEED"), Align::Right},       {say("LIMIT"), Align::Right},
        {say("LENDABLE"), Align::Right},         {say("USED"), Align::Right},
        {say("BORROWED"), Align::Right},         {say("LENT"), Align::Right}};
    if (view.wide) {
        columns.push_back({say("WHOLE NODES"), Align::Right});
    }
    Table table(std::move(columns));
    for (const v1::Quota& quota : quotas.quotas()) {
        std::vector<std::string> row{quota.tenant(),
                                     accelerator_name(quota.accelerator(), quota.simulated()),
                                     number(quota.guaranteed()),
                                     quota.has_limit() ? number(quota.limit()) : say("unlimited"),
                                     number(quota.lendable_now()),
                                     number(quota.used()),
                                     number(quota.borrowed()),
                                     number(quota.lent())};
        if (view.wide) {
            row.push_back(std::to_string(quota.guaranteed_nodes()));
        }
        table.add(std::move(row));
    }
    return table.to_text(view.width);
}

std::string usage_table(const v1::GetUsageResponse& usage, const View& view) {
    Table table({{say("TENANT"), Align::Left, kShortest},
                 {say("USER"), Align::Left, kShortest},
                 {say("ACCELERATOR"), Align::Left, kShortest},
                 {say("GPU-HOURS"), Align::Right},
                 {say("CPU-HOURS"), Align::Right},
                 {say("JOBS"), Align::Right}});
    for (const v1::Usage& row : usage.rows()) {
        table.add(
            {row.tenant(), row.user().empty() ? "-" : row.user(),
             row.accelerator().empty() ? "-" : accelerator_name(row.accelerator(), row.simulated()),
             hours(row.gpu_hours()), hours(row.cpu_hours()), std::to_string(row.jobs())});
    }
    return local_time(usage.since()) + " .. " + local_time(usage.until()) + "\n" +
           table.to_text(view.width);
}

std::string identity_details(const v1::WhoAmIResponse& me) {
    std::string roles;
    for (const v1::Grant& grant : me.grants()) {
        roles += (roles.empty() ? "" : ", ") + role_word(grant.role());
        roles += grant.tenant().empty() ? "" : " of " + grant.tenant();
    }
    return details({
        {say("User"), me.user()},
        {say("Roles"), roles.empty() ? say("none") : roles},
        {say("Token expires"), me.has_token_expires_at() ? local_time(me.token_expires_at()) : ""},
    });
}

std::string token_table(const v1::ListTokensResponse& tokens, const View& view) {
    Table table(
        {{say("ID")}, {say("FOR"), Align::Left, kShortest}, {say("CREATED")}, {say("EXPIRES")}});
    for (const v1::Token& token : tokens.tokens()) {
        const std::string node = "node " + token.node() + (token.used() ? " (used)" : "");
        table.add({token.id(), token.node().empty() ? token.user() : node,
                   local_time(token.created_at()), local_time(token.expires_at())});
    }
    return table.to_text(view.width);
}

std::string grant_table(const v1::ListGrantsResponse& grants, const View& view) {
    Table table({{say("USER"), Align::Left, kShortest},
                 {say("ROLE")},
                 {say("TENANT"), Align::Left, kShortest}});
    for (const v1::Grant& grant : grants.grants()) {
        table.add(
            {grant.user(), role_word(grant.role()), grant.tenant().empty() ? "-" : grant.tenant()});
    }
    return table.to_text(view.width);
}

}  // namespace gusu::cli
