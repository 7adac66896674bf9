// A YAML file as a tree of words, before anybody decides what they mean.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::text {

struct YamlValue {
    enum class Kind { Null, Scalar, List, Map };

    Kind kind = Kind::Null;
    // From 1; 0 where the file is empty.
    int line = 0;
    int column = 0;
    std::string text;
    // Of a list its items; of a map key, value, key, value...
    std::vector<YamlValue> items;
};

// One document within the limits of read_yaml; an empty file is Null. Errors begin with
// "FILE:LINE:COLUMN: ".
Result<YamlValue> parse_yaml(std::string_view yaml, std::string_view file_name);

std::string yaml_place(std::string_view file_name, int line, int column);

}  // namespace gusu::text
