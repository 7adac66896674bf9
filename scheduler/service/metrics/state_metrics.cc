#include "scheduler/service/metrics/state_metrics.h"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <future>

#include "scheduler/core/policy/quota.h"
#include "scheduler/service/metrics/state_counts.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/service/rpc/quota_view.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/job_text.h"

namespace gusu::service {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Labels = std::vector<ClientMetric::Label>;

constexpr std::chrono::seconds kFresh{1};
constexpr std::chrono::seconds kPatience{2};

MetricFamily gauges(const char* name, const char* help) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = prometheus::MetricType::Gauge;
    return family;
}

void add(MetricFamily& family, Labels labels, double value) {
    ClientMetric& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    metric.gauge.value = value;
}

// "JOB_STATE_PENDING" as label: "pending".
std::string word(std::string name, std::string_view prefix) {
    name.erase(0, prefix.size());
    for (char& c : name) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return name;
}

MetricFamily gpus(const core::State& state) {
    MetricFamily family = gauges("gusu_gpus", "GPUs by what can be done with them.");
    for (const auto& [accelerator, counts] : count_gpus(state)) {
        const std::pair<const char*, std::int64_t> states[] = {{"free", counts.free},
                                                               {"allocated", counts.allocated},
                                                               {"draining", counts.draining},
                                                               {"unhealthy", counts.unhealthy},
                                                               {"quarantined", counts.quarantined}};
        for (const auto& [name, milli] : states) {
            add(family, {{"accelerator", accelerator}, {"state", name}}, wire::from_milli(milli));
        }
    }
    return family;
}

MetricFamily tenant_gpus(const core::State& state) {
    MetricFamily family =
        gauges("gusu_tenant_gpus", "GPUs a tenant owns, may use, uses, has borrowed and lent.");
    const QuotaView view(state);
    std::map<std::string, QuotaKey> keys;
    for (const auto& [id, tenant] : state.tenants()) {
        add_quota_keys(tenant, keys);
    }
    for (const auto& [text, key] : keys) {
        const v1::Quota quota = view.show(*key.tenant, key.accelerator);
        const auto add_kind = [&](const char* kind, double value) {
            add(family,
                {{"tenant", quota.tenant()}, {"accelerator", quota.accelerator()}, {"kind", kind}},
                value);
        };
        add_kind("guaranteed", quota.guaranteed());
        if (quota.has_limit()) {
            add_kind("limit", quota.limit());
        }
        add_kind("used", quota.used());
        add_kind("borrowed", quota.borrowed());
        add_kind("lent", quota.lent());
    }
    return family;
}

MetricFamily jobs(const core::State& state) {
    MetricFamily family = gauges("gusu_jobs", "Jobs that have not ended.");
    for (const auto& [tenant, counts] : count_jobs(state)) {
        for (const auto& [each, count] : counts) {
            add(family,
                {{"state", word(v1::JobState_Name(each), "JOB_STATE_")}, {"tenant", tenant}},
                static_cast<double>(count));
        }
    }
    return family;
}

MetricFamily pending(const core::State& state, Time now) {
    MetricFamily family = gauges("gusu_pending_jobs", "Waiting jobs by their first reason.");
    for (const auto& [reason, count] : count_waiting(state, now)) {
        const std::string name = v1::WaitReason_Name(shown_wait_reason(reason));
        add(family, {{"reason", word(name, "WAIT_REASON_")}}, static_cast<double>(count));
    }
    return family;
}

MetricFamily nodes(const core::State& state) {
    MetricFamily family = gauges("gusu_nodes", "Nodes by state.");
    for (const auto& [each, count] : count_nodes(state)) {
        add(family, {{"state", word(v1::NodeState_Name(each), "NODE_STATE_")}},
            static_cast<double>(count));
    }
    return family;
}

MetricFamily reservations(const core::State& state) {
    MetricFamily family = gauges("gusu_reservations", "Reservations by state.");
    const auto open = std::ranges::count_if(state.reservations(),
                                            [](const auto& each) { return each.second.is_open; });
    const auto all = static_cast<std::ptrdiff_t>(state.reservations().size());
    add(family, {{"state", "ahead"}}, static_cast<double>(all - open));
    add(family, {{"state", "open"}}, static_cast<double>(open));
    return family;
}

void add_gpus_of(const core::PlacedTask& task, const core::NodeDescription& node,
                 const std::string& job, MetricFamily& family) {
    for (const int position : task.devices) {
        const auto at = static_cast<std::size_t>(position);
        if (at < node.devices.size()) {
            const std::string gpu = std::to_string(node.devices[at].index);
            add(family, {{"node", node.name}, {"gpu", gpu}, {"job", job}}, 1);
        }
    }
}

// Only for what runs now, so that the series are as many as the GPUs in use.
MetricFamily gpu_jobs(const core::State& state) {
    MetricFamily family = gauges("gusu_gpu_job_info", "Which job holds a GPU now; always 1.");
    for (const auto& [incarnation, id] : state.placed()) {
        const core::Job& job = *state.job(id);
        const std::string name = wire::job_id_text(state, job);
        for (const core::PlacedTask& task : std::get<core::Placed>(job.state).tasks) {
            const core::Node* node = state.node(task.node);
            if (node != nullptr && !task.left()) {
                add_gpus_of(task, node->description, name, family);
            }
        }
    }
    return family;
}

MetricFamily leader(double value) {
    MetricFamily family = gauges("gusu_leader", "1 on the scheduler that leads, 0 on others.");
    add(family, {}, value);
    return family;
}

std::vector<MetricFamily> families_of(const core::State& state, Time now) {
    return {gpus(state),  tenant_gpus(state),  jobs(state),     pending(state, now),
            nodes(state), reservations(state), gpu_jobs(state), leader(1)};
}

}  // namespace

std::vector<prometheus::MetricFamily> StateMetrics::Collect() const {
    const std::lock_guard lock(mutex_);
    if (std::chrono::steady_clock::now() - read_at_ < kFresh) {
        return *last_;
    }
    // Shared with the read, which may come when nobody waits for it any more.
    auto read = std::make_shared<std::promise<std::shared_ptr<const Families>>>();
    auto answer = read->get_future();
    engine_.read([read](core::Scheduler& scheduler, Time now) -> Release {
        read->set_value(std::make_shared<Families>(families_of(scheduler.state(), now)));
        return [](const Status&) {};
    });
    if (answer.wait_for(kPatience) == std::future_status::ready) {
        last_ = answer.get();
    }
    read_at_ = std::chrono::steady_clock::now();
    return *last_;
}

std::vector<prometheus::MetricFamily> StandbyMetrics::Collect() const { return {leader(0)}; }

bool answers(Engine& engine, std::chrono::milliseconds wait) {
    auto read = std::make_shared<std::promise<void>>();
    auto answer = read->get_future();
    engine.read([read](core::Scheduler&, Time) -> Release {
        read->set_value();
        return [](const Status&) {};
    });
    return answer.wait_for(wait) == std::future_status::ready;
}

}  // namespace gusu::service
