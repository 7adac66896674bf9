// Where in a request something is wrong, and how that is said.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"

namespace gusu::wire {

// A path as "spec.groups[2].tasks". It costs nothing until somebody asks for its text; a parent
// must outlive its children.
struct Field {
    const Field* parent = nullptr;
    std::string_view name;
    int index = -1;  // of an element of a list

    Field in(std::string_view child) const { return {this, child, -1}; }
    Field at(std::string_view child, int position) const { return {this, child, position}; }
    std::string text() const;
};

// What is wrong, or nothing.
using Problem = std::optional<Error>;

// "spec.groups[0].tasks: value -1 is negative; allowed: 1 to 100000".
Error refuse(const Field& field, const std::string& value, std::string_view why,
             std::string_view allowed);
// For what has no value worth showing: "spec.command: is empty; allowed: ...".
Error refuse(const Field& field, std::string_view why, std::string_view allowed);

enum class Controls {
    Refused,
    Whitespace,  // newline and tab are text
    AllButNul,   // bytes for the program, not for a terminal
};

struct TextRule {
    std::size_t most_bytes = 128;
    Controls controls = Controls::Refused;
};

// Valid UTF-8, not too long, and no control characters the rule does not allow.
Problem check_text(const Field& field, const std::string& text, TextRule rule);

// 1 to `most` bytes of ASCII letters, digits and `others`, the first a letter or digit.
bool is_word(std::string_view text, std::size_t most, std::string_view others);

Problem check_count(const Field& field, std::int64_t value, std::int64_t low, std::int64_t high);

// "suda/nlp": parts of [a-z0-9_-], 1 to 63 characters each, at most 8.
Problem check_tenant_path(const Field& field, const std::string& path);
// A name of the catalogue: "nvidia-h200".
Problem check_accelerator_name(const Field& field, const std::string& name);
// Up to 64 keys like "rack" or "suda.edu.cn/room", with values up to 1 KiB.
template <typename Map>
Problem check_labels(const Field& field, const Map& labels);
Problem check_label(const Field& field, const std::string& key, const std::string& value);

inline constexpr int kMostLabels = 64;

template <typename Map>
Problem check_labels(const Field& field, const Map& labels) {
    if (labels.size() > static_cast<std::size_t>(kMostLabels)) {
        return refuse(field, "has " + std::to_string(labels.size()) + " labels", "at most 64");
    }
    for (const auto& [key, value] : labels) {
        if (auto problem = check_label(field, key, value)) {
            return problem;
        }
    }
    return std::nullopt;
}

}  // namespace gusu::wire
