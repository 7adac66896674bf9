// What one event costs the core on a full city: 10,000 nodes with 80,000 GPUs of 4 models, 5,000
// tenants below 100, a million jobs that wait, and running jobs old enough to be stopped for
// others. See tools/bench/README.md.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/core/scheduler.h"

namespace gusu::bench {
namespace {

struct City {
    int nodes = 10'000;
    int models = 4;
    int districts = 100;
    int bodies = 50;  // in each district
    int pending = 1'000'000;
    int events = 4'000;
};

// The generator of splitmix64.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    int below(int bound) {
        std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
        x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
        return static_cast<int>((x ^ (x >> 31)) % static_cast<std::uint64_t>(bound));
    }

private:
    std::uint64_t state_;
};

std::int64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t pages = 0;
    file >> pages >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
}

// Time of the processor, so that whoever shares it does not count.
struct Clock {
    static std::chrono::nanoseconds now() {
        std::timespec spent{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
        return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
    }
};

class Load {
public:
    Load(const City& city, std::uint64_t seed) : city_(city), chance_(seed) {
        core::FoundPlatform found;
        found.token.id = found.token.hash = "t";
        found.token.user = kAdmin;
        carry_out(found);
        core::SetCatalogue catalogue;
        for (int i = 0; i < city_.models; ++i) {
            core::Accelerator accelerator;
            accelerator.name = model(i);
            catalogue.accelerators.push_back(accelerator);
        }
        carry_out(catalogue);
        add_tenants();
        add_nodes();
    }

    void wait_for(int jobs, int batch, Duration between) {
        while (jobs > 0) {
            core::SubmitJobs submit{
                .caller = {kAdmin}, .request_id = next_request(), .submissions = {}};
            for (int i = 0; i < std::min(jobs, batch); ++i) {
                submit.submissions.push_back(draw());
            }
            jobs -= static_cast<int>(submit.submissions.size());
            now_ += between;
            note(carry_out(submit));
            settle();
        }
    }

    // Goes on until nothing follows any more: stopped jobs have ended, and others have their place.
    void settle() {
        for (;;) {
            note(core_.step(now_));
            if (!stopped_.empty()) {
                end_stopped();
            } else if (core_.next_timer() > now_) {
                return;
            }
        }
    }

    // Nanoseconds of one event and the step after it: a job is submitted; a running one ends; one
    // that was stopped for another ends.
    std::int64_t submit_one() {
        return timed(core::SubmitJobs{
            .caller = {kAdmin}, .request_id = next_request(), .submissions = {draw()}});
    }
    bool some_are_stopped() const { return !stopped_.empty(); }
    std::int64_t end_stopped() {
        const IncarnationId incarnation = stopped_.back();
        stopped_.pop_back();
        return end(incarnation);
    }
    // Of a step that goes on with what the last one has left.
    bool is_unfinished() const { return core_.next_timer() <= now_; }
    std::int64_t go_on() {
        const auto begin = Clock::now();
        const core::Events events = core_.step(now_);
        const auto took = (Clock::now() - begin).count();
        note(events);
        return took;
    }
    std::int64_t nominated() const { return nominated_; }

    std::int64_t end_one() {
        const auto& placed = core_.state().placed();
        auto any = placed.lower_bound(
            IncarnationId{placed.begin()->first.value +
                          static_cast<std::uint64_t>(chance_.below(static_cast<int>(
                              placed.rbegin()->first.value - placed.begin()->first.value + 1)))});
        any = any == placed.end() ? placed.begin() : any;
        return end(any->first);
    }
    core::Scheduler& core() { return core_; }
    std::int64_t full_pass() {
        core::Scheduler again({.keep_for = Duration{0}, .keep_at_most = 0});
        for (const core::Event& event : core_.state().as_events()) {
            again.apply(event);
        }
        const auto begin = Clock::now();
        const auto events = again.step(now_);
        const auto took = (Clock::now() - begin).count();
        found_by_full_pass_ = std::count_if(events.begin(), events.end(), [](const auto& event) {
            return std::holds_alternative<core::JobPlaced>(event.body);
        });
        return took;
    }
    std::int64_t found_by_full_pass() const { return found_by_full_pass_; }

private:
    static constexpr const char* kAdmin = "admin";

    std::int64_t end(IncarnationId incarnation) {
        const core::Job* job = core_.state().job_of(incarnation);
        if (job == nullptr) {
            return 0;
        }
        const auto& tasks = std::get<core::Placed>(job->state).tasks;
        return timed(core::ObserveTasks{
            .node = core_.state().node(tasks.front().node)->description.name,
            .session = "s",
            .tasks = {{.incarnation = incarnation, .task = 0, .state = core::TaskEnded{}}}});
    }

    std::int64_t timed(const core::Command& command) {
        now_ += Duration(100);
        const auto begin = Clock::now();
        const core::Events events = carry_out(command);
        const auto took = (Clock::now() - begin).count();
        note(events);
        return took;
    }

    core::Events carry_out(const core::Command& command) {
        const auto done = core_.execute(command, now_);
        if (!done) {
            std::fprintf(stderr, "gusu-step-bench: %s\n", done.error().message.c_str());
            std::exit(1);
        }
        return core_.step(now_);
    }

    void note(const core::Events& events) {
        for (const core::Event& event : events) {
            nominated_ += std::holds_alternative<core::JobNominated>(event.body) ? 1 : 0;
            if (const auto* stop = std::get_if<core::JobStopRequested>(&event.body)) {
                const core::Job& job = *core_.state().job(stop->job);
                stopped_.push_back(std::get<core::Placed>(job.state).incarnation);
            }
        }
    }

    std::string next_request() { return std::to_string(++requests_); }
    std::string model(int number) const { return "model-" + std::to_string(number); }

    void add_tenants() {
        const auto gpus = std::int64_t{city_.nodes} * 8 * 1000;
        for (int district = 0; district < city_.districts; ++district) {
            const std::string top = "d" + std::to_string(district);
            carry_out(core::CreateTenant{{kAdmin}, top, {}});
            for (int i = 0; i < city_.models; ++i) {
                carry_out(
                    core::SetQuota{.caller = {kAdmin},
                                   .tenant = top,
                                   .accelerator = model(i),
                                   .guaranteed = Amount(gpus / city_.models / city_.districts),
                                   .limit = {},
                                   .lendable = {}});
            }
            for (int body = 0; body < city_.bodies; ++body) {
                tenants_.push_back(top + "/b" + std::to_string(body));
                carry_out(core::CreateTenant{{kAdmin}, tenants_.back(), {}});
            }
        }
    }

    void add_nodes() {
        for (int i = 0; i < city_.nodes; ++i) {
            core::NodeDescription node;
            node.name = "n" + std::to_string(i);
            node.milli_cpus = Amount(128'000);
            node.memory = Amount(std::int64_t{1} << 40);
            node.runtimes = {"process"};
            for (int gpu = 0; gpu < 8; ++gpu) {
                core::DeviceDescription device;
                device.index = gpu;
                device.accelerator = model(i % city_.models);
                node.devices.push_back(device);
            }
            carry_out(
                core::JoinNode{.description = node, .boot_id = "b", .session = "s", .tasks = {}});
        }
    }

    core::Submission draw() {
        static constexpr int kGpus[] = {1, 1, 1, 1, 2, 2, 4, 8};
        auto demand = std::make_shared<core::Demand>();
        core::TaskGroup group;
        group.per_task = {.milli_gpus = Amount(1000 * kGpus[chance_.below(8)]),
                          .milli_cpus = Amount(8000),
                          .memory = Amount(std::int64_t{1} << 34)};
        group.accelerators = {model(chance_.below(city_.models))};
        demand->groups = {group};
        demand->preemption =
            chance_.below(2) == 0 ? core::Preemption::Allowed : core::Preemption::Forbidden;
        if (chance_.below(2) == 0) {
            demand->time_limit = Duration(4 * 3'600'000);
        }
        core::Submission submission;
        submission.tenant =
            tenants_[static_cast<std::size_t>(chance_.below(static_cast<int>(tenants_.size())))];
        submission.spec.name = "train";
        submission.spec.demand = demand;
        return submission;
    }

    City city_;
    Chance chance_;
    core::Scheduler core_{{.keep_for = Duration{0}, .keep_at_most = 0}};
    Time now_{Duration(1'000'000)};
    std::uint64_t requests_ = 0;
    std::int64_t found_by_full_pass_ = 0;
    std::vector<std::string> tenants_;
    std::vector<IncarnationId> stopped_;
    std::int64_t nominated_ = 0;
};

// Nanoseconds.
struct Times {
    std::vector<std::int64_t> submits;
    std::vector<std::int64_t> ends;
    std::vector<std::int64_t> stopped;
    std::vector<std::int64_t> more;
};

void print(const char* what, std::vector<std::int64_t>& nanoseconds) {
    if (nanoseconds.empty()) {
        return;
    }
    std::sort(nanoseconds.begin(), nanoseconds.end());
    const auto at = [&](std::size_t thousandths) {
        const std::size_t place = nanoseconds.size() * thousandths / 1000;
        return static_cast<double>(nanoseconds[std::min(place, nanoseconds.size() - 1)]) / 1000;
    };
    std::printf("%-28s %6zu   p50 %8.1f us   p99 %8.1f us   p99.9 %8.1f us   max %8.1f us\n", what,
                nanoseconds.size(), at(500), at(990), at(999), at(1000));
}

int run(std::uint64_t seed, const City& city) {
    std::printf("seed %llu, %d nodes, %d tenants, %d pending\n",
                static_cast<unsigned long long>(seed), city.nodes, city.districts * city.bodies,
                city.pending);
    Load load(city, seed);
    load.wait_for(city.nodes * 4, 10, Duration(1000));  // fills the nodes, in about an hour
    const std::int64_t before = resident_bytes();
    load.wait_for(city.pending, 1000, Duration(1));
    std::printf("%-28s %lld running, %.0f bytes a pending job\n", "filled",
                static_cast<long long>(load.core().state().placed().size()),
                static_cast<double>(resident_bytes() - before) / city.pending);
    std::printf("%-28s %lld jobs got their place by stopping others\n", "settled",
                static_cast<long long>(load.nominated()));
    Times times;
    for (int i = 0; i < city.events; ++i) {
        if (load.some_are_stopped()) {
            times.stopped.push_back(load.end_stopped());
        } else if (i % 2 == 0) {
            times.submits.push_back(load.submit_one());
        } else {
            times.ends.push_back(load.end_one());
        }
        while (load.is_unfinished()) {
            times.more.push_back(load.go_on());
        }
    }
    print("a job is submitted", times.submits);
    print("a job ends, others start", times.ends);
    print("a stopped job ends", times.stopped);
    print("steps that go on", times.more);
    std::printf("%-28s %lld jobs got their place by stopping others\n", "since the begin",
                static_cast<long long>(load.nominated()));
    const double pass = static_cast<double>(load.full_pass()) / 1e6;
    std::printf("%-28s %.1f ms, finds %lld that the steps have missed\n", "a full pass", pass,
                static_cast<long long>(load.found_by_full_pass()));
    return 0;
}

}  // namespace
}  // namespace gusu::bench

// gusu-step-bench [--pending N] [--nodes N] [--events N]; GUSU_SEED.
int main(int argc, char** argv) {
    gusu::bench::City city;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view word = argv[i];
        int& number = word == "--nodes"    ? city.nodes
                      : word == "--events" ? city.events
                                           : city.pending;
        number = std::atoi(argv[i + 1]);
    }
    const char* seed = std::getenv("GUSU_SEED");
    return gusu::bench::run(seed == nullptr ? 42 : std::strtoull(seed, nullptr, 10), city);
}
