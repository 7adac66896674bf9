// What the attempts of the past tell of those to come: how long jobs like this one ran, and how
// much service a user's series of jobs has had lately.
//
// The nearest of five kinds of likeness that has enough samples speaks; see "Backfilling Using
// System-Generated Predictions" (Tsafrir et al., 2007) for why a user's own last runs beat cleverer
// guesses, and Gittins' index for why the least ratio of work to endings is the rank that keeps
// mean waiting short without knowing durations.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/base/ids.h"
#include "scheduler/base/time.h"
#include "scheduler/core/model/decayed.h"

namespace gusu::core {

// Jobs of one user and tenant whose names differ only in digits: "train-17" and "train-18". Names
// without a letter make no series.
struct Series {
    TenantId tenant;
    std::string user;
    std::string name;  // without digits; empty: of no series

    friend auto operator<=>(const Series&, const Series&) = default;
};
Series series_of(TenantId tenant, const std::string& user, const std::string& job_name);

// A histogram of run times in half doublings of a second; every sample makes the older ones fade by
// 1/512.
struct Durations {
    static constexpr int kBuckets = 44;
    std::array<std::uint32_t, kBuckets> weights{};
    std::uint32_t samples = 0;

    void add(Duration ran);
    // Gittins' index of a job that has run for `age`: the least, over all further run times d, of
    // the expected work within d over the chance to end within d. In seconds, at least 1.
    std::int64_t seconds_to_an_end(Duration age) const;
    // Of jobs that have run for `age`, such a part, in 65,536ths, ends within this time from then
    // on. At least a second; as long again as it has run if it has outlived all others.
    Duration time_left(Duration age, std::uint32_t part) const;

    friend bool operator==(const Durations&, const Durations&) = default;
};

// Which jobs are alike. Empty fields stand for "any".
struct Likeness {
    TenantId tenant;
    std::string user;
    std::string series;
    std::int64_t milli_gpus = -1;  // of the whole job; -1: any

    friend auto operator<=>(const Likeness&, const Likeness&) = default;
};

struct Past {
    Durations durations;
    Time learnt;     // the last sample
    Decayed served;  // milli-GPU seconds; of series only

    friend bool operator==(const Past&, const Past&) = default;
};

// The kinds of likeness of a job, the nearest first.
std::array<Likeness, 5> likenesses(const Series& series, std::int64_t milli_gpus);

class History {
public:
    // At most so many kinds of likeness are kept; those that learnt nothing for longest go first.
    static constexpr std::size_t kMostKept = 50'000;

    // A job with these GPUs has ended after this time of service.
    void learn(const Series& series, std::int64_t milli_gpus, Duration ran, Time now);
    // An attempt of one of the series' jobs is over.
    void serve(const Series& series, std::int64_t milli_gpu_seconds, Time now);

    // Expected milli-GPU seconds to an end, by Gittins' index; for jobs of which nothing is known
    // it grows with what they have had.
    std::int64_t expected_work(const Series& series, std::int64_t milli_gpus, Duration age) const;
    std::int64_t served(const Series& series, Time now) const;
    // See Durations; nullopt where too few jobs like it have ended.
    std::optional<Duration> time_left(const Series& series, std::int64_t milli_gpus, Duration age,
                                      std::uint32_t part) const;

    // For snapshots.
    const std::map<Likeness, Past>& all() const { return all_; }
    void restore(const Likeness& likeness, const Past& past);

private:
    Past& at(const Likeness& likeness, Time now);

    std::map<Likeness, Past> all_;
    std::set<std::pair<Time, Likeness>> by_age_;
};

}  // namespace gusu::core
