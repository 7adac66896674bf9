// What the state holds, as metrics: read from the engine at a scrape, at most once a second.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "scheduler/service/engine/engine.h"

namespace gusu::service {

class StateMetrics final : public prometheus::Collectable {
public:
    explicit StateMetrics(Engine& engine) : engine_(engine) {}

    // What was read last, if the engine does not answer within 2 s.
    std::vector<prometheus::MetricFamily> Collect() const override;

private:
    using Families = std::vector<prometheus::MetricFamily>;

    Engine& engine_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const Families> last_ = std::make_shared<Families>();
    mutable std::chrono::steady_clock::time_point read_at_{};
};

// Of a scheduler that does not lead.
class StandbyMetrics final : public prometheus::Collectable {
public:
    std::vector<prometheus::MetricFamily> Collect() const override;
};

// Whether the engine answers within `wait`.
bool answers(Engine& engine, std::chrono::milliseconds wait);

}  // namespace gusu::service
