// Stories: commands, a line, what the core did. See any file in stories/ for how they read.
#pragma once

#include <string>

namespace gusu::testing {

// The text with every answer as the core gives it now; equal to `text` if the story holds.
std::string tell(const std::string& text);

}  // namespace gusu::testing
