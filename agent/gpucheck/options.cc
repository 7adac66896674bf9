#include "agent/gpucheck/options.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <map>

#include "scheduler/base/text.h"

namespace gusu::gpucheck {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 all is well; 1 a card is faulty; 2 wrong words; 3 no driver or no such card;\n"
    "4 card or driver failed or hung while they were checked; 5 the card is in use.";

struct Words {
    bool scrub = false;
    bool scan = false;
    bool list = false;
    bool hold = false;
    bool quick = false;
    bool json = false;
    std::string fill;
    int hold_seconds = 0;
    int timeout = 0;
    std::string inject;
};

void add_rating(CLI::App& app, const char* name, std::optional<double>& rating, const char* help) {
    app.add_option_function<double>(
           name, [&rating](double value) { rating = value; }, help)
        ->check(CLI::PositiveNumber);
}

void add_modes(CLI::App& app, Words& words, Options& options) {
    auto* scrub =
        app.add_flag("--scrub", words.scrub, "Fill all free memory with zeros, verify it");
    auto* scan = app.add_flag("--scan", words.scan,
                              "Count what is not zero in free memory, without writing to it");
    auto* list = app.add_flag("--list", words.list, "Show the cards, check nothing");
    auto* fill = app.add_option("--fill", words.fill,
                                "Fill all free memory with this word (hexadecimal, 1 to 16 digits)")
                     ->type_name("PATTERN");
    scrub->excludes(scan)->excludes(list)->excludes(fill);
    scan->excludes(list)->excludes(fill);
    list->excludes(fill);
    app.add_flag("--hold", words.hold, "With --fill: hold the memory until SIGTERM or SIGINT")
        ->needs(fill);
    app.add_option("--hold-seconds", words.hold_seconds, "With --fill: hold it no longer than this")
        ->needs(fill)
        ->check(CLI::PositiveNumber);
    app.add_option("--gpu", options.cards, "Index or UUID (or its beginning); else all cards")
        ->type_name("CARD");
}

void add_how(CLI::App& app, Words& words, Options& options) {
    app.add_flag("--quick", words.quick, "Fewer patterns and shorter measurements: seconds");
    app.add_flag("--json", words.json, "One JSON document on stdout");
    Ratings& ratings = options.ratings;
    add_rating(app, "--rated-tensor-tflops", ratings.tensor_tflops,
               "Dense BF16 of the data sheet; without it the figure is told and not judged");
    add_rating(app, "--rated-fp32-tflops", ratings.fp32_tflops, "FP32 without tensor cores, alike");
    add_rating(app, "--rated-memory-gbps", ratings.memory_gbps, "Memory bandwidth in 10^9 byte/s");
    add_rating(app, "--rated-host-gbps", ratings.host_gbps, "Of the bus, one way");
    app.add_option("--timeout", words.timeout, "Give up after so many seconds, with exit code 4")
        ->check(CLI::PositiveNumber);
    app.add_option("--inject", words.inject, "Put an error there, to see that it is found")
        ->check(CLI::IsMember({"memory", "gemm", "scrub"}));
}

Mode mode_of(const Words& words) {
    if (words.scrub) {
        return Mode::Scrub;
    }
    if (words.scan) {
        return Mode::Scan;
    }
    if (words.list) {
        return Mode::List;
    }
    return words.fill.empty() ? Mode::Check : Mode::Fill;
}

Result<Done> take(const Words& words, Options& options) {
    options.mode = mode_of(words);
    options.thoroughness = words.quick ? Thoroughness::Quick : Thoroughness::Full;
    options.output = words.json ? Output::Json : Output::Text;
    options.timeout = std::chrono::seconds(words.timeout);
    options.hold = std::chrono::seconds(words.hold_seconds);
    const std::map<std::string, Fault> faults{{"", Fault::None},
                                              {"memory", Fault::Memory},
                                              {"gemm", Fault::Gemm},
                                              {"scrub", Fault::Scrub}};
    options.fault = faults.at(words.inject);
    if (options.mode != Mode::Fill) {
        return Done{};
    }
    if (!words.hold && words.hold_seconds == 0) {
        return Error{ErrorCode::InvalidArgument,
                     "--fill is of no use when the memory is given back at once; add --hold"};
    }
    const auto word = parse_fill_word(words.fill);
    if (!word) {
        return word.error();
    }
    options.fill_word = *word;
    return Done{};
}

bool is_named(const CardFacts& card, const std::string& word) {
    return word == std::to_string(card.index) ||
           (word.starts_with("GPU-") && card.uuid.starts_with(word));
}

}  // namespace

Result<std::uint64_t> parse_fill_word(const std::string& text) {
    const std::string digits =
        text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : text;
    if (digits.empty() || digits.size() > 16 ||
        digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        return Error{ErrorCode::InvalidArgument,
                     "a pattern is 1 to 16 hexadecimal digits as 0xDEADBEEF, not " + quote(text)};
    }
    std::string whole;
    while (whole.size() < 16) {
        whole += digits;
    }
    return std::stoull(whole.substr(0, 16), nullptr, 16);
}

Result<std::vector<CardFacts>> choose(const std::vector<CardFacts>& cards,
                                      const std::vector<std::string>& words) {
    std::vector<CardFacts> chosen;
    for (const std::string& word : words) {
        const auto named = [&](const CardFacts& card) { return is_named(card, word); };
        if (std::ranges::count_if(cards, named) != 1) {
            const bool none = std::ranges::none_of(cards, named);
            return Error{ErrorCode::NotFound,
                         (none ? "there is no card " : "several cards are called ") + quote(word) +
                             ", of " + std::to_string(cards.size()) +
                             "; gusu-gpucheck --list shows them"};
        }
    }
    for (const CardFacts& card : cards) {
        if (words.empty() || std::ranges::any_of(words, [&](const std::string& word) {
                return is_named(card, word);
            })) {
            chosen.push_back(card);
        }
    }
    return chosen;
}

std::variant<Options, int> parse_options(int count, const char* const* words) {
    Options options;
    Words read;
    CLI::App app("Diagnoses NVIDIA cards: memory, bandwidth, arithmetic; scrubs their memory",
                 "gusu-gpucheck");
    app.set_help_flag("-h,--help", "This help");
    app.set_version_flag("--version", std::string("gusu-gpucheck ") + kVersion);
    app.footer(kExitCodes);
    add_modes(app, read, options);
    add_how(app, read, options);
    try {
        app.parse(count, words);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kPassed : kWrongWords;
    }
    if (const Status taken = take(read, options); !taken) {
        std::cerr << to_text(taken.error()) << "\n";
        return kWrongWords;
    }
    return options;
}

}  // namespace gusu::gpucheck
