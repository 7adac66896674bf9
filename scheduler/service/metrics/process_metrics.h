// What the process counts of itself as it works. The registry is asked for at each scrape.
#pragma once

#include <grpcpp/support/status.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "scheduler/core/scheduler.h"
#include "scheduler/service/engine/engine.h"

namespace gusu::service {

class ProcessMetrics {
public:
    ProcessMetrics();

    const prometheus::Collectable& source() const { return *registry_; }

    void pass_took(double seconds) { pass_.Observe(seconds); }
    void full_pass_started(int jobs);
    void commit_took(double seconds) { commit_.Observe(seconds); }
    // `method` is a name of one of our services, "SubmitJob"; others are not counted.
    void rpc_took(std::string_view method, grpc::StatusCode code, double seconds);

    // A program beside that of a task; `result` is one of a closed list.
    void exec_opened() { exec_sessions_.Increment(); }
    void exec_closed(const std::string& result);

    // An engine listener. Counts when the events are durable.
    Release see(const core::State& state, const core::Events& events);

private:
    using Histograms = prometheus::Family<prometheus::Histogram>;
    using Counters = prometheus::Family<prometheus::Counter>;
    static constexpr std::size_t kCodes = 17;
    using ByCode = std::array<std::atomic<prometheus::Histogram*>, kCodes>;

    std::shared_ptr<prometheus::Registry> registry_;
    prometheus::Histogram& pass_;
    prometheus::Histogram& commit_;
    Histograms& rpc_;
    Counters& finished_;
    Histograms& wait_;
    Counters& preemptions_;
    Counters& lost_;
    Counters& drained_;
    prometheus::Counter& full_passes_;
    prometheus::Counter& missed_;
    prometheus::Gauge& exec_sessions_;
    Counters& exec_over_;
    std::map<std::string, ByCode, std::less<>> rpc_by_method_;
};

}  // namespace gusu::service
