#include "proto/text/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <optional>
#include <streambuf>
#include <utility>

#include "scheduler/base/text.h"

namespace gusu::text {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr std::size_t kMostLevels = 32;
constexpr int kMostValues = 200'000;

// Lets yaml-cpp read the text where it lies.
class TextBuffer final : public std::streambuf {
public:
    explicit TextBuffer(std::string_view text) {
        char* const begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

struct Problem {
    int line = 0;
    int column = 0;
    std::string message;
};

// Builds the tree from yaml-cpp's events. At the first problem it stops keeping anything; the
// parser itself goes on, but holds no more than its own 500 levels.
class TreeBuilder final : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (begin(YamlValue::Kind::Null, mark, anchor)) {
            end();
        }
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        refuse(mark, "aliases (\"*name\") are not allowed; write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        if (begin(YamlValue::Kind::Scalar, mark, anchor)) {
            open_.back().text = value;
            end();
        }
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        begin(YamlValue::Kind::List, mark, anchor);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        check_tag(mark, tag);
        begin(YamlValue::Kind::Map, mark, anchor);
    }
    void OnMapEnd() override { end(); }

    const std::optional<Problem>& problem() const { return problem_; }
    YamlValue& root() { return root_; }

private:
    void refuse(const YAML::Mark& mark, std::string message) {
        if (!problem_) {
            problem_ = Problem{mark.line + 1, mark.column + 1, std::move(message)};
        }
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            refuse(mark, "tags (" + quote(tag) + ") are not allowed; the field decides the type");
        }
    }

    bool begin(YamlValue::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) {
            refuse(mark, "anchors (\"&name\") are not allowed");
        }
        if (open_.size() >= kMostLevels) {
            refuse(mark, "more than " + std::to_string(kMostLevels) + " levels deep");
        }
        if (++values_ > kMostValues) {
            refuse(mark, "more than " + std::to_string(kMostValues) + " values in one file");
        }
        if (problem_) {
            return false;
        }
        open_.push_back(YamlValue{kind, mark.line + 1, mark.column + 1, "", {}});
        return true;
    }

    void end() {
        if (problem_) {
            return;
        }
        YamlValue value = std::move(open_.back());
        open_.pop_back();
        if (open_.empty()) {
            root_ = std::move(value);
        } else {
            open_.back().items.push_back(std::move(value));
        }
    }

    std::vector<YamlValue> open_;
    YamlValue root_;
    int values_ = 0;
    std::optional<Problem> problem_;
};

Problem problem_at(std::string_view yaml, std::size_t offset, std::string message) {
    const std::string_view before = yaml.substr(0, offset);
    const std::size_t line_start = before.rfind('\n') + 1;
    return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
            static_cast<int>(offset - line_start) + 1, std::move(message)};
}

std::optional<Problem> check_text(std::string_view yaml) {
    if (yaml.size() > kMostBytes) {
        return Problem{1, 1,
                       "the file has " + std::to_string(yaml.size()) + " bytes; at most " +
                           std::to_string(kMostBytes) + " (4 MiB) are read"};
    }
    const std::size_t valid = valid_utf8_prefix(yaml);
    if (valid != yaml.size()) {
        return problem_at(yaml, valid, "byte " + std::to_string(valid) + " is not valid UTF-8");
    }
    const auto* const control = std::find_if(yaml.begin(), yaml.end(), [](char c) {
        return (c >= 0 && c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
    });
    if (control != yaml.end()) {
        const auto offset = static_cast<std::size_t>(control - yaml.begin());
        return problem_at(yaml, offset,
                          "byte " + std::to_string(offset) + " is a control character (" +
                              quote(yaml.substr(offset, 1)) + ")");
    }
    return std::nullopt;
}

std::optional<Problem> build(std::string_view yaml, TreeBuilder& builder) {
    try {
        TextBuffer buffer(yaml);
        std::istream stream(&buffer);
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        TreeBuilder second;
        if (!builder.problem() && parser.HandleNextDocument(second)) {
            return Problem{std::max(second.root().line, 1), std::max(second.root().column, 1),
                           "the document has ended (a file holds one, and \"---\" begins another)"};
        }
    } catch (const YAML::Exception& error) {
        if (!builder.problem()) {
            return Problem{error.mark.line + 1, error.mark.column + 1, error.msg};
        }
    } catch (const std::exception& error) {
        return Problem{1, 1, std::string("cannot be read: ") + error.what()};
    }
    return builder.problem();
}

}  // namespace

std::string yaml_place(std::string_view file_name, int line, int column) {
    return std::string(file_name) + ":" + std::to_string(line) + ":" + std::to_string(column) +
           ": ";
}

Result<YamlValue> parse_yaml(std::string_view yaml, std::string_view file_name) {
    TreeBuilder builder;
    std::optional<Problem> problem = check_text(yaml);
    if (!problem) {
        problem = build(yaml, builder);
    }
    if (problem) {
        return Error{ErrorCode::InvalidArgument,
                     yaml_place(file_name, problem->line, problem->column) + problem->message};
    }
    return std::move(builder.root());
}

}  // namespace gusu::text
