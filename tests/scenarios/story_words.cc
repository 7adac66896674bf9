#include "tests/scenarios/story_words.h"

#include <sstream>

#include "scheduler/base/text.h"

namespace gusu::testing {

std::string StoryLine::option(const std::string& name, const std::string& otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
}

int StoryLine::number(const std::string& name, int otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::stoi(found->second);
}

std::optional<Time> StoryLine::time(const std::string& name) const {
    return has(name) ? std::optional(Time(parse_duration(option(name, "")).value())) : std::nullopt;
}

StoryLine parse_story_line(const std::string& line) {
    StoryLine parsed;
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "at") {
        words >> word;
        parsed.at = parse_duration(word).value();
        words >> word;
    }
    parsed.verb = word;
    while (words >> word) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) {
            parsed.names.push_back(word);
        } else {
            parsed.options[word.substr(0, equals)] = word.substr(equals + 1);
        }
    }
    return parsed;
}

}  // namespace gusu::testing
