// How many columns of a terminal a text takes: Chinese characters take two.
#pragma once

#include <string>
#include <string_view>

namespace gusu::cli {

// Of UTF-8; an invalid byte counts as one column.
int display_width(std::string_view text);

// The text itself if it fits, else its beginning and "…", exactly `width` columns or one less.
std::string cut_to_width(std::string_view text, int width);

// Control characters (a job's name cannot move the cursor) become spaces.
std::string printable(std::string_view text);

}  // namespace gusu::cli
