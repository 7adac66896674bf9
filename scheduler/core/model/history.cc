#include "scheduler/core/model/history.h"

#include <algorithm>
#include <limits>

namespace gusu::core {
namespace {

constexpr std::uint32_t kSample = 1 << 16;
constexpr std::uint32_t kEnoughSamples = 5;
constexpr std::int64_t kUnknownSeconds = 60;

// Where bucket b begins, in seconds: 2^(b / 2). The first holds all that is shorter than the
// second.
std::int64_t begin_of(int bucket) {
    const std::int64_t octave = std::int64_t{1} << (bucket / 2);
    return bucket == 0 ? 0 : bucket % 2 == 0 ? octave : octave * 46341 / 32768;
}

int bucket_of(std::int64_t seconds) {
    int bucket = 0;
    while (bucket + 1 < Durations::kBuckets && begin_of(bucket + 1) <= seconds) {
        ++bucket;
    }
    return bucket;
}

std::int64_t seconds_of(Duration duration) { return duration.count() / 1000; }

}  // namespace

std::array<Likeness, 5> likenesses(const Series& series, std::int64_t milli_gpus) {
    return {Likeness{series.tenant, series.user, series.name, milli_gpus},
            Likeness{series.tenant, series.user, "", milli_gpus},
            Likeness{series.tenant, "", "", milli_gpus}, Likeness{TenantId{}, "", "", milli_gpus},
            Likeness{TenantId{}, "", "", -1}};
}

Series series_of(TenantId tenant, const std::string& user, const std::string& job_name) {
    Series series{.tenant = tenant, .user = user, .name = {}};
    bool has_letter = false;
    for (const char c : job_name) {
        const bool is_digit = c >= '0' && c <= '9';
        has_letter =
            has_letter || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
        if (!is_digit) {
            series.name += c;
        }
    }
    if (!has_letter) {
        series.name.clear();
    }
    return series;
}

void Durations::add(Duration ran) {
    for (std::uint32_t& weight : weights) {
        weight -= weight >> 9;
    }
    weights[static_cast<std::size_t>(bucket_of(seconds_of(ran)))] += kSample;
    samples = std::min(samples + 1, std::numeric_limits<std::uint32_t>::max() - 1);
}

std::int64_t Durations::seconds_to_an_end(Duration age) const {
    const std::int64_t began = seconds_of(age);
    std::int64_t survivors = 0;
    for (int bucket = bucket_of(began); bucket < kBuckets; ++bucket) {
        survivors += weights[static_cast<std::size_t>(bucket)];
    }
    if (survivors == 0) {
        return std::max(began, kUnknownSeconds);
    }
    std::int64_t best = std::numeric_limits<std::int64_t>::max();
    std::int64_t work = 0;
    std::int64_t ended = 0;
    for (int bucket = bucket_of(began); bucket < kBuckets && survivors > 0; ++bucket) {
        const std::int64_t weight = weights[static_cast<std::size_t>(bucket)];
        const std::int64_t from = std::max(began, begin_of(bucket));
        const std::int64_t until = std::max(from + 1, begin_of(bucket + 1));
        work += weight * ((until - from) / 2) + (survivors - weight) * (until - from);
        ended += weight;
        survivors -= weight;
        best = ended > 0 ? std::min(best, work / ended) : best;
    }
    return std::max<std::int64_t>(1, best);
}

Duration Durations::time_left(Duration age, std::uint32_t part) const {
    const std::int64_t began = seconds_of(age);
    std::int64_t survivors = 0;
    for (int bucket = bucket_of(began); bucket < kBuckets; ++bucket) {
        survivors += weights[static_cast<std::size_t>(bucket)];
    }
    std::int64_t wanted = survivors / 65'536 * part;
    for (int bucket = bucket_of(began); bucket < kBuckets && survivors > 0; ++bucket) {
        const std::int64_t weight = weights[static_cast<std::size_t>(bucket)];
        if (wanted < weight) {
            const std::int64_t from = std::max(began, begin_of(bucket));
            const std::int64_t until = std::max(from + 1, begin_of(bucket + 1));
            const std::int64_t at = from + (until - from) * (wanted * 1024 / weight) / 1024;
            return std::chrono::seconds(std::max<std::int64_t>(1, at - began));
        }
        wanted -= weight;
    }
    return std::chrono::seconds(std::max(began, kUnknownSeconds));
}

Past& History::at(const Likeness& likeness, Time now) {
    Past& past = all_[likeness];
    by_age_.erase({past.learnt, likeness});
    past.learnt = now;
    by_age_.insert({now, likeness});
    return past;
}

void History::learn(const Series& series, std::int64_t milli_gpus, Duration ran, Time now) {
    std::optional<Likeness> done;
    for (const Likeness& likeness : likenesses(series, milli_gpus)) {
        if (likeness != done) {  // a job of no user and no series is like itself twice
            at(likeness, now).durations.add(ran);
        }
        done = likeness;
    }
    while (all_.size() > kMostKept) {
        all_.erase(by_age_.begin()->second);
        by_age_.erase(by_age_.begin());
    }
}

void History::serve(const Series& series, std::int64_t milli_gpu_seconds, Time now) {
    if (!series.name.empty()) {
        at({series.tenant, series.user, series.name, -1}, now).served.add(milli_gpu_seconds, now);
    }
}

std::int64_t History::expected_work(const Series& series, std::int64_t milli_gpus,
                                    Duration age) const {
    for (const Likeness& likeness : likenesses(series, milli_gpus)) {
        const auto found = all_.find(likeness);
        if (found != all_.end() && found->second.durations.samples >= kEnoughSamples) {
            return found->second.durations.seconds_to_an_end(age) * milli_gpus;
        }
    }
    return std::max(seconds_of(age), kUnknownSeconds) * milli_gpus;
}

std::optional<Duration> History::time_left(const Series& series, std::int64_t milli_gpus,
                                           Duration age, std::uint32_t part) const {
    for (const Likeness& likeness : likenesses(series, milli_gpus)) {
        const auto found = all_.find(likeness);
        if (found != all_.end() && found->second.durations.samples >= kEnoughSamples) {
            return found->second.durations.time_left(age, part);
        }
    }
    return std::nullopt;
}

std::int64_t History::served(const Series& series, Time now) const {
    if (series.name.empty()) {
        return 0;
    }
    const auto found = all_.find({series.tenant, series.user, series.name, -1});
    return found == all_.end() ? 0 : found->second.served.at(now);
}

void History::restore(const Likeness& likeness, const Past& past) {
    all_[likeness] = past;
    by_age_.insert({past.learnt, likeness});
}

}  // namespace gusu::core
