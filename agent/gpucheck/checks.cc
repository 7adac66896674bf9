#include "agent/gpucheck/checks.h"

#include <chrono>
#include <memory>

#include "agent/gpucheck/cards.h"
#include "agent/gpucheck/copies.h"
#include "agent/gpucheck/gemm.h"
#include "agent/gpucheck/memory.h"
#include "scheduler/base/text.h"

namespace gusu::gpucheck {
namespace {

constexpr Pattern kZeros{PatternKind::Constant, 0};
constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kOddBits = 0xAAAAAAAAAAAAAAAAU;

struct Test {
    const Options& options;
    const Listener& listener;
    CardReport& report;

    void told(Check check, std::chrono::steady_clock::time_point began) const {
        const auto took = std::chrono::steady_clock::now() - began;
        check.seconds = std::chrono::duration<double>(took).count();
        listener.line(to_text(check));
        report.checks.push_back(std::move(check));
    }
};

const char* word_of(Mode mode) {
    switch (mode) {
        case Mode::Check:
            return "check";
        case Mode::Scrub:
            return "scrub";
        case Mode::Scan:
            return "scan";
        case Mode::Fill:
            return "fill";
        case Mode::List:
            return "list";
    }
    return "";
}

Check judge_gemm(const std::string& name, const GemmRounds& rounds, const Figure& expectation) {
    Check check = judge_speed(name, rounds.tflops, expectation);
    if (rounds.wrong_rows > 0) {
        check.verdict = Verdict::Failed;
        check.errors = rounds.wrong_rows;
        check.detail = std::to_string(rounds.wrong_rows) + " rows of products are wrong, as row " +
                       std::to_string(rounds.examples.front()) +
                       ": the card computes wrongly, whatever its memory does";
    } else if (check.detail.empty()) {
        check.detail = std::to_string(rounds.results) + " results proved";
    }
    return check;
}

Status check_gemm(const Test& test, Arithmetic arithmetic) {
    const auto began = std::chrono::steady_clock::now();
    const bool tensor = arithmetic == Arithmetic::Tensor;
    const Spoil spoil = test.options.fault == Fault::Gemm ? Spoil::OneResult : Spoil::Nothing;
    const auto rounds = measure_gemm(arithmetic, test.options.thoroughness, spoil);
    if (!rounds) {
        return rounds.error();
    }
    const Ratings& ratings = test.options.ratings;
    const Figure expectation = tensor ? expect("TFLOPS", ratings.tensor_tflops, kLeastTensorShare)
                                      : expect("TFLOPS", ratings.fp32_tflops, kLeastFp32Share);
    test.told(judge_gemm(tensor ? "tensor_gemm" : "fp32_gemm", *rounds, expectation), began);
    return Done{};
}

Status check_copies(const Test& test) {
    const auto began = std::chrono::steady_clock::now();
    const auto speeds = measure_copies(test.options.thoroughness);
    if (!speeds) {
        return speeds.error();
    }
    const Ratings& ratings = test.options.ratings;
    const Figure host = expect("GB/s", ratings.host_gbps, kLeastHostShare);
    test.told(judge_speed("host_to_card", speeds->to_card, host), began);
    test.told(judge_speed("card_to_host", speeds->from_card, host), began);
    test.told(judge_speed("memory_bandwidth", speeds->on_card,
                          expect("GB/s", ratings.memory_gbps, kLeastMemoryShare)),
              began);
    test.told(judge_memory("copies", speeds->bytes, speeds->wrong, "compared after copies"), began);
    return Done{};
}

std::vector<Pattern> patterns_of(Thoroughness thoroughness) {
    if (thoroughness == Thoroughness::Quick) {
        return {{PatternKind::Address, 0}, {PatternKind::Random, 1}};
    }
    return {kZeros,
            {PatternKind::Constant, kAll},
            {PatternKind::Constant, kOddBits},
            {PatternKind::Constant, ~kOddBits},
            {PatternKind::Walking, 0},
            {PatternKind::Walking, 31},
            {PatternKind::Address, 0},
            {PatternKind::Address, kAll},
            {PatternKind::Random, 1},
            {PatternKind::Random, 2}};
}

Status check_memory(const Test& test) {
    const auto began = std::chrono::steady_clock::now();
    auto memory = CardMemory::take_all_free();
    if (!memory) {
        return memory.error();
    }
    Mismatches wrong;
    const std::vector<Pattern> patterns = patterns_of(test.options.thoroughness);
    for (const Pattern& pattern : patterns) {
        if (const Status filled = memory->fill(pattern); !filled) {
            return filled;
        }
        if (test.options.fault == Fault::Memory) {
            if (const Status spoiled = memory->spoil(); !spoiled) {
                return spoiled;
            }
        }
        auto found = memory->compare(pattern);
        if (!found) {
            return found.error();
        }
        wrong.add(std::move(*found));
    }
    test.told(judge_memory("memory", memory->bytes(), std::move(wrong),
                           std::to_string(patterns.size()) + " patterns"),
              began);
    return Done{};
}

Status scrub(const Test& test) {
    const auto began = std::chrono::steady_clock::now();
    auto memory = CardMemory::take_all_free();
    if (!memory) {
        return memory.error();
    }
    if (const Status filled = memory->fill(kZeros); !filled) {
        return filled;
    }
    if (test.options.fault == Fault::Scrub) {
        if (const Status spoiled = memory->spoil(); !spoiled) {
            return spoiled;
        }
    }
    auto left = memory->compare(kZeros);
    if (!left) {
        return left.error();
    }
    test.told(judge_memory("scrub", memory->bytes(), std::move(*left), "filled with zeros"), began);
    return Done{};
}

Status scan(const Test& test) {
    const auto began = std::chrono::steady_clock::now();
    auto memory = CardMemory::take_all_free();
    if (!memory) {
        return memory.error();
    }
    auto left = memory->compare(kZeros);
    if (!left) {
        return left.error();
    }
    test.told(judge_memory("scan", memory->bytes(), std::move(*left), "looked for zeros"), began);
    return Done{};
}

Status fill_and_hold(const Test& test) {
    const auto began = std::chrono::steady_clock::now();
    const Pattern pattern{PatternKind::Constant, test.options.fill_word};
    auto memory = CardMemory::take_all_free();
    if (!memory) {
        return memory.error();
    }
    if (const Status filled = memory->fill(pattern); !filled) {
        return filled;
    }
    auto wrong = memory->compare(pattern);
    if (!wrong) {
        return wrong.error();
    }
    test.told(judge_memory("fill", memory->bytes(), std::move(*wrong), "filled and held"), began);
    test.listener.hold();
    return Done{};
}

Status diagnose(const Test& test) {
    Status done = check_gemm(test, Arithmetic::Tensor);
    if (done) {
        done = check_gemm(test, Arithmetic::Fp32);
    }
    if (done) {
        done = check_copies(test);
    }
    // Last, for it needs all memory that there is.
    return done ? check_memory(test) : done;
}

Status act(const Test& test) {
    if (const Status used = use_card(test.report.card.index); !used) {
        return used;
    }
    switch (test.options.mode) {
        case Mode::Check:
            return diagnose(test);
        case Mode::Scrub:
            return scrub(test);
        case Mode::Scan:
            return scan(test);
        case Mode::Fill:
            return fill_and_hold(test);
        case Mode::List:
            return Done{};
    }
    return Done{};
}

void run_one(const Options& options, const Listener& listener, CardReport& report) {
    listener.line(to_text(report.card));
    if (options.mode == Mode::List) {
        return;
    }
    const Status acted = act({options, listener, report});
    leave_card();
    if (!acted) {
        listener.line(to_text(acted.error()));
        report.error = acted.error();
    }
}

// From each card that is being checked to each other one.
void check_peers(const Options& options, const Listener& listener, Report& report) {
    for (CardReport& from : report.cards) {
        for (const CardReport& to : report.cards) {
            if (from.card.index == to.card.index || from.error || to.error) {
                continue;
            }
            const auto began = std::chrono::steady_clock::now();
            const auto speeds = measure_peer_copy(from.card.index, to.card.index);
            if (!speeds) {
                from.error = speeds.error();
                listener.line(to_text(speeds.error()));
                continue;
            }
            Check check = judge_speed("peer_copy", speeds->rounds, expect("GB/s", {}, 0));
            const Check data = judge_memory("", speeds->bytes, speeds->wrong, "");
            check.verdict = data.verdict;
            check.bytes = data.bytes;
            check.errors = data.errors;
            check.examples = data.examples;
            check.detail = "card " + std::to_string(from.card.index) + " to card " +
                           std::to_string(to.card.index) +
                           (speeds->direct ? ", directly" : ", by way of the host");
            Test{options, listener, from}.told(std::move(check), began);
        }
    }
    for (const CardReport& card : report.cards) {
        if (use_card(card.card.index)) {
            leave_card();
        }
    }
}

}  // namespace

Report run(const Options& options, const Listener& listener) {
    prepare_cuda();
    Report report{.mode = word_of(options.mode), .cuda_driver = newest_cuda_of_driver()};
    const auto all = find_cards();
    const auto chosen = all ? choose(*all, options.cards) : all;
    if (!chosen) {
        listener.line(to_text(chosen.error()));
        report.error = chosen.error();
        return report;
    }
    for (const CardFacts& card : *chosen) {
        report.cards.push_back({.card = card});
    }
    for (CardReport& card : report.cards) {
        run_one(options, listener, card);
    }
    if (options.mode == Mode::Check && report.cards.size() > 1) {
        check_peers(options, listener, report);
    }
    return report;
}

}  // namespace gusu::gpucheck
