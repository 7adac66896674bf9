#include "scheduler/base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <optional>
#include <vector>

namespace gusu {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kLongestDuration = 3650 * kDay;
constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
constexpr std::int64_t kMostThousandths = 1'000'000 * std::int64_t{1000};

constexpr std::string_view kDurationForms =
    "write it as \"90s\", \"30m\", \"4h\", \"2d\", \"1h30m\", minutes \"90\", \"HH:MM:SS\" or "
    "\"D-HH:MM:SS\"";
constexpr std::string_view kBytesForms =
    "write whole bytes \"512\" or \"64K\", \"16G\", \"1.5T\" (powers of 1024)";
constexpr std::string_view kTimeForms =
    "write \"now\", a time with its zone \"2026-11-23T21:00:00Z\", a date \"2026-11-23\" or an "
    "offset \"+2h\"";

Error refuse(std::string_view text, std::string_view why, std::string_view forms) {
    return Error{ErrorCode::InvalidArgument,
                 quote(text) + " " + std::string(why) + "; " + std::string(forms)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits at the front of `text`, which are taken off. Nothing if there are none, or if they are
// more than any amount: a thousand times the number always fits 64 bits.
std::optional<std::int64_t> take_number(std::string_view& text) {
    std::int64_t number = 0;
    std::size_t used = 0;
    while (used < text.size() && is_digit(text[used])) {
        if (number > 899'999'999'999'999) {
            return std::nullopt;
        }
        number = number * 10 + (text[used] - '0');
        ++used;
    }
    if (used == 0) {
        return std::nullopt;
    }
    text.remove_prefix(used);
    return number;
}

// "1.25" at the front of `text` as 1250; at most three decimals.
std::optional<std::int64_t> take_thousandths(std::string_view& text) {
    const std::optional<std::int64_t> whole = take_number(text);
    if (!whole) {
        return std::nullopt;
    }
    std::int64_t thousandths = *whole * 1000;
    if (text.empty() || text.front() != '.') {
        return thousandths;
    }
    text.remove_prefix(1);
    std::int64_t place = 100;
    std::size_t used = 0;
    while (used < text.size() && is_digit(text[used])) {
        if (used == 3) {
            return std::nullopt;
        }
        thousandths += (text[used] - '0') * place;
        place /= 10;
        ++used;
    }
    if (used == 0) {
        return std::nullopt;
    }
    text.remove_prefix(used);
    return thousandths;
}

// Exactly `width` digits, as in dates.
std::optional<int> take_digits(std::string_view& text, std::size_t width) {
    if (text.size() < width || !std::all_of(text.begin(), text.begin() + width, is_digit)) {
        return std::nullopt;
    }
    int number = 0;
    std::from_chars(text.data(), text.data() + width, number);
    text.remove_prefix(width);
    return number;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) {
        return false;
    }
    text.remove_prefix(1);
    return true;
}

// Milliseconds of one unit of a duration, whose name is taken off; 0 if there is none.
std::int64_t take_unit(std::string_view& text) {
    struct Unit {
        std::string_view name;
        std::int64_t milliseconds;
    };
    constexpr Unit kUnits[] = {
        {"ms", 1}, {"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}};
    for (const Unit& unit : kUnits) {
        if (text.starts_with(unit.name)) {
            text.remove_prefix(unit.name.size());
            return unit.milliseconds;
        }
    }
    return 0;
}

// `thousandths` of a unit in milliseconds; nothing when it is not whole or longer than allowed.
std::optional<std::int64_t> milliseconds_of(std::int64_t thousandths, std::int64_t unit) {
    if (unit < kSecond) {
        return thousandths % 1000 == 0 ? std::optional(thousandths / 1000) : std::nullopt;
    }
    if (thousandths > kLongestDuration / unit * 1000) {
        return kLongestDuration + 1;
    }
    return thousandths * (unit / 1000);
}

// "1h30m": numbers with units, the larger unit first.
std::optional<std::int64_t> parse_units(std::string_view text) {
    std::int64_t total = 0;
    std::int64_t last_unit = kLongestDuration;
    while (!text.empty()) {
        const std::optional<std::int64_t> thousandths = take_thousandths(text);
        const std::int64_t unit = take_unit(text);
        if (!thousandths || unit == 0 || unit >= last_unit) {
            return std::nullopt;
        }
        const std::optional<std::int64_t> part = milliseconds_of(*thousandths, unit);
        if (!part) {
            return std::nullopt;
        }
        total = std::min(total + *part, kLongestDuration + 1);
        last_unit = unit;
    }
    return total;
}

// "90", "MM:SS", "HH:MM:SS", "D-HH", "D-HH:MM", "D-HH:MM:SS". Only the first number may exceed what
// its place holds.
std::optional<std::int64_t> parse_clock(std::string_view text) {
    const bool with_days = text.find('-') != std::string_view::npos;
    std::vector<std::int64_t> numbers;
    while (true) {
        const std::optional<std::int64_t> number = take_number(text);
        if (!number || numbers.size() == 4) {
            return std::nullopt;
        }
        numbers.push_back(std::min(*number, kLongestDuration));
        if (text.empty()) {
            break;
        }
        if (!take(text, with_days && numbers.size() == 1 ? '-' : ':')) {
            return std::nullopt;
        }
    }
    std::vector<std::int64_t> units;
    if (with_days) {
        units = {kDay, kHour, kMinute, kSecond};
    } else if (numbers.size() == 3) {
        units = {kHour, kMinute, kSecond};
    } else {
        units = {kMinute, kSecond};
    }
    if (numbers.size() > units.size() || (with_days && numbers.size() == 1)) {
        return std::nullopt;
    }
    std::int64_t total =
        numbers[0] > kLongestDuration / units[0] ? kLongestDuration + 1 : numbers[0] * units[0];
    for (std::size_t i = 1; i < numbers.size(); ++i) {
        if (numbers[i] * units[i] >= units[i - 1]) {
            return std::nullopt;
        }
        total += numbers[i] * units[i];
    }
    return total;
}

// Bytes of the unit that is the whole of `name` ("", "B", "K", "KiB", "g", ...); 0 if it is none.
std::int64_t unit_bytes(std::string_view name) {
    if (name.empty() || name == "B") {
        return 1;
    }
    constexpr std::string_view kLetters = "KMGTP";
    const char letter = static_cast<char>(name.front() & ~0x20);
    const std::size_t at = kLetters.find(letter);
    const std::string_view rest = name.substr(1);
    if (at == std::string_view::npos || !(rest.empty() || rest == "i" || rest == "iB")) {
        return 0;
    }
    return std::int64_t{1} << (10 * (at + 1));
}

// "T21:00:00.123+08:00" in milliseconds after midnight UTC of its date.
std::optional<std::int64_t> parse_time_of_day(std::string_view text) {
    if (!take(text, 'T') && !take(text, 't')) {
        return std::nullopt;
    }
    const std::optional<int> hour = take_digits(text, 2);
    const bool first_colon = take(text, ':');
    const std::optional<int> minute = take_digits(text, 2);
    const bool second_colon = take(text, ':');
    if (!hour || !first_colon || !minute || !second_colon) {
        return std::nullopt;
    }
    const std::optional<std::int64_t> second = take_thousandths(text);
    if (!second || *hour > 23 || *minute > 59 || *second >= kMinute) {
        return std::nullopt;
    }
    const std::int64_t time = *hour * kHour + *minute * kMinute + *second;
    if (text == "Z" || text == "z") {
        return time;
    }
    const bool east = take(text, '+');
    if (!east && !take(text, '-')) {
        return std::nullopt;
    }
    const std::optional<int> zone_hours = take_digits(text, 2);
    const bool zone_colon = take(text, ':');
    const std::optional<int> zone_minutes = take_digits(text, 2);
    if (!zone_hours || !zone_colon || !zone_minutes || !text.empty() || *zone_hours > 23 ||
        *zone_minutes > 59) {
        return std::nullopt;
    }
    const std::int64_t zone = *zone_hours * kHour + *zone_minutes * kMinute;
    return east ? time - zone : time + zone;
}

std::optional<Time> parse_calendar(std::string_view text) {
    const std::optional<int> year = take_digits(text, 4);
    const bool first_dash = take(text, '-');
    const std::optional<int> month = take_digits(text, 2);
    const bool second_dash = take(text, '-');
    const std::optional<int> day = take_digits(text, 2);
    if (!year || !first_dash || !month || !second_dash || !day || *year < 1970) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok()) {
        return std::nullopt;
    }
    const std::int64_t midnight = std::chrono::sys_days(date).time_since_epoch().count() * kDay;
    if (text.empty()) {
        return from_milliseconds(midnight);
    }
    const std::optional<std::int64_t> time = parse_time_of_day(text);
    return time ? std::optional(from_milliseconds(midnight + *time)) : std::nullopt;
}

// The length of the UTF-8 sequence at the front of `text`, which is not empty; 0 if it is none.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) {
        return 1;
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const unsigned second = byte(1);
    const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    const bool surrogate = first == 0xED && second > 0x9F;
    const bool too_large = first == 0xF4 && second > 0x8F;
    return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    std::optional<std::int64_t> milliseconds = parse_clock(text);
    if (!milliseconds && !text.empty()) {
        milliseconds = parse_units(text);
    }
    if (!milliseconds) {
        return refuse(text, "is not a duration", kDurationForms);
    }
    if (*milliseconds > kLongestDuration) {
        return refuse(text, "is longer than ten years (3650d)", kDurationForms);
    }
    return Duration(*milliseconds);
}

Result<std::int64_t> parse_bytes(std::string_view text) {
    std::string_view rest = text;
    const std::optional<std::int64_t> thousandths = take_thousandths(rest);
    const std::int64_t unit = unit_bytes(rest);
    if (!thousandths || unit == 0 || (unit == 1 && *thousandths % 1000 != 0)) {
        const bool only_digits = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
        return refuse(text, only_digits ? "is more than 1 PiB" : "is not an amount of bytes",
                      kBytesForms);
    }
    if (*thousandths / 1000 > kMostBytes / unit) {
        return refuse(text, "is more than 1 PiB", kBytesForms);
    }
    const std::int64_t bytes = *thousandths / 1000 * unit + *thousandths % 1000 * (unit / 8) / 125;
    if (bytes > kMostBytes) {
        return refuse(text, "is more than 1 PiB", kBytesForms);
    }
    return unit == 1 ? *thousandths / 1000 : bytes;
}

Result<std::int64_t> parse_milli(std::string_view text) {
    constexpr std::string_view kForms =
        "write a number from 0 to 1000000 with at most three decimals, as \"2\" or \"0.5\"";
    std::string_view rest = text;
    const std::optional<std::int64_t> thousandths = take_thousandths(rest);
    if (!thousandths || !rest.empty()) {
        return refuse(text, "is not such a number", kForms);
    }
    if (*thousandths > kMostThousandths) {
        return refuse(text, "is too large", kForms);
    }
    return *thousandths;
}

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const std::string range =
        "write a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    if (stop != end || error == std::errc::invalid_argument) {
        return refuse(text, "is not a whole number", range);
    }
    if (error == std::errc::result_out_of_range || number < low || number > high) {
        return refuse(text, "is out of range", range);
    }
    return number;
}

Result<Time> parse_time(std::string_view text, Time now) {
    if (text == "now") {
        return now;
    }
    if (text.starts_with('+')) {
        const Result<Duration> offset = parse_duration(text.substr(1));
        return offset ? Result<Time>(now + *offset) : refuse(text, "is not an offset", kTimeForms);
    }
    const std::optional<Time> time = parse_calendar(text);
    return time ? Result<Time>(*time) : refuse(text, "is not a time", kTimeForms);
}

std::string format_duration(Duration duration) {
    const bool negative = duration < Duration::zero();
    const std::int64_t total = (negative ? -duration.count() : duration.count()) / kSecond;
    const std::int64_t days = total / 86400;
    std::array<char, 32> clock{};
    std::snprintf(clock.data(), clock.size(), "%02d:%02d:%02d", static_cast<int>(total / 3600 % 24),
                  static_cast<int>(total / 60 % 60), static_cast<int>(total % 60));
    std::string text = negative ? "-" : "";
    if (days > 0) {
        text += std::to_string(days);
        text += '-';
    }
    return text + clock.data();
}

std::string format_bytes(std::int64_t bytes) {
    constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) {
        return std::to_string(bytes) + "B";
    }
    std::size_t exact = 0;
    while (exact < 5 && bytes % (std::int64_t{1} << (10 * (exact + 1))) == 0) {
        ++exact;
    }
    const std::int64_t in_exact = bytes >> (10 * exact);
    if (in_exact < 10'000) {
        return std::to_string(in_exact) + std::string(kUnits[exact]);
    }
    std::size_t large = 1;
    while (large < 5 && bytes >> (10 * (large + 1)) > 0) {
        ++large;
    }
    std::array<char, 32> rounded{};
    std::snprintf(
        rounded.data(), rounded.size(), "%.1f",
        static_cast<double>(bytes) / static_cast<double>(std::int64_t{1} << (10 * large)));
    return rounded.data() + std::string(kUnits[large]);
}

std::string format_milli(std::int64_t thousandths) {
    const bool negative = thousandths < 0;
    const std::int64_t whole = thousandths / 1000;
    std::int64_t rest = negative ? -(thousandths % 1000) : thousandths % 1000;
    std::string text = negative && whole == 0 ? "-" : "";
    text += std::to_string(whole);
    if (rest == 0) {
        return text;
    }
    std::string decimals = std::to_string(1000 + rest).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    return text + "." + decimals;
}

std::string format_rfc3339(Time time) {
    const std::int64_t milliseconds = to_milliseconds(time);
    const std::int64_t days = milliseconds / kDay - (milliseconds % kDay < 0 ? 1 : 0);
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
    const std::int64_t rest = milliseconds - days * kDay;
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                  static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), static_cast<int>(rest / kHour),
                  static_cast<int>(rest / kMinute % 60), static_cast<int>(rest / kSecond % 60));
    std::string written = text.data();
    if (rest % kSecond != 0) {
        written += '.';
        written += std::to_string(1000 + rest % kSecond).substr(1);
    }
    return written + "Z";
}

std::string quote(std::string_view text) {
    constexpr std::size_t kMostBytesShown = 60;
    std::string shown = "\"";
    std::size_t at = 0;
    while (at < text.size() && at < kMostBytesShown) {
        const std::size_t length = utf8_sequence(text.substr(at));
        const auto byte = static_cast<unsigned char>(text[at]);
        if (length == 0 || byte < 0x20 || byte == 0x7F) {
            std::array<char, 8> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\x%02x", byte);
            shown += escaped.data();
        } else {
            shown += text.substr(at, length);
        }
        at += std::max<std::size_t>(length, 1);
    }
    return shown + (at < text.size() ? "...\"" : "\"");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    constexpr std::size_t kLongestCompared = 100;
    if (a.size() > kLongestCompared || b.size() > kLongestCompared) {
        return a == b ? 0 : std::max(a.size(), b.size());
    }
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        above[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, above);
        std::swap(above, row);
    }
    return above[b.size()];
}

std::size_t valid_utf8_prefix(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t length = utf8_sequence(text.substr(at));
        if (length == 0) {
            break;
        }
        at += length;
    }
    return at;
}

bool is_valid_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

}  // namespace gusu
