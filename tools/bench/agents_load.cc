#include "tools/bench/agents_load.h"

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <queue>

#include "tools/bench/node_enrolment.h"
#include "tools/bench/simulated_agent.h"

namespace gusu::bench {
namespace {

constexpr auto kReportEvery = std::chrono::seconds(5);
constexpr auto kLookAtStop = std::chrono::milliseconds(200);

// Which agent is due when.
class Alarm {
public:
    void set(Clock::time_point when, std::size_t agent) {
        const std::lock_guard lock(mutex_);
        const bool is_first = queue_.empty() || when < queue_.top().first;
        queue_.push({when, agent});
        if (is_first) {
            changed_.notify_all();
        }
    }

    // Agents that are due; waits for one at most until `until`.
    std::vector<std::size_t> due(Clock::time_point until) {
        std::unique_lock lock(mutex_);
        for (;;) {
            const bool has_one = !queue_.empty() && queue_.top().first < until;
            const auto wake = has_one ? queue_.top().first : until;
            if (Clock::now() >= wake ||
                changed_.wait_until(lock, wake) == std::cv_status::timeout) {
                break;
            }
        }
        std::vector<std::size_t> agents;
        const auto now = Clock::now();
        while (!queue_.empty() && queue_.top().first <= now) {
            agents.push_back(queue_.top().second);
            queue_.pop();
        }
        return agents;
    }

private:
    using Entry = std::pair<Clock::time_point, std::size_t>;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue_;
};

std::vector<std::string> names(const AgentsLoad& load) {
    std::vector<std::string> names;
    for (int i = 1; i <= load.count; ++i) {
        char number[16];
        std::snprintf(number, sizeof number, "%05d", i);
        names.push_back(load.prefix + "-" + number);
    }
    return names;
}

class Fleet {
public:
    Fleet(const AgentsLoad& load, const std::vector<std::string>& nodes,
          const std::vector<rpc::Endpoint>& endpoints)
        : load_(load), began_(Clock::now()), said_(began_) {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            SimulatedNode node{.name = nodes[i],
                               .accelerator = load.accelerator,
                               .gpus = load.gpus,
                               .task_time = std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(load.task_seconds))};
            agents_.push_back(std::make_unique<SimulatedAgent>(
                std::move(node), rpc::open_channel(endpoints[i]), counts_,
                [this, i](Clock::time_point when) { alarm_.set(when, i); }));
            alarm_.set(began_, i);
        }
    }

    ~Fleet() {
        // All at once, so that the destructors do not wait one after another.
        for (const auto& agent : agents_) {
            agent->stop();
        }
    }
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    void run(const std::atomic<bool>& stop) {
        while (!stop && !is_over()) {
            for (const std::size_t agent : alarm_.due(Clock::now() + kLookAtStop)) {
                agents_[agent]->tick(Clock::now());
            }
            if (all_in_touch_after_ == 0 && counts_.in_touch == load_.count) {
                all_in_touch_after_ = seconds_between(began_, Clock::now());
            }
            if (Clock::now() - said_ >= kReportEvery) {
                say();
            }
        }
    }

    Report report() const {
        const double seconds = seconds_between(began_, Clock::now());
        Report report;
        report.add("simulated_agents", std::int64_t{load_.count});
        report.add("in_touch", counts_.in_touch.load());
        report.add("all_in_touch_after_seconds", all_in_touch_after_);
        report.add("streams", counts_.connected.load());
        report.add("tasks_launched", counts_.launched.load());
        report.add("tasks_ended", counts_.ended.load());
        report.add("tasks_stopped", counts_.stopped.load());
        report.add("seconds", seconds);
        report.add("tasks_ended_per_second", static_cast<double>(counts_.ended) / seconds);
        return report;
    }

private:
    bool is_over() const {
        return load_.seconds > 0 && seconds_between(began_, Clock::now()) > load_.seconds;
    }

    void say() {
        const double seconds = seconds_between(said_, Clock::now());
        const auto rate = [&](std::int64_t now, std::int64_t before) {
            return static_cast<double>(now - before) / seconds;
        };
        const std::int64_t launched = counts_.launched;
        const std::int64_t ended = counts_.ended;
        std::string error;
        {
            const std::lock_guard lock(counts_.mutex);
            error = std::exchange(counts_.last_error, "");
        }
        std::fprintf(
            stderr, "simulated agents in touch %lld/%d, tasks launched %.0f/s, ended %.0f/s%s%s\n",
            static_cast<long long>(counts_.in_touch), load_.count, rate(launched, launched_before_),
            rate(ended, ended_before_), error.empty() ? "" : "; a stream ended: ", error.c_str());
        said_ = Clock::now();
        launched_before_ = launched;
        ended_before_ = ended;
    }

    const AgentsLoad& load_;
    const Clock::time_point began_;
    Clock::time_point said_;
    double all_in_touch_after_ = 0;
    std::int64_t launched_before_ = 0;
    std::int64_t ended_before_ = 0;
    AgentCounts counts_;
    Alarm alarm_;
    std::vector<std::unique_ptr<SimulatedAgent>> agents_;
};

}  // namespace

Result<Report> run_agents(const rpc::Endpoint& target, const AgentsLoad& load,
                          const std::atomic<bool>& stop) {
    const auto nodes = names(load);
    const auto began = Clock::now();
    const auto endpoints = enrol_nodes(target, nodes, load.state);
    if (!endpoints) {
        return endpoints.error();
    }
    const double enrolled_seconds = seconds_between(began, Clock::now());
    std::fprintf(stderr, "%d simulated nodes have their certificates after %.1f s\n", load.count,
                 enrolled_seconds);
    Fleet fleet(load, nodes, *endpoints);
    fleet.run(stop);
    Report report = fleet.report();
    report.add("enrolment_seconds", enrolled_seconds);
    return report;
}

}  // namespace gusu::bench
