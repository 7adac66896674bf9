// What podman and Docker answer, as our errors.
#pragma once

#include <string>

#include "agent/container/http.h"

namespace gusu::agent {

inline constexpr unsigned kHttpNotThere = 404;
inline constexpr unsigned kHttpNotModified = 304;
inline constexpr unsigned kHttpConflict = 409;

// %XX for all but letters, digits and -._~ and what is in `kept`.
std::string escaped(const std::string& text, std::string_view kept = "");
// The engine's own words, out of its JSON.
std::string reason_in(const HttpAnswer& answer);
// An error where the answer is no success.
Status expect_success(const Result<HttpAnswer>& answer, const std::string& what);
// Why the program of a container that was made does not start.
Error start_failed(const std::string& reason);
// Why an image could not be had.
Error pull_failed(const std::string& image, const std::string& reason);

}  // namespace gusu::agent
