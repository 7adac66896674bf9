#include "tools/sim/faults/command.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <sstream>

#include "scheduler/base/text.h"
#include "tools/sim/faults/simulated_world.h"

namespace gusu::faults {
namespace {

using Steady = std::chrono::steady_clock;

constexpr double kMsInYear = 365.0 * 86'400'000;

struct Seeds {
    std::uint64_t first = 1;
    std::uint64_t last = 1;
};

Result<Seeds> seeds_of(const std::string& words) {
    Seeds seeds;
    char dots[3] = {};
    char rest = 0;
    unsigned long long first = 0;
    unsigned long long last = 0;
    const int read = std::sscanf(words.c_str(), "%llu%2[.]%llu%c", &first, dots, &last, &rest);
    seeds = {first, read == 3 ? last : first};
    if ((read != 1 && read != 3) || seeds.first == 0 || seeds.last < seeds.first) {
        return Error{ErrorCode::InvalidArgument,
                     "--seeds " + quote(words) + ": a seed from 1, or a range as 1..2000"};
    }
    return seeds;
}

Result<std::set<Fault>> only_of(const std::string& words) {
    std::set<Fault> only;
    std::istringstream list(words);
    for (std::string word; std::getline(list, word, ',');) {
        const auto found = faults_named(word);
        if (found.empty()) {
            return Error{ErrorCode::InvalidArgument,
                         "--only " + quote(word) + ": no such fault; without it all are listed"};
        }
        only.insert(found.begin(), found.end());
    }
    return only;
}

void print(const Counts& counts, double wall_s, std::uint64_t lives) {
    std::printf("faults injected\n");
    std::uint64_t all = 0;
    for (const FaultName& each : fault_names()) {
        const auto count = counts.injected[static_cast<std::size_t>(each.fault)];
        std::printf("  %-4s %-26s %12llu\n", each.number, each.name,
                    static_cast<unsigned long long>(count));
        all += count;
    }
    std::printf("invariants checked\n");
    for (const auto& [name, count] : counts.checked) {
        std::printf("  %-40s %12llu\n", name.c_str(), static_cast<unsigned long long>(count));
    }
    std::printf("crash points hit\n");
    for (const auto& [name, count] : counts.crash_points) {
        std::printf("  %-40s %12llu\n", name.c_str(), static_cast<unsigned long long>(count));
    }
    const auto lived_ms = static_cast<double>(counts.lived.count());
    std::printf("lives %llu, faults %llu, jobs ended %llu, events %llu\n",
                static_cast<unsigned long long>(lives), static_cast<unsigned long long>(all),
                static_cast<unsigned long long>(counts.jobs_ended),
                static_cast<unsigned long long>(counts.events));
    std::printf("simulated %.2f days (%.4f years) in %.1f s: %.0f times real time, %.0f events/s\n",
                lived_ms / 86'400'000, lived_ms / kMsInYear, wall_s, lived_ms / 1000 / wall_s,
                static_cast<double>(counts.events) / wall_s);
}

}  // namespace

Status faults(const FaultsWords& words) {
    const auto seeds = seeds_of(words.seeds);
    const auto only = only_of(words.only);
    if (!seeds || !only) {
        return seeds ? only.error() : seeds.error();
    }
    spdlog::set_level(spdlog::level::off);
    LifePlan plan{.seed = seeds->first,
                  .nodes = words.nodes,
                  .faulty = Duration(static_cast<std::int64_t>(words.hours * 3'600'000)),
                  .submit_every = Duration(static_cast<std::int64_t>(words.submit_every_s * 1000)),
                  .only = *only,
                  .told = words.tell ? Telling::Yes : Telling::No};
    Counts counts;
    std::uint64_t lives = 0;
    std::uint64_t bad = 0;
    const auto began = Steady::now();
    const auto goes_on = [&] {
        return words.years > 0 ? static_cast<double>(counts.lived.count()) < words.years * kMsInYear
                               : plan.seed <= seeds->last;
    };
    for (; goes_on() && (bad == 0 || words.keep_going); ++plan.seed) {
        SimulatedWorld world(plan);
        const std::string wrong = world.live();
        counts.add(world.counts());
        ++lives;
        if (!wrong.empty()) {
            ++bad;
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(plan.seed),
                        wrong.c_str());
            std::fflush(stdout);
        }
    }
    print(counts, std::chrono::duration<double>(Steady::now() - began).count(), lives);
    if (bad > 0) {
        return Error{ErrorCode::Internal,
                     std::to_string(bad) + " of " + std::to_string(lives) +
                         " lives broke a promise; each is repeated by its seed alone (--seeds N)"};
    }
    return Done{};
}

}  // namespace gusu::faults
