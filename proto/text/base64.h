// Fields of type bytes, as proto3's JSON mapping writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gusu::text {

std::string to_base64(std::string_view bytes);
// With or without padding; nothing if it is no base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace gusu::text
