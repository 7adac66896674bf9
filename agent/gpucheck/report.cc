#include "agent/gpucheck/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scheduler/base/text.h"

namespace gusu::gpucheck {
namespace {

using Json = nlohmann::ordered_json;

const char* word_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::Passed:
            return "passed";
        case Verdict::Failed:
            return "failed";
        case Verdict::Skipped:
            return "skipped";
    }
    return "";
}

const char* word_of(int code) {
    switch (code) {
        case kPassed:
            return "passed";
        case kFailed:
        case kLost:
            return "failed";
        default:
            return "not_judged";
    }
}

int code_of(const Error& error) {
    switch (error.code) {
        case ErrorCode::InvalidArgument:
            return kWrongWords;
        case ErrorCode::NotFound:
            return kNoCard;
        case ErrorCode::Unavailable:
            return kInUse;
        default:
            return kLost;
    }
}

// A card that failed a check stays a faulty one, whatever came after.
int worse(int a, int b) {
    constexpr std::array kFromBest{kPassed, kInUse, kNoCard, kWrongWords, kFailed, kLost};
    return std::ranges::find(kFromBest, a) < std::ranges::find(kFromBest, b) ? b : a;
}

int code_of(const CardReport& report) {
    const bool failed = std::ranges::any_of(
        report.checks, [](const Check& check) { return check.verdict == Verdict::Failed; });
    const int by_checks = failed ? kFailed : kPassed;
    return report.error ? worse(by_checks, code_of(*report.error)) : by_checks;
}

std::string hexadecimal(std::uint64_t word) {
    char text[19];
    std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(word));
    return text;
}

std::string decimal(double value) {
    char text[32];
    std::snprintf(text, sizeof text, value < 10 ? "%.2f" : "%.0f", value);
    return text;
}

std::string to_text(const Figure& figure) {
    std::string text = decimal(figure.value) + " " + figure.unit;
    if (figure.rated && figure.least) {
        text += " (rated " + decimal(*figure.rated) + ", at least " + decimal(*figure.least) + ")";
    }
    return text;
}

Json to_json(const Check& check) {
    Json json{{"name", check.name},
              {"verdict", word_of(check.verdict)},
              {"detail", check.detail},
              {"seconds", check.seconds}};
    if (check.figure) {
        json["value"] = check.figure->value;
        json["unit"] = check.figure->unit;
        if (check.figure->rated && check.figure->least) {
            json["rated"] = *check.figure->rated;
            json["least"] = *check.figure->least;
        }
    }
    if (check.bytes > 0) {
        json["bytes"] = check.bytes;
        json["errors"] = check.errors;
        json["examples"] = Json::array();
        for (const BadWord& bad : check.examples) {
            json["examples"].push_back({{"byte", bad.byte},
                                        {"expected", hexadecimal(bad.expected)},
                                        {"found", hexadecimal(bad.found)}});
        }
    }
    return json;
}

Json to_json(const CardReport& report) {
    Json json{{"index", report.card.index},
              {"uuid", report.card.uuid},
              {"name", report.card.name},
              {"pci", report.card.pci},
              {"memory", report.card.memory},
              {"multiprocessors", report.card.multiprocessors},
              {"compute_capability", report.card.compute_capability},
              {"verdict", word_of(code_of(report))},
              {"error", report.error ? report.error->message : ""},
              {"checks", Json::array()}};
    for (const Check& check : report.checks) {
        json["checks"].push_back(to_json(check));
    }
    return json;
}

}  // namespace

int exit_code(const Report& report) {
    int code = report.error ? code_of(*report.error) : kPassed;
    for (const CardReport& card : report.cards) {
        code = worse(code, code_of(card));
    }
    return code;
}

std::string to_text(const CardFacts& card) {
    return "card " + std::to_string(card.index) + "  " + card.name + "  " + card.uuid + "  " +
           card.pci + "  " + format_bytes(card.memory) + "  compute capability " +
           card.compute_capability + ", " + std::to_string(card.multiprocessors) +
           " multiprocessors";
}

std::string to_text(const Check& check) {
    char head[48];
    std::snprintf(head, sizeof head, "  %-8s %-16s ", word_of(check.verdict), check.name.c_str());
    std::string text = head;
    text += check.figure ? to_text(*check.figure) : "";
    text += check.figure && !check.detail.empty() ? "; " : "";
    text += check.detail;
    for (const BadWord& bad : check.examples) {
        text += "\n           at byte " + std::to_string(bad.byte) + ": " + hexadecimal(bad.found) +
                " instead of " + hexadecimal(bad.expected);
    }
    return text;
}

std::string to_text(const Error& error) { return "gusu-gpucheck: " + error.message; }

std::string to_json(const Report& report) {
    const int code = exit_code(report);
    Json json{{"version", kVersion},
              {"mode", report.mode},
              {"cuda_driver", report.cuda_driver},
              {"verdict", word_of(code)},
              {"exit_code", code},
              {"error", report.error ? report.error->message : ""},
              {"cards", Json::array()}};
    for (const CardReport& card : report.cards) {
        json["cards"].push_back(to_json(card));
    }
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gusu::gpucheck
