#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <optional>

#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/cluster_commands.h"
#include "tools/gusu/cluster_view.h"
#include "tools/gusu/job_commands.h"

namespace gusu::cli {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::int64_t kMostJobs = 100'000'000;

View view_of(const Session& session) {
    return View{session.is_wide(), Session::terminal_width(), wall_now()};
}

Error wrong(const std::string& option, const std::string& why) {
    return Error{ErrorCode::InvalidArgument, option + ": " + why};
}

Status read_status(const std::string& word, v1::Tenant& tenant) {
    if (word == "active") {
        tenant.set_status(v1::TENANT_STATUS_ACTIVE);
    } else if (word == "suspended") {
        tenant.set_status(v1::TENANT_STATUS_SUSPENDED);
    } else {
        return wrong("--status", "\"" + word + "\" is neither active nor suspended");
    }
    return Done{};
}

Status read_class(const std::string& word, v1::Tenant& tenant) {
    if (word == "public") {
        tenant.set_data_class(v1::DATA_CLASS_PUBLIC);
    } else if (word == "internal") {
        tenant.set_data_class(v1::DATA_CLASS_INTERNAL);
    } else if (word == "sensitive") {
        tenant.set_data_class(v1::DATA_CLASS_SENSITIVE);
    } else {
        return wrong("--data-class", "\"" + word + "\" is none of public, internal and sensitive");
    }
    return Done{};
}

Status read_limits(const TenantWords& words, v1::Tenant& tenant) {
    if (!words.max_running.empty()) {
        const Result<std::int64_t> most = parse_integer(words.max_running, 0, kMostJobs);
        if (!most) {
            return wrong("--max-running", most.error().message);
        }
        tenant.set_max_running_jobs(static_cast<int>(*most));
    }
    if (!words.max_pending.empty()) {
        const Result<std::int64_t> most = parse_integer(words.max_pending, 0, kMostJobs);
        if (!most) {
            return wrong("--max-pending", most.error().message);
        }
        tenant.set_max_pending_jobs(static_cast<int>(*most));
    }
    return Done{};
}

Result<v1::Tenant> read_tenant(const TenantWords& words) {
    v1::Tenant tenant;
    tenant.set_path(words.path);
    tenant.set_display_name(words.name);
    if (!words.status.empty()) {
        const Status read = read_status(words.status, tenant);
        if (!read) {
            return read.error();
        }
    }
    if (!words.data_class.empty()) {
        const Status read = read_class(words.data_class, tenant);
        if (!read) {
            return read.error();
        }
    }
    const Status limits = read_limits(words, tenant);
    if (!limits) {
        return limits.error();
    }
    for (const std::string& label : words.labels) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            return wrong("--label", "\"" + label + "\" is not KEY=VALUE");
        }
        (*tenant.mutable_labels())[label.substr(0, equals)] = label.substr(equals + 1);
    }
    return tenant;
}

template <typename Request>
int show_answer(Session& session, const Request& request) {
    const auto answer = session.client().call(request);
    if (!answer) {
        return session.fail(answer.error());
    }
    return session.show(*answer, [&] { return tenant_details(answer->tenant()); });
}

// Keeps the labels that are not named: the scheduler replaces all of them at once.
Status keep_other_labels(Client& client, v1::Tenant& tenant) {
    v1::GetTenantRequest request;
    request.set_path(tenant.path());
    const Result<v1::GetTenantResponse> now = client.call(request);
    if (!now) {
        return now.error();
    }
    for (const auto& [key, value] : now->tenant().labels()) {
        tenant.mutable_labels()->insert({key, value});
    }
    std::vector<std::string> emptied;
    for (const auto& [key, value] : tenant.labels()) {
        if (value.empty()) {
            emptied.push_back(key);
        }
    }
    for (const std::string& key : emptied) {
        tenant.mutable_labels()->erase(key);
    }
    return Done{};
}

std::vector<std::string> fields_said(const TenantWords& words) {
    std::vector<std::string> fields;
    const auto add_if = [&](bool said, const char* field) {
        if (said) {
            fields.emplace_back(field);
        }
    };
    add_if(!words.name.empty(), "display_name");
    add_if(!words.status.empty(), "status");
    add_if(!words.max_running.empty(), "max_running_jobs");
    add_if(!words.max_pending.empty(), "max_pending_jobs");
    add_if(!words.labels.empty(), "labels");
    add_if(!words.data_class.empty(), "data_class");
    return fields;
}

// A number of GPUs; nothing said is no value.
Result<std::optional<double>> read_gpus(const std::string& option, const std::string& word) {
    if (word.empty()) {
        return std::optional<double>();
    }
    const Result<std::int64_t> milli = parse_milli(word);
    if (!milli) {
        return wrong(option, milli.error().message);
    }
    return std::optional<double>(static_cast<double>(*milli) / 1000.0);
}

Result<v1::SetQuotaRequest> read_quota(const QuotaWords& words) {
    const auto guaranteed = read_gpus("--guaranteed", words.guaranteed);
    const auto limit = read_gpus("--limit", words.limit);
    const auto lend = read_gpus("--lend", words.lend);
    for (const auto* one : {&guaranteed, &limit, &lend}) {
        if (!*one) {
            return one->error();
        }
    }
    if (!*guaranteed && !*limit && !*lend && !words.no_limit && !words.reclaim &&
        words.nodes.empty()) {
        return wrong("quota set",
                     "say at least one of --guaranteed, --guaranteed-nodes, --limit, --no-limit, "
                     "--lend, --reclaim");
    }
    if (*limit && words.no_limit) {
        return wrong("--no-limit", "cannot stand together with --limit");
    }
    v1::SetQuotaRequest request;
    request.set_tenant(words.tenant);
    request.set_accelerator(words.accelerator);
    request.set_clear_limit(words.no_limit);
    if (*guaranteed) {
        request.set_guaranteed(**guaranteed);
    }
    if (*limit) {
        request.set_limit(**limit);
    }
    if (*lend) {
        request.set_lendable(**lend);
    }
    if (!words.nodes.empty()) {
        const Result<std::int64_t> nodes = parse_integer(words.nodes, 0, 1'000'000);
        if (!nodes) {
            return wrong("--guaranteed-nodes", nodes.error().message);
        }
        request.set_guaranteed_nodes(static_cast<int>(*nodes));
    }
    request.set_reclaim(words.reclaim);
    return request;
}

}  // namespace

int tenants(Session& session) {
    const Result<v1::ListTenantsResponse> found =
        all_pages(session.client(), v1::ListTenantsRequest());
    if (!found) {
        return session.fail(found.error());
    }
    return session.show(*found, [&] { return tenant_table(*found, view_of(session)); });
}

int show_tenant(Session& session, const std::string& path) {
    v1::GetTenantRequest request;
    request.set_path(path);
    return show_answer(session, request);
}

int delete_tenant(Session& session, const std::string& path) {
    v1::DeleteTenantRequest request;
    request.set_path(path);
    const Result<v1::DeleteTenantResponse> done = session.client().call(request);
    if (!done) {
        return session.fail(done.error());
    }
    return session.show(*done, [] { return std::string(); });
}

int create_tenant(Session& session, const TenantWords& words) {
    const Result<v1::Tenant> tenant = read_tenant(words);
    if (!tenant) {
        return session.misuse(tenant.error().message);
    }
    v1::CreateTenantRequest request;
    *request.mutable_tenant() = *tenant;
    return show_answer(session, request);
}

int set_tenant(Session& session, const TenantWords& words) {
    Result<v1::Tenant> tenant = read_tenant(words);
    if (!tenant) {
        return session.misuse(tenant.error().message);
    }
    const std::vector<std::string> fields = fields_said(words);
    if (fields.empty()) {
        return session.misuse("tenant set: nothing to change; see `gusu tenant set --help`");
    }
    if (!words.labels.empty()) {
        const Status kept = keep_other_labels(session.client(), *tenant);
        if (!kept) {
            return session.fail(kept.error());
        }
    }
    v1::UpdateTenantRequest request;
    *request.mutable_tenant() = *tenant;
    request.mutable_fields()->Add(fields.begin(), fields.end());
    return show_answer(session, request);
}

int quotas(Session& session, const std::string& tenant) {
    v1::ListQuotasRequest request;
    request.set_tenant(tenant);
    const Result<v1::ListQuotasResponse> found = all_pages(session.client(), request);
    if (!found) {
        return session.fail(found.error());
    }
    return session.show(*found, [&] { return quota_table(*found, view_of(session)); });
}

int set_quota(Session& session, const QuotaWords& words) {
    const Result<v1::SetQuotaRequest> request = read_quota(words);
    if (!request) {
        return session.misuse(request.error().message);
    }
    const Result<v1::SetQuotaResponse> answer = session.client().call(*request);
    if (!answer) {
        return session.fail(answer.error());
    }
    v1::ListQuotasResponse list;
    *list.add_quotas() = answer->quota();
    return session.show(*answer, [&] { return quota_table(list, view_of(session)); });
}

int usage(Session& session, const UsageWords& words) {
    v1::GetUsageRequest request;
    request.set_tenant(words.tenant);
    request.set_by_user(words.by_user);
    if (!words.since.empty()) {
        const Result<Time> since = parse_time(words.since, wall_now());
        if (!since) {
            return session.misuse("--since: " + since.error().message);
        }
        *request.mutable_since() = TimeUtil::MillisecondsToTimestamp(to_milliseconds(*since));
    }
    if (!words.until.empty()) {
        const Result<Time> until = parse_time(words.until, wall_now());
        if (!until) {
            return session.misuse("--until: " + until.error().message);
        }
        *request.mutable_until() = TimeUtil::MillisecondsToTimestamp(to_milliseconds(*until));
    }
    const Result<v1::GetUsageResponse> found = session.client().call(request);
    if (!found) {
        return session.fail(found.error());
    }
    if (found->rows_size() == 0 && session.is_for_people()) {
        session.note(say("no rows"));
    }
    return session.show(*found, [&] { return usage_table(*found, view_of(session)); });
}

}  // namespace gusu::cli
