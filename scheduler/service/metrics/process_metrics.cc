#include "scheduler/service/metrics/process_metrics.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "gusu/v1/agent_service.pb.h"
#include "gusu/v1/identity_service.pb.h"
#include "gusu/v1/job.pb.h"
#include "gusu/v1/job_service.pb.h"
#include "gusu/v1/node_service.pb.h"
#include "gusu/v1/reservation_service.pb.h"
#include "gusu/v1/status_service.pb.h"
#include "gusu/v1/tenant_service.pb.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

constexpr double kMilliGpuMsPerGpuSecond = 1e6;

using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets kQuick{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                     0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5};
const Buckets kLong{0.1, 1, 5, 15, 60, 300, 900, 3600, 14'400, 43'200, 86'400, 604'800};

auto& histograms(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

auto& counters(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

std::vector<std::string> unary_methods() {
    std::vector<std::string> names;
    for (const auto* file :
         {v1::SubmitJobRequest::descriptor()->file(), v1::CreateTenantRequest::descriptor()->file(),
          v1::ListNodesRequest::descriptor()->file(),
          v1::ListReservationsRequest::descriptor()->file(),
          v1::WhoAmIRequest::descriptor()->file(), v1::GetStatusRequest::descriptor()->file(),
          v1::EnrolRequest::descriptor()->file()}) {
        for (int i = 0; i < file->service(0)->method_count(); ++i) {
            const auto* method = file->service(0)->method(i);
            if (!method->client_streaming() && !method->server_streaming()) {
                names.push_back(method->name());
            }
        }
    }
    return names;
}

std::string lower(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

std::string code_name(grpc::StatusCode code) {
    static constexpr std::array<const char*, 17> kNames{"OK",
                                                        "CANCELLED",
                                                        "UNKNOWN",
                                                        "INVALID_ARGUMENT",
                                                        "DEADLINE_EXCEEDED",
                                                        "NOT_FOUND",
                                                        "ALREADY_EXISTS",
                                                        "PERMISSION_DENIED",
                                                        "RESOURCE_EXHAUSTED",
                                                        "FAILED_PRECONDITION",
                                                        "ABORTED",
                                                        "OUT_OF_RANGE",
                                                        "UNIMPLEMENTED",
                                                        "INTERNAL",
                                                        "UNAVAILABLE",
                                                        "DATA_LOSS",
                                                        "UNAUTHENTICATED"};
    return kNames.at(static_cast<std::size_t>(code));
}

std::string tenant_path(const core::State& state, const core::Job& job) {
    const core::Tenant* tenant = state.tenant(job.demand().tenant);
    return tenant == nullptr ? "" : tenant->path;
}

std::string kind_of(const core::JobSpec& spec) {
    v1::JobSpec payload;
    if (payload.ParseFromString(spec.payload)) {
        switch (payload.kind()) {
            case v1::JOB_KIND_SERVICE:
                return "service";
            case v1::JOB_KIND_INTERACTIVE:
                return "interactive";
            default:
                break;
        }
    }
    return "training";
}

struct Wait {
    std::string tenant;
    std::shared_ptr<const core::JobSpec> spec;
    double seconds = 0;
};
// What one batch of events adds, gathered while the state has the jobs.
struct Counted {
    std::map<std::pair<std::string, std::string>, int> finished;  // by tenant and result
    std::vector<Wait> waits;
    int preempted = 0;
    std::map<std::string, double> lost;  // GPU-seconds by tenant
    std::map<core::DrainCause, int> drained;

    bool is_nothing() const {
        return finished.empty() && waits.empty() && preempted == 0 && lost.empty() &&
               drained.empty();
    }
};

const char* cause_of(core::DrainCause cause) {
    return cause == core::DrainCause::BlackHole ? "black_hole" : "operator";
}

void count_finished(const core::State& state, JobId id, Counted& counted) {
    if (const core::Job* job = state.job(id); job != nullptr && job->is_finished()) {
        const std::string result = lower(wire::short_name(wire::shown_state(state, *job)));
        ++counted.finished[{tenant_path(state, *job), result}];
    }
}

// From when it was there, or from the end of the attempt before.
void count_wait(const core::State& state, JobId id, Time placed, Counted& counted) {
    if (const core::Job* job = state.job(id)) {
        const Time since = job->past.empty() ? job->submitted : job->past.back().ended;
        const Duration waited = std::max(placed - since, Duration(0));
        counted.waits.push_back(
            {tenant_path(state, *job), job->spec, std::chrono::duration<double>(waited).count()});
    }
}

// What a preempted attempt was served since its work was last saved.
void count_lost(const core::State& state, const core::JobRequeued& event, Counted& counted) {
    const core::Job* job = state.job(event.job);
    if (job == nullptr || event.ending.reason != core::EndReason::Preempted) {
        return;
    }
    const auto attempt =
        std::ranges::find(job->past, event.incarnation, &core::PastAttempt::incarnation);
    if (attempt != job->past.end()) {
        counted.lost[tenant_path(state, *job)] +=
            static_cast<double>(attempt->unsaved_milli_gpu_ms()) / kMilliGpuMsPerGpuSecond;
    }
}

}  // namespace

ProcessMetrics::ProcessMetrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      pass_(histograms(*registry_, "gusu_pass_duration_seconds",
                       "Time to decide one batch of commands and start what can start.")
                .Add({}, kQuick)),
      commit_(histograms(*registry_, "gusu_journal_commit_seconds",
                         "Time to make one group of batches durable.")
                  .Add({}, kQuick)),
      rpc_(histograms(*registry_, "gusu_rpc_duration_seconds",
                      "Time from the arrival of a call to its answer.")),
      finished_(counters(*registry_, "gusu_jobs_finished_total", "Jobs that ended.")),
      wait_(histograms(*registry_, "gusu_job_wait_seconds",
                       "Time a job waited before an attempt of it was placed.")),
      preemptions_(counters(*registry_, "gusu_preemptions_total",
                            "Jobs stopped to give their GPUs to others.")),
      lost_(counters(*registry_, "gusu_preempted_gpu_seconds_lost_total",
                     "GPU-seconds of preempted attempts since their work was last saved.")),
      drained_(counters(*registry_, "gusu_nodes_drained_total",
                        "Nodes drained by operators, or because they failed jobs fast.")),
      full_passes_(counters(*registry_, "gusu_full_passes_total",
                            "Looks at everything that waits, as a test of the quick steps.")
                       .Add({})),
      missed_(counters(*registry_, "gusu_full_pass_started_total",
                       "Jobs that a full pass started; above 0 the quick steps have missed some.")
                  .Add({})),
      exec_sessions_(prometheus::BuildGauge()
                         .Name("gusu_exec_sessions")
                         .Help("Programs that run now beside those of tasks.")
                         .Register(*registry_)
                         .Add({})),
      exec_over_(counters(*registry_, "gusu_exec_sessions_total",
                          "Programs that were started beside those of tasks, by their end.")) {
    for (const std::string& method : unary_methods()) {
        rpc_by_method_.try_emplace(method);
    }
    preemptions_.Add({{"reason", "reclaimed"}});
    for (const auto cause : {core::DrainCause::Operator, core::DrainCause::BlackHole}) {
        drained_.Add({{"reason", cause_of(cause)}});
    }
}

void ProcessMetrics::full_pass_started(int jobs) {
    full_passes_.Increment();
    missed_.Increment(jobs);
}

void ProcessMetrics::exec_closed(const std::string& result) {
    exec_sessions_.Decrement();
    exec_over_.Add({{"result", result}}).Increment();
}

void ProcessMetrics::rpc_took(std::string_view method, grpc::StatusCode code, double seconds) {
    const auto found = rpc_by_method_.find(method);
    const auto index = static_cast<std::size_t>(code);
    if (found == rpc_by_method_.end() || index >= kCodes) {
        return;
    }
    std::atomic<prometheus::Histogram*>& slot = found->second[index];
    prometheus::Histogram* histogram = slot.load(std::memory_order_acquire);
    if (histogram == nullptr) {
        // Adding the same labels again gives the same histogram.
        histogram = &rpc_.Add({{"method", found->first}, {"code", code_name(code)}}, kQuick);
        slot.store(histogram, std::memory_order_release);
    }
    histogram->Observe(seconds);
}

Release ProcessMetrics::see(const core::State& state, const core::Events& events) {
    auto counted = std::make_shared<Counted>();
    for (const core::Event& event : events) {
        if (const auto* ended = std::get_if<core::JobEnded>(&event.body)) {
            count_finished(state, ended->job, *counted);
        } else if (const auto* placed = std::get_if<core::JobPlaced>(&event.body)) {
            count_wait(state, placed->job, event.at, *counted);
        } else if (const auto* stop = std::get_if<core::JobStopRequested>(&event.body)) {
            counted->preempted += stop->because.reason == core::EndReason::Preempted ? 1 : 0;
        } else if (const auto* again = std::get_if<core::JobRequeued>(&event.body)) {
            count_lost(state, *again, *counted);
        } else if (const auto* drained = std::get_if<core::NodeDrained>(&event.body)) {
            ++counted->drained[drained->cause];
        }
    }
    if (counted->is_nothing()) {
        return {};
    }
    return [this, counted](const Status&) {
        for (const auto& [labels, count] : counted->finished) {
            finished_.Add({{"tenant", labels.first}, {"result", labels.second}}).Increment(count);
        }
        for (const Wait& wait : counted->waits) {
            wait_.Add({{"tenant", wait.tenant}, {"kind", kind_of(*wait.spec)}}, kLong)
                .Observe(wait.seconds);
        }
        preemptions_.Add({{"reason", "reclaimed"}}).Increment(counted->preempted);
        for (const auto& [tenant, gpu_seconds] : counted->lost) {
            lost_.Add({{"tenant", tenant}}).Increment(gpu_seconds);
        }
        for (const auto& [cause, nodes] : counted->drained) {
            drained_.Add({{"reason", cause_of(cause)}}).Increment(nodes);
        }
    };
}

}  // namespace gusu::service
