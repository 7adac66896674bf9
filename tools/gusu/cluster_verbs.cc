#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/gusu/cluster_commands.h"
#include "tools/gusu/verbs.h"

namespace gusu::cli {
namespace {

constexpr const char* kNodes = "Cluster";
constexpr const char* kTenants = "Tenants and quota";

// A verb without words of its own, or with one.
void add_plain(CLI::App& verb, Invocation& invocation, int (*function)(Session&)) {
    add_format(verb, invocation);
    verb.callback([&invocation, function] { invocation.action = function; });
}

void add_named(CLI::App& verb, Invocation& invocation, const char* placeholder,
               int (*function)(Session&, const std::string&)) {
    const auto name = std::make_shared<std::string>();
    verb.add_option(placeholder, *name)->required()->type_name("");
    add_format(verb, invocation);
    verb.callback([&invocation, name, function] {
        invocation.action = [name, function](Session& session) { return function(session, *name); };
    });
}

void add_drain(CLI::App& node, Invocation& invocation) {
    CLI::App& verb =
        *node.add_subcommand("drain", "No new work on it; what runs there runs to its end");
    const auto words = std::make_shared<DrainWords>();
    verb.add_option("NODE", words->node)->required()->type_name("");
    verb.add_option("--reason", words->reason, "Why, for those who look at it later")
        ->type_name("TEXT");
    verb.add_option("--at", words->at,
                    "Then, and until then only what will have ended; as +2h, RFC 3339")
        ->type_name("TIME");
    add_format(verb, invocation);
    verb.footer("Example:\n  gusu node drain gpu-017 --reason \"replace fan\"");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return drain_node(session, *words); };
    });
}

void add_check(CLI::App& node, Invocation& invocation) {
    CLI::App& verb =
        *node.add_subcommand("check", "Have its idle GPUs diagnosed, and wait for the outcome");
    const auto words = std::make_shared<CheckWords>();
    verb.add_option("NODE", words->node)->required()->type_name("");
    verb.add_option("--gpu", words->gpus, "Only this one; may be given several times")
        ->type_name("INDEX");
    verb.add_option("--timeout", words->timeout, "Stop waiting after this; default 15m")
        ->type_name("TIME");
    add_format(verb, invocation);
    verb.footer("Example:\n  gusu node check gpu-017 --gpu 3");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return check_node(session, *words); };
    });
}

void add_label(CLI::App& node, Invocation& invocation) {
    CLI::App& verb = *node.add_subcommand("label", "Set labels KEY=VALUE; KEY= takes one away");
    const auto name = std::make_shared<std::string>();
    const auto labels = std::make_shared<std::vector<std::string>>();
    verb.add_option("NODE", *name)->required()->type_name("");
    verb.add_option("LABEL", *labels, "KEY=VALUE")->required()->type_name("");
    add_format(verb, invocation);
    verb.callback([&invocation, name, labels] {
        invocation.action = [name, labels](Session& session) {
            return label_node(session, *name, *labels);
        };
    });
}

using TenantFunction = int (*)(Session&, const TenantWords&);

void add_tenant_words(CLI::App& verb, Invocation& invocation, TenantFunction function) {
    const auto words = std::make_shared<TenantWords>();
    verb.add_option("PATH", words->path, "As suda/nlp")->required()->type_name("");
    verb.add_option("--name", words->name, "Name as people write it")->type_name("TEXT");
    verb.add_option("--status", words->status, "active, or suspended: nothing new starts")
        ->type_name("active|suspended");
    verb.add_option("--max-running", words->max_running, "Jobs at once; 0: no limit")
        ->type_name("N");
    verb.add_option("--max-pending", words->max_pending, "Waiting jobs; 0: no limit")
        ->type_name("N");
    verb.add_option("--data-class", words->data_class,
                    "sensitive: its jobs share no node with those of others")
        ->type_name("public|internal|sensitive");
    verb.add_option("--label", words->labels, "For reports (repeatable)")
        ->allow_extra_args(false)
        ->type_name("K=V")
        ->option_text("K=V");
    add_format(verb, invocation);
    verb.callback([&invocation, words, function] {
        invocation.action = [words, function](Session& session) {
            return function(session, *words);
        };
    });
}

void add_quota_set(CLI::App& quota, Invocation& invocation) {
    CLI::App& verb = *quota.add_subcommand("set", "Change what a tenant owns and may use");
    const auto words = std::make_shared<QuotaWords>();
    verb.add_option("TENANT", words->tenant)->required()->type_name("");
    verb.add_option("ACCELERATOR", words->accelerator, "As nvidia-h200, or any")
        ->required()
        ->type_name("");
    verb.add_option("--guaranteed", words->guaranteed, "GPUs of its own")->type_name("N");
    verb.add_option("--limit", words->limit, "GPUs at most, borrowed ones included")
        ->type_name("N");
    verb.add_flag_callback(
        "--no-limit", [words] { words->no_limit = true; }, "Take the limit away");
    verb.add_option("--lend", words->lend,
                    "GPUs of the guarantee that long jobs of others may borrow")
        ->type_name("N");
    verb.add_option("--guaranteed-nodes", words->nodes, "Of the guarantee, so many whole nodes")
        ->type_name("N");
    verb.add_flag_callback(
        "--reclaim", [words] { words->reclaim = true; },
        "Stop its preemptible jobs, the latest first, until it is within its limit");
    add_format(verb, invocation);
    verb.footer("Example:\n  gusu quota set suda/nlp nvidia-h200 --guaranteed 16 --limit 64");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return set_quota(session, *words); };
    });
}

void add_quota(CLI::App& root, Invocation& invocation) {
    CLI::App& quota = *root.add_subcommand("quota", "Show and set what tenants own and may use");
    quota.group(kTenants)->require_subcommand(1);
    CLI::App& show = *quota.add_subcommand("show", "What a tenant owns, may use and uses");
    const auto tenant = std::make_shared<std::string>();
    show.add_option("TENANT", *tenant, "With everything below it; else all")->type_name("");
    add_format(show, invocation);
    show.callback([&invocation, tenant] {
        invocation.action = [tenant](Session& session) { return quotas(session, *tenant); };
    });
    add_quota_set(quota, invocation);
}

void add_usage(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("usage", "GPU-hours by tenant and accelerator");
    const auto words = std::make_shared<UsageWords>();
    verb.group(kTenants)
        ->add_option("TENANT", words->tenant, "With everything below it; else all")
        ->type_name("");
    verb.add_option("--since", words->since, "From this time: 2026-11-01, RFC 3339")
        ->type_name("TIME");
    verb.add_option("--until", words->until, "To this time, not included")->type_name("TIME");
    verb.add_flag_callback("--by-user", [words] { words->by_user = true; }, "A row for each user");
    add_format(verb, invocation);
    verb.footer("Example:\n  gusu usage suda --since 2026-11-01 --until 2026-12-01 --by-user");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return usage(session, *words); };
    });
}

}  // namespace

void add_cluster_verbs(CLI::App& root, Invocation& invocation) {
    CLI::App& all = *root.add_subcommand("nodes", "List nodes");
    add_plain(*all.group(kNodes), invocation, nodes);
    CLI::App& node = *root.add_subcommand("node", "Show, drain, resume, check and label a node");
    node.group(kNodes)->require_subcommand(1);
    add_named(*node.add_subcommand("show", "A node, its devices and jobs"), invocation, "NODE",
              show_node);
    add_drain(node, invocation);
    add_check(node, invocation);
    add_named(*node.add_subcommand("resume", "New work on it again"), invocation, "NODE",
              resume_node);
    add_label(node, invocation);
    CLI::App& screen = *root.add_subcommand("status", "One screen: leader, nodes, GPUs, queue");
    add_plain(*screen.group(kNodes), invocation, status);
}

void add_tenant_verbs(CLI::App& root, Invocation& invocation) {
    CLI::App& all = *root.add_subcommand("tenants", "List tenants");
    add_plain(*all.group(kTenants), invocation, tenants);
    CLI::App& tenant = *root.add_subcommand("tenant", "Create, set, show and delete a tenant");
    tenant.group(kTenants)->require_subcommand(1);
    add_tenant_words(*tenant.add_subcommand("create", "A new tenant; its parent must exist"),
                     invocation, create_tenant);
    add_tenant_words(*tenant.add_subcommand("set", "Change what is named, keep the rest"),
                     invocation, set_tenant);
    add_named(*tenant.add_subcommand("show", "A tenant"), invocation, "PATH", show_tenant);
    add_named(*tenant.add_subcommand("delete", "A tenant without children and jobs"), invocation,
              "PATH", delete_tenant);
    add_quota(root, invocation);
    add_usage(root, invocation);
}

}  // namespace gusu::cli
