#include "scheduler/wire/job_text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "scheduler/base/text.h"

namespace gusu::wire {
namespace {

std::optional<std::int64_t> number(std::string_view text, std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
        text.front() == '-' || value > most) {
        return std::nullopt;
    }
    return value;
}

Error no_indices(std::string_view text, std::string_view why) {
    return {ErrorCode::InvalidArgument,
            "value " + quote(text) + " " + std::string(why) +
                "; allowed: indices from 0 to 1000000000 as \"0-9\", \"1,3,5-7\", \"0-100:10\", at "
                "most 100000 and each once"};
}

// "7", "5-7", "0-100:10"
struct IndexRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t step = 1;
};

std::optional<IndexRange> parse_range(std::string_view text) {
    IndexRange range;
    const std::size_t colon = text.find(':');
    const std::string_view ends = text.substr(0, colon);
    const std::size_t dash = ends.find('-');
    const auto first = number(ends.substr(0, dash), kHighestArrayIndex);
    const auto last =
        dash == std::string_view::npos ? first : number(ends.substr(dash + 1), kHighestArrayIndex);
    if (!first || !last || *first > *last) {
        return std::nullopt;
    }
    range.first = *first;
    range.last = *last;
    if (colon != std::string_view::npos) {
        const auto step = number(text.substr(colon + 1), kHighestArrayIndex);
        if (!step || *step == 0 || dash == std::string_view::npos) {
            return std::nullopt;
        }
        range.step = *step;
    }
    return range;
}

}  // namespace

std::string job_id_text(const core::State&, const core::Job& job) {
    if (!job.array) {
        return std::to_string(job.id.value);
    }
    return std::to_string(job.array->array.value) + "_" + std::to_string(job.array->index);
}

std::string job_id_text(const core::State& state, JobId id) {
    const core::Job* job = state.job(id);
    return job == nullptr ? std::to_string(id.value) : job_id_text(state, *job);
}

Result<core::JobRef> parse_job_ref(std::string_view text) {
    const std::size_t underscore = text.find('_');
    const auto job =
        number(text.substr(0, underscore), std::numeric_limits<std::int64_t>::max() - 1);
    core::JobRef reference;
    bool understood = job && *job > 0;
    if (understood && underscore != std::string_view::npos) {
        const auto index = number(text.substr(underscore + 1), kHighestArrayIndex);
        understood = index.has_value();
        reference.array_index = static_cast<int>(index.value_or(0));
    }
    if (!understood) {
        return Error{ErrorCode::InvalidArgument,
                     "value " + quote(text) +
                         " is no job id; allowed: a job as \"1042\", or an element of an array as "
                         "\"1042_7\""};
    }
    reference.job = {static_cast<std::uint64_t>(*job)};
    return reference;
}

Result<std::vector<int>> parse_array_indices(std::string_view text) {
    std::vector<int> indices;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        const auto range = parse_range(text.substr(begin, end - begin));
        if (!range) {
            return no_indices(text, "is no list of indices");
        }
        const std::int64_t count = (range->last - range->first) / range->step + 1;
        if (count + static_cast<std::int64_t>(indices.size()) > kMostArrayIndices) {
            return no_indices(text, "names too many indices");
        }
        for (std::int64_t index = range->first; index <= range->last; index += range->step) {
            indices.push_back(static_cast<int>(index));
        }
        begin = end + 1;
    }
    std::ranges::sort(indices);
    if (std::ranges::adjacent_find(indices) != indices.end()) {
        return no_indices(text, "names an index twice");
    }
    return indices;
}

}  // namespace gusu::wire
