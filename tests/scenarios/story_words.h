// One line of a story: "at 60s submit j2 tenant=biology gpus=4".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/base/time.h"

namespace gusu::testing {

struct StoryLine {
    std::optional<Duration> at;
    std::string verb;
    std::vector<std::string> names;              // words without "="
    std::map<std::string, std::string> options;  // words with it

    std::string option(const std::string& name, const std::string& otherwise) const;
    int number(const std::string& name, int otherwise) const;
    std::optional<Time> time(const std::string& name) const;
    bool has(const std::string& name) const { return options.contains(name); }
};

StoryLine parse_story_line(const std::string& line);

}  // namespace gusu::testing
