// Amounts and times as people write them, and back. Used by the CLI, job files and configuration.
//
// Every parser refuses what it does not know by an Error that names the text and shows what is
// allowed; none guesses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"
#include "scheduler/base/time.h"

namespace gusu {

// "90s", "30m", "4h", "2d", "1h30m", "1.5h", "250ms"; sbatch's "MINUTES", "MM:SS", "HH:MM:SS",
// "D-HH", "D-HH:MM", "D-HH:MM:SS". At most ten years.
Result<Duration> parse_duration(std::string_view text);

// "512", "64K", "64KiB", "16G", "1.5T": powers of 1024; a bare number is bytes. At most 1 PiB.
// A fraction of a byte is dropped.
Result<std::int64_t> parse_bytes(std::string_view text);

// "2", "0.5", "1.25" as thousandths, for GPUs and CPUs. At most three decimals, at most a million.
Result<std::int64_t> parse_milli(std::string_view text);

// A whole number between low and high.
Result<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high);

// "now", RFC 3339 ("2026-11-23T21:00:00Z"), a date "2026-11-23", or an offset "+2h" from `now`.
Result<Time> parse_time(std::string_view text, Time now);

std::string format_duration(Duration duration);  // "1-02:03:04", "00:03:04"
// "16GiB", "1536MiB"; rounded to one decimal ("251.6GiB") where that takes more than four digits.
std::string format_bytes(std::int64_t bytes);
std::string format_milli(std::int64_t thousandths);  // "2", "0.5"
// "2026-11-23T21:00:00Z", with milliseconds only if there are any.
std::string format_rfc3339(Time time);
// The name in `names` nearest to `wrong`, or "" when none is near. For "did you mean".
template <typename Names>
std::string nearest_name(std::string_view wrong, const Names& names);

// A wrong value as a message shows it: in quotes, cut when long, control characters and broken
// UTF-8 as "\x00".
std::string quote(std::string_view text);

// Letters added, dropped, changed or swapped. Texts over 100 bytes are not compared letter by
// letter.
std::size_t edit_distance(std::string_view a, std::string_view b);
// How many bytes are valid before the first that is not.
std::size_t valid_utf8_prefix(std::string_view text);
bool is_valid_utf8(std::string_view text);

template <typename Names>
std::string nearest_name(std::string_view wrong, const Names& names) {
    std::string best;
    std::size_t best_distance = wrong.size() / 2 + 1;
    for (const auto& name : names) {
        const std::size_t distance = edit_distance(wrong, name);
        if (distance < best_distance) {
            best_distance = distance;
            best = name;
        }
    }
    return best;
}

}  // namespace gusu
