// What a decision of placement costs on 10,000 nodes with 80,000 GPUs; see tools/bench/README.md.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "tools/bench/core/fleet.h"

namespace gusu::bench {
namespace {

std::uint64_t seed() {
    static const std::uint64_t kSeed = [] {
        const char* given = std::getenv("GUSU_SEED");
        return given == nullptr ? std::uint64_t{42} : std::strtoull(given, nullptr, 10);
    }();
    return kSeed;
}

// Filled once for each mix, and then aged: as many jobs end and start as run.
Fleet& fleet(Mix mix, int percent) {
    static std::map<std::pair<Mix, int>, Fleet> fleets;
    const auto [known, is_new] = fleets.try_emplace({mix, percent}, FleetSize{}, mix, seed());
    if (is_new) {
        known->second.fill(percent);
        for (std::size_t i = known->second.running(); i > 0; --i) {
            known->second.end_one();
            known->second.fill(percent);
        }
    }
    return known->second;
}

void try_to_place(benchmark::State& state, Mix mix, int percent,
                  const core::DemandPointer& demand) {
    const core::State& platform = fleet(mix, percent).state();
    const bool found = core::place(*demand, core::Plan(platform)).found();
    for (auto _ : state) {
        benchmark::DoNotOptimize(core::place(*demand, core::Plan(platform)));
    }
    state.SetLabel(found ? "placed" : "refused");
}

// A job comes and starts, another ends: with all that the state keeps of it.
void turn_over(benchmark::State& state, Mix mix) {
    Fleet& busy = fleet(mix, 90);
    for (auto _ : state) {
        busy.end_one();
        benchmark::DoNotOptimize(busy.start(busy.draw()));
    }
}

void fill_empty(benchmark::State& state, Mix mix) {
    std::size_t started = 0;
    for (auto _ : state) {
        Fleet empty(FleetSize{}, mix, seed());
        const auto begin = std::chrono::steady_clock::now();
        empty.fill(100);
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
        state.SetIterationTime(taken.count());
        started += empty.running();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(started));
}

// A running job is taken away on a plan, and its like is placed there.
void place_on_released(benchmark::State& state, Mix mix) {
    Fleet& full = fleet(mix, 100);
    for (auto _ : state) {
        const core::Job& victim = *full.state().job(full.any_running());
        core::Plan plan(full.state());
        plan.release(victim);
        benchmark::DoNotOptimize(core::place(victim.demand(), plan));
    }
}

std::vector<std::string> one_model() { return {"model-1"}; }

void add_benchmarks(const std::string& name, Mix mix) {
    const auto add = [&](const std::string& what, int percent, const core::DemandPointer& demand) {
        benchmark::RegisterBenchmark((name + "/" + what).c_str(), [=](benchmark::State& state) {
            try_to_place(state, mix, percent, demand);
        });
    };
    add("1_gpu", 90, demand_of(tasks(1, 1000, one_model())));
    add("8_gpus", 90, demand_of(tasks(1, 8000, one_model())));
    add("8_gpus_on_a_full_platform", 100, demand_of(tasks(1, 8000, one_model())));
    add("half_a_gpu", 90, demand_of(tasks(1, 500, {})));
    add("gang_16x8", 50, demand_of(tasks(16, 8000, one_model())));
    add("gang_128x8", 50, demand_of(tasks(128, 8000, one_model())));
    add("gang_128x8_on_a_full_platform", 100, demand_of(tasks(128, 8000, one_model())));
    benchmark::RegisterBenchmark((name + "/release_and_place").c_str(),
                                 [=](benchmark::State& state) { place_on_released(state, mix); });
    benchmark::RegisterBenchmark((name + "/end_and_start").c_str(),
                                 [=](benchmark::State& state) { turn_over(state, mix); });
    benchmark::RegisterBenchmark((name + "/fill_empty").c_str(),
                                 [=](benchmark::State& state) { fill_empty(state, mix); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
}

}  // namespace
}  // namespace gusu::bench

int main(int argc, char** argv) {
    std::printf("seed %llu (GUSU_SEED)\n", static_cast<unsigned long long>(gusu::bench::seed()));
    gusu::bench::add_benchmarks("whole", gusu::bench::Mix::WholeDevices);
    gusu::bench::add_benchmarks("mixed", gusu::bench::Mix::Everything);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
