#include "scheduler/wire/field.h"

#include <algorithm>

#include "scheduler/base/text.h"

namespace gusu::wire {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_lowercase_word(std::string_view text, std::string_view others) {
    return is_word(text, 63, others) &&
           std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_refused(char c, Controls controls) {
    const auto byte = static_cast<unsigned char>(c);
    switch (controls) {
        case Controls::Refused:
            return byte < 0x20 || byte == 0x7f;
        case Controls::Whitespace:
            return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
        case Controls::AllButNul:
            return byte == 0;
    }
    return true;
}

std::string_view allowed_characters(Controls controls) {
    switch (controls) {
        case Controls::Refused:
            return "UTF-8 text without control characters";
        case Controls::Whitespace:
            return "UTF-8 text; of control characters newline and tab only";
        case Controls::AllButNul:
            return "UTF-8 text without NUL";
    }
    return "";
}

}  // namespace

std::string Field::text() const {
    std::string text = parent == nullptr ? std::string() : parent->text() + ".";
    text += name;
    if (index >= 0) {
        text += "[" + std::to_string(index) + "]";
    }
    return text;
}

Error refuse(const Field& field, const std::string& value, std::string_view why,
             std::string_view allowed) {
    return refuse(field, "value " + value + " " + std::string(why), allowed);
}

Error refuse(const Field& field, std::string_view why, std::string_view allowed) {
    return {ErrorCode::InvalidArgument,
            field.text() + ": " + std::string(why) + "; allowed: " + std::string(allowed)};
}

Problem check_text(const Field& field, const std::string& text, TextRule rule) {
    if (text.size() > rule.most_bytes) {
        return refuse(field, "has " + std::to_string(text.size()) + " bytes",
                      "at most " + std::to_string(rule.most_bytes) + " bytes");
    }
    if (!is_valid_utf8(text)) {
        return refuse(field, quote(text), "is not valid UTF-8", allowed_characters(rule.controls));
    }
    if (std::ranges::any_of(text, [&](char c) { return is_refused(c, rule.controls); })) {
        return refuse(field, quote(text), "has a control character",
                      allowed_characters(rule.controls));
    }
    return std::nullopt;
}

bool is_word(std::string_view text, std::size_t most, std::string_view others) {
    return !text.empty() && text.size() <= most && is_alphanumeric(text.front()) &&
           std::ranges::all_of(text, [&](char c) {
               return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
           });
}

Problem check_count(const Field& field, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value >= low && value <= high) {
        return std::nullopt;
    }
    return refuse(field, std::to_string(value), value < low ? "is too small" : "is too large",
                  std::to_string(low) + " to " + std::to_string(high));
}

Problem check_tenant_path(const Field& field, const std::string& path) {
    constexpr std::string_view kAllowed =
        "a path as \"suda/nlp\": up to 8 parts of a-z 0-9 _ -, 1 to 63 characters each, the first "
        "a "
        "letter or digit";
    std::size_t begin = 0;
    for (int parts = 1;; ++parts) {
        const std::size_t end = path.find('/', begin);
        const auto part = std::string_view(path).substr(begin, end - begin);
        if (parts > 8 || !is_lowercase_word(part, "_-")) {
            return refuse(field, quote(path), "is no path of a tenant", kAllowed);
        }
        if (end == std::string::npos) {
            return std::nullopt;
        }
        begin = end + 1;
    }
}

Problem check_accelerator_name(const Field& field, const std::string& name) {
    if (is_lowercase_word(name, "._-")) {
        return std::nullopt;
    }
    return refuse(field, quote(name), "is no name of an accelerator",
                  "a catalogue name as \"nvidia-h200\": a-z 0-9 . _ -, 1 to 63 characters");
}

Problem check_label(const Field& field, const std::string& key, const std::string& value) {
    if (!is_word(key, 128, "._/-")) {
        return refuse(
            field, "key " + quote(key) + " is no name of a label",
            "letters, digits and . _ / -, 1 to 128 characters, the first a letter or digit");
    }
    return check_text(field.in(key), value, {.most_bytes = 1024});
}

}  // namespace gusu::wire
