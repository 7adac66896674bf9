// What gusu-gpucheck makes of figures, words and failures: all of it that needs no card.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "agent/gpucheck/judge.h"
#include "agent/gpucheck/options.h"
#include "agent/gpucheck/pattern.h"
#include "agent/gpucheck/problem.h"
#include "agent/gpucheck/report.h"

namespace gusu::gpucheck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::variant<Options, int> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "gusu-gpucheck");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    auto parsed = parse_options(static_cast<int>(words.size()), words.data());
    testing::internal::GetCapturedStdout();
    testing::internal::GetCapturedStderr();
    return parsed;
}

// --- speeds

struct SpeedCase {
    const char* what;
    std::vector<double> rounds;
    std::optional<double> rated;
    double least_share;
    double value;
    Verdict verdict;
};

TEST(Speed, IsTheMiddleRoundAgainstAShareOfTheRating) {
    const SpeedCase cases[] = {
        {"fast enough", {700, 900, 800}, 1000, 0.65, 800, Verdict::Passed},
        {"exactly at the least", {650}, 1000, 0.65, 650, Verdict::Passed},
        {"too slow", {640, 600, 649}, 1000, 0.65, 640, Verdict::Failed},
        {"one good round saves no slow card", {900, 600, 600}, 1000, 0.65, 600, Verdict::Failed},
        {"one bad round condemns no good card", {100, 900, 900}, 1000, 0.65, 900, Verdict::Passed},
        {"no rating, no judgement", {1}, std::nullopt, 0.65, 1, Verdict::Passed},
    };
    for (const SpeedCase& one : cases) {
        const Check check =
            judge_speed("memory", one.rounds, expect("GB/s", one.rated, one.least_share));
        EXPECT_EQ(check.verdict, one.verdict) << one.what;
        ASSERT_TRUE(check.figure.has_value()) << one.what;
        EXPECT_EQ(check.figure->value, one.value) << one.what;
        EXPECT_EQ(check.figure->least.has_value(), one.rated.has_value()) << one.what;
    }
}

// --- memory

TEST(Memory, IsFaultyByOneWrongWord) {
    EXPECT_EQ(judge_memory("memory", 1U << 30, {}, "2 patterns").verdict, Verdict::Passed);
    const Check check =
        judge_memory("memory", 1U << 30, {.words = 1, .examples = {{16, 0, 4}}}, "2 patterns");
    EXPECT_EQ(check.verdict, Verdict::Failed);
    EXPECT_EQ(check.errors, 1U);
    EXPECT_THAT(to_text(check), HasSubstr("failed"));
    EXPECT_THAT(to_text(check),
                HasSubstr("at byte 16: 0x0000000000000004 instead of 0x0000000000000000"));
}

TEST(Memory, KeepsTheFirstExamplesOfAllThatWasFound) {
    Mismatches all;
    for (std::uint64_t part = 0; part < 3; ++part) {
        Mismatches some{.words = 1000};
        for (std::uint64_t i = 0; i < kMostExamples; ++i) {
            some.examples.push_back({8 * (3 * i + (2 - part)), 0, 1});
        }
        all.add(some);
    }
    EXPECT_EQ(all.words, 3000U);
    ASSERT_EQ(all.examples.size(), kMostExamples);
    for (std::uint64_t i = 0; i < kMostExamples; ++i) {
        EXPECT_EQ(all.examples[i].byte, 8 * i);
    }
}

TEST(Patterns, TellTheWordOfEachPlace) {
    EXPECT_EQ(word_at({PatternKind::Constant, 0xAA}, 17), 0xAAU);
    EXPECT_EQ(word_at({PatternKind::Address, 0}, 17), 136U);
    EXPECT_EQ(word_at({PatternKind::Address, ~std::uint64_t{0}}, 17), ~std::uint64_t{136});
    EXPECT_EQ(word_at({PatternKind::Walking, 0}, 65), 2U);
    EXPECT_EQ(word_at({PatternKind::Walking, 31}, 1), std::uint64_t{1} << 32);
    const Pattern random{PatternKind::Random, 1};
    EXPECT_NE(word_at(random, 1), word_at(random, 2));
    EXPECT_NE(word_at(random, 1), word_at({PatternKind::Random, 2}, 1));
    EXPECT_EQ(word_at(random, 1), word_at(random, 1));
}

// --- words of the command

TEST(Words, ChooseWhatIsDone) {
    const std::pair<std::vector<const char*>, Mode> cases[] = {
        {{}, Mode::Check},
        {{"--scrub"}, Mode::Scrub},
        {{"--scan"}, Mode::Scan},
        {{"--list"}, Mode::List},
        {{"--fill", "ab", "--hold"}, Mode::Fill},
    };
    for (const auto& [words, mode] : cases) {
        const auto parsed = parse(words);
        ASSERT_TRUE(std::holds_alternative<Options>(parsed));
        EXPECT_EQ(std::get<Options>(parsed).mode, mode);
    }
}

TEST(Words, CarryRatingsAndCards) {
    const auto parsed = parse({"--quick", "--json", "--gpu", "GPU-1", "--gpu", "3",
                               "--rated-tensor-tflops", "989", "--timeout", "60"});
    ASSERT_TRUE(std::holds_alternative<Options>(parsed));
    const auto& options = std::get<Options>(parsed);
    EXPECT_EQ(options.thoroughness, Thoroughness::Quick);
    EXPECT_EQ(options.output, Output::Json);
    EXPECT_THAT(options.cards, ElementsAre("GPU-1", "3"));
    EXPECT_EQ(options.ratings.tensor_tflops, 989);
    EXPECT_EQ(options.ratings.fp32_tflops, std::nullopt);
    EXPECT_EQ(options.timeout, std::chrono::seconds(60));
}

TEST(Words, ThatAreWrongEndWithTwo) {
    const std::vector<const char*> cases[] = {
        {"--no-such-word"}, {"--scrub", "--scan"},         {"--fill", "xyz", "--hold"},
        {"--fill", "ab"},  // and give it back at once
        {"--hold"},         {"--rated-fp32-tflops", "-1"}, {"--inject", "nonsense"},
        {"stray"},
    };
    for (const auto& words : cases) {
        const auto parsed = parse(words);
        ASSERT_TRUE(std::holds_alternative<int>(parsed)) << words.front();
        EXPECT_EQ(std::get<int>(parsed), kWrongWords) << words.front();
    }
    EXPECT_EQ(std::get<int>(parse({"--help"})), kPassed);
    EXPECT_EQ(std::get<int>(parse({"--version"})), kPassed);
}

TEST(Words, APatternIsRepeatedToAWholeWord) {
    const std::map<std::string, std::uint64_t> cases{
        {"ab", 0xABABABABABABABABU},  {"0xDEADBEEF", 0xDEADBEEFDEADBEEFU},
        {"1", 0x1111111111111111U},   {"0123456789abcdef", 0x0123456789ABCDEFU},
        {"123", 0x1231231231231231U},
    };
    for (const auto& [text, word] : cases) {
        const auto parsed = parse_fill_word(text);
        ASSERT_TRUE(parsed.ok()) << text;
        EXPECT_EQ(*parsed, word) << text;
    }
    for (const char* text : {"", "0x", "xyz", "0123456789abcdef0", "-1"}) {
        EXPECT_FALSE(parse_fill_word(text).ok()) << text;
    }
}

TEST(Words, NameCardsByIndexOrUuid) {
    const std::vector<CardFacts> cards{{.index = 0, .uuid = "GPU-aa11"},
                                       {.index = 1, .uuid = "GPU-aa22"},
                                       {.index = 2, .uuid = "GPU-bb"}};
    const auto indexes = [&](const std::vector<std::string>& words) {
        std::vector<int> chosen;
        const auto found = choose(cards, words);
        for (const CardFacts& card : found ? *found : std::vector<CardFacts>{}) {
            chosen.push_back(card.index);
        }
        return chosen;
    };
    EXPECT_THAT(indexes({}), ElementsAre(0, 1, 2));
    EXPECT_THAT(indexes({"2", "GPU-aa1"}), ElementsAre(0, 2));
    EXPECT_THAT(choose(cards, {"GPU-aa"}).error().message, HasSubstr("several cards"));
    EXPECT_THAT(choose(cards, {"3"}).error().message, HasSubstr("no card \"3\", of 3"));
    EXPECT_EQ(choose(cards, {"GPU-zz"}).error().code, ErrorCode::NotFound);
}

// --- failures and exit codes

TEST(Failures, SayWhatTheyMean) {
    const std::pair<int, ErrorCode> cases[] = {
        {35, ErrorCode::NotFound},     // no driver
        {100, ErrorCode::NotFound},    // no card
        {2, ErrorCode::Unavailable},   // no memory left
        {46, ErrorCode::Unavailable},  // somebody else has it
        {214, ErrorCode::Internal},    // an error that ECC cannot mend
        {719, ErrorCode::Internal},    // a kernel failed
        {999, ErrorCode::Internal},    // unknown: as of a card that fell off the bus
        {123456, ErrorCode::Internal},
    };
    for (const auto& [number, code] : cases) {
        const Error error = to_error({.number = number, .text = "CUDA's words"}, "fill memory");
        EXPECT_EQ(error.code, code) << number;
        EXPECT_THAT(error.message, HasSubstr("cannot fill memory: CUDA's words (CUDA error " +
                                             std::to_string(number) + "): "));
    }
}

CardReport card_with(std::vector<Check> checks, std::optional<Error> error = {}) {
    return {.card = {.uuid = "GPU-1"}, .checks = std::move(checks), .error = std::move(error)};
}

TEST(ExitCodes, TellTheWorst) {
    const Check good{.name = "memory"};
    const Check bad{.name = "memory", .verdict = Verdict::Failed};
    const Error lost{ErrorCode::Internal, "lost"};
    const Error busy{ErrorCode::Unavailable, "busy"};
    const std::pair<std::vector<CardReport>, int> cases[] = {
        {{card_with({good})}, kPassed},
        {{card_with({good}), card_with({good, bad})}, kFailed},
        {{card_with({bad}, busy)}, kFailed},  // a fault that was seen stays one
        {{card_with({good}, busy)}, kInUse},
        {{card_with({bad}), card_with({}, lost)}, kLost},
        {{card_with({}, lost), card_with({bad})}, kLost},
    };
    for (const auto& [cards, code] : cases) {
        EXPECT_EQ(exit_code({.mode = "check", .cards = cards}), code);
    }
    EXPECT_EQ(exit_code({.mode = "check", .error = Error{ErrorCode::NotFound, "no driver"}}),
              kNoCard);
}

TEST(Json, HasWhatProgramsAskFor) {
    Check memory = judge_memory("memory", 1024, {.words = 1, .examples = {{16, 0, 4}}}, "x");
    Check speed = judge_speed("tensor_gemm", {500}, expect("TFLOPS", 989, 0.3));
    const Report report{.mode = "check",
                        .cuda_driver = "13.0",
                        .cards = {card_with({std::move(memory), std::move(speed)})}};
    const auto json = nlohmann::json::parse(to_json(report));
    EXPECT_EQ(json["verdict"], "failed");
    EXPECT_EQ(json["exit_code"], kFailed);
    EXPECT_EQ(json["cards"][0]["uuid"], "GPU-1");
    EXPECT_EQ(json["cards"][0]["verdict"], "failed");
    const auto& checks = json["cards"][0]["checks"];
    EXPECT_EQ(checks[0]["errors"], 1);
    EXPECT_EQ(checks[0]["examples"][0]["found"], "0x0000000000000004");
    EXPECT_EQ(checks[1]["verdict"], "passed");
    EXPECT_EQ(checks[1]["value"], 500);
    EXPECT_NEAR(checks[1]["least"].get<double>(), 296.7, 0.01);
}

}  // namespace
}  // namespace gusu::gpucheck
