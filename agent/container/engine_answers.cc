#include "agent/container/engine_answers.h"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

using nlohmann::json;

bool has_any(const std::string& text, std::initializer_list<const char*> words) {
    return std::ranges::any_of(
        words, [&](const char* word) { return text.find(word) != std::string::npos; });
}

}  // namespace

std::string escaped(const std::string& text, std::string_view kept) {
    std::string safe;
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (std::isalnum(byte) != 0 || letter == '-' || letter == '.' || letter == '_' ||
            letter == '~' || kept.find(letter) != std::string_view::npos) {
            safe += letter;
        } else {
            constexpr const char* kDigits = "0123456789ABCDEF";
            safe += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        }
    }
    return safe;
}

std::string reason_in(const HttpAnswer& answer) {
    const json content = json::parse(answer.body, nullptr, false);
    if (content.is_object() && content.contains("message") && content["message"].is_string()) {
        return content["message"].get<std::string>();
    }
    return "the service answers " + std::to_string(answer.status) + " " +
           answer.body.substr(0, 200);
}

Status expect_success(const Result<HttpAnswer>& answer, const std::string& what) {
    if (!answer) {
        return answer.error();
    }
    if (answer->status / 100 == 2 || answer->status == kHttpNotModified) {
        return Done{};
    }
    const ErrorCode code =
        answer->status == kHttpNotThere ? ErrorCode::NotFound : ErrorCode::FailedPrecondition;
    return Error{code, what + ": " + reason_in(*answer)};
}

Error start_failed(const std::string& reason) {
    std::string remedy;
    if (has_any(reason, {"executable file not found", "no such file or directory"})) {
        remedy = "; the image has no such program or folder: name one that it has";
    } else if (has_any(reason, {"permission denied", "exec format error"})) {
        remedy = "; is it a program for this kind of machine that everybody may run?";
    } else if (has_any(reason, {"CDI", "\"cdi\"", "unresolvable"})) {
        remedy =
            "; on the node, make the CDI description: nvidia-ctk cdi generate "
            "--output=/etc/cdi/nvidia.yaml";
    }
    return {ErrorCode::FailedPrecondition, "the container does not start: " + reason + remedy};
}

Error pull_failed(const std::string& image, const std::string& reason) {
    const bool away =
        has_any(reason, {"no such host", "connection refused", "i/o timeout",
                         "network is unreachable", "deadline exceeded", "handshake timeout",
                         "no route to host", "server misbehaving"});
    const std::string named = "image " + quote(image);
    if (away) {
        return {ErrorCode::Unavailable,
                "the registry of " + named + " cannot be reached: " + reason +
                    "; try later, or load the image on the node (podman load, docker load)"};
    }
    return {ErrorCode::NotFound, named + " cannot be had: " + reason +
                                     "; look at its name and tag, and whether the node may pull it "
                                     "(podman login, docker login)"};
}

}  // namespace gusu::agent
