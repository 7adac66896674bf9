#include "agent/enter/frames.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr std::size_t kHeader = 5;
constexpr std::string_view kKinds = "rdnwsaezfy";
constexpr std::int64_t kMostNumber = 1'000'000;

std::uint32_t length_of(const char* bytes) {
    std::uint32_t length = 0;
    for (int i = 3; i >= 0; --i) {
        length = length << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return length;
}

}  // namespace

std::string to_bytes(FrameKind kind, std::string_view content) {
    std::string bytes(1, static_cast<char>(kind));
    for (int i = 0; i < 4; ++i) {
        bytes += static_cast<char>(content.size() >> (8 * i) & 0xff);
    }
    bytes += content;
    return bytes;
}

std::optional<Frame> FrameReader::next() {
    if (is_broken_ || bytes_.size() - taken_ < kHeader) {
        return std::nullopt;
    }
    const char kind = bytes_[taken_];
    const std::size_t length = length_of(bytes_.data() + taken_ + 1);
    if (kKinds.find(kind) == std::string_view::npos || length > kMostFrame) {
        is_broken_ = true;
        return std::nullopt;
    }
    if (bytes_.size() - taken_ - kHeader < length) {
        return std::nullopt;
    }
    Frame frame{.kind = static_cast<FrameKind>(kind),
                .content = bytes_.substr(taken_ + kHeader, length)};
    taken_ += kHeader + length;
    if (taken_ == bytes_.size() || taken_ > kMostFrame) {
        bytes_.erase(0, taken_);
        taken_ = 0;
    }
    return frame;
}

std::optional<TwoNumbers> two_numbers(std::string_view text) {
    const std::size_t blank = text.find(' ');
    if (blank == std::string_view::npos) {
        return std::nullopt;
    }
    const auto first = parse_integer(std::string(text.substr(0, blank)), 0, kMostNumber);
    const auto second = parse_integer(std::string(text.substr(blank + 1)), 0, kMostNumber);
    if (!first || !second) {
        return std::nullopt;
    }
    return TwoNumbers{.first = static_cast<int>(*first), .second = static_cast<int>(*second)};
}

bool send_frame(int socket, FrameKind kind, std::string_view content) {
    const std::string bytes = to_bytes(kind, content);
    for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t put = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        sent += put > 0 ? static_cast<std::size_t>(put) : 0;
    }
    return true;
}

std::optional<Frame> receive_frame(int socket, FrameReader& reader) {
    std::vector<char> bytes(kMostFrameData);
    for (;;) {
        if (auto frame = reader.next()) {
            return frame;
        }
        const ssize_t got = recv(socket, bytes.data(), bytes.size(), 0);
        if (got > 0) {
            reader.add({bytes.data(), static_cast<std::size_t>(got)});
        } else if (got == 0 || errno != EINTR || reader.is_broken()) {
            return std::nullopt;
        }
        if (reader.is_broken()) {
            return std::nullopt;
        }
    }
}

}  // namespace gusu::agent
