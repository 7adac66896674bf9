#include "tools/sim/generate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tools/sim/random.h"

namespace gusu::sim {
namespace {

constexpr double kHour = 3600;
constexpr double kDay = 24 * kHour;
constexpr double kLongest = 14 * kDay;

// Shares of jobs by GPUs and, for each, a log-normal duration: median and spread. The shares are
// those of Philly in October and November 2017 (93.5 % of one GPU); larger jobs run longer there
// (Jeon et al., ATC 19), and means are many times the medians (Hu et al., SC 21).
struct SizeShare {
    int gpus;
    double share;
    double median_s;
    double sigma;
};
constexpr SizeShare kSizes[] = {{1, 0.9353, 900, 2.1},   {2, 0.0206, 1800, 2.2},
                                {4, 0.0224, 2400, 2.2},  {8, 0.0190, 3600, 2.2},
                                {16, 0.0021, 7200, 2.0}, {32, 0.0006, 7200, 2.0}};

// How busy people are, at most 1: most at 15:00, a third of it at 03:00, less at weekends.
double busyness(double second) {
    const double hour = std::fmod(second, kDay) / kHour;
    const double wave = (1 + std::cos((hour - 15) / 24 * 2 * std::numbers::pi)) / 2;
    const bool weekend = static_cast<std::int64_t>(second / kDay) % 7 >= 5;
    return (1.0 / 3 + 2.0 / 3 * wave) * (weekend ? 0.6 : 1.0);
}

double mean_busyness(int days) {
    double sum = 0;
    const int hours = days * 24;
    for (int hour = 0; hour < hours; ++hour) {
        sum += busyness((hour + 0.5) * kHour);
    }
    return sum / hours;
}

double duration_of(const SizeShare& size, Random& random) {
    const double drawn = size.median_s * std::exp(size.sigma * random.normal());
    return std::clamp(drawn, 1.0, kLongest);
}

// GPU-seconds of a job, on average. Drawn, since the longest are cut.
double mean_work(std::uint64_t seed) {
    constexpr int kDraws = 20'000;
    Random random(seed);
    double sum = 0;
    for (const SizeShare& size : kSizes) {
        double seconds = 0;
        for (int i = 0; i < kDraws; ++i) {
            seconds += duration_of(size, random);
        }
        sum += size.share * size.gpus * seconds / kDraws;
    }
    return sum;
}

const SizeShare& draw_size(Random& random) {
    double at = random.uniform();
    for (const SizeShare& size : kSizes) {
        at -= size.share;
        if (at < 0) {
            return size;
        }
    }
    return kSizes[0];
}

// The n-th tenant has 1/n of the first one's jobs.
int draw_tenant(int tenants, Random& random) {
    double all = 0;
    for (int tenant = 1; tenant <= tenants; ++tenant) {
        all += 1.0 / tenant;
    }
    double at = random.uniform() * all;
    for (int tenant = 1; tenant < tenants; ++tenant) {
        at -= 1.0 / tenant;
        if (at < 0) {
            return tenant;
        }
    }
    return tenants;
}

}  // namespace

std::vector<ListedJob> generate(const City& city) {
    constexpr int kUsersOfTenant = 12;
    Random random(city.seed);
    const double rate = city.load * city.gpus / mean_work(city.seed);  // jobs a second
    const double peak_rate = rate / mean_busyness(city.days);
    std::vector<ListedJob> jobs;
    // Thinning: as many as at the busiest hour, each kept as often as people are busy.
    for (double now = random.exponential(1 / peak_rate); now < city.days * kDay;
         now += random.exponential(1 / peak_rate)) {
        if (random.uniform() > busyness(now)) {
            continue;
        }
        const SizeShare& size = draw_size(random);
        const int tenant = draw_tenant(city.tenants, random);
        const auto user = static_cast<int>(random.bits() % kUsersOfTenant);
        jobs.push_back({.id = std::to_string(jobs.size()),
                        .submit = Duration(std::llround(now) * 1000),
                        .duration = Duration(std::llround(duration_of(size, random)) * 1000),
                        .gpus = size.gpus,
                        .models = {},
                        .tenant = "tenant" + std::to_string(tenant),
                        .user = "user" + std::to_string(tenant) + "-" + std::to_string(user),
                        .kind = "train"});
    }
    return jobs;
}

}  // namespace gusu::sim
