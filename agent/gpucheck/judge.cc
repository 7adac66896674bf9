#include "agent/gpucheck/judge.h"

#include <algorithm>

#include "scheduler/base/text.h"

namespace gusu::gpucheck {

Figure expect(const std::string& unit, std::optional<double> rated, double least_share) {
    Figure figure{.unit = unit, .rated = rated};
    if (rated) {
        figure.least = *rated * least_share;
    }
    return figure;
}

Check judge_speed(const std::string& name, std::vector<double> rounds, Figure expectation) {
    check(!rounds.empty(), "a speed is judged by at least one round");
    const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
    std::ranges::nth_element(rounds, middle);
    expectation.value = *middle;
    Check judged{.name = name};
    if (expectation.least && expectation.value < *expectation.least) {
        judged.verdict = Verdict::Failed;
        judged.detail = "too slow; look for heat, a power cap, or a bus with fewer lanes";
    }
    judged.figure = std::move(expectation);
    return judged;
}

void Mismatches::add(Mismatches more) {
    words += more.words;
    examples.insert(examples.end(), more.examples.begin(), more.examples.end());
    std::ranges::sort(examples);
    if (examples.size() > kMostExamples) {
        examples.resize(kMostExamples);
    }
}

Check judge_memory(const std::string& name, std::uint64_t bytes, Mismatches found,
                   const std::string& what) {
    Check judged{.name = name, .bytes = bytes};
    judged.verdict = found.words == 0 ? Verdict::Passed : Verdict::Failed;
    judged.errors = found.words;
    judged.examples = std::move(found.examples);
    judged.detail = format_bytes(static_cast<std::int64_t>(bytes)) + ", " + what + ": " +
                    (found.words == 0 ? "no error" : std::to_string(found.words) + " wrong words");
    return judged;
}

}  // namespace gusu::gpucheck
