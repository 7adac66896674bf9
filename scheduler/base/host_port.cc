#include "scheduler/base/host_port.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "scheduler/base/text.h"

namespace gusu {
namespace {

bool is_address(int family, std::string_view text) {
    unsigned char bytes[16];
    return inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > 253) {
        return false;
    }
    std::string_view last;
    for (std::string_view rest = name;;) {
        const std::size_t dot = rest.find('.');
        last = rest.substr(0, dot);
        if (!is_label(last)) {
            return false;
        }
        if (dot == std::string_view::npos) {
            // No top-level domain is a number: such a text is a mistyped address.
            return !std::ranges::all_of(last, is_digit);
        }
        rest = rest.substr(dot + 1);
    }
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return port;
}

Error wrong(std::string_view text, const std::string& why) {
    return {ErrorCode::InvalidArgument,
            quote(text) + " " + why + "; write \"host:port\", as 127.0.0.1:7077 or [::1]:7077"};
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return wrong(text, "has no port");
    }
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    if (host.empty()) {
        return wrong(text, "has no host (0.0.0.0 and [::] stand for all addresses)");
    }
    if (!bracketed && host.find(':') != std::string_view::npos) {
        return wrong(text, "has an IPv6 address without brackets");
    }
    if (bracketed ? !is_address(AF_INET6, host) : !is_host(host)) {
        return wrong(text, "has neither a host name nor an address before its port");
    }
    const std::optional<std::uint16_t> port = parse_port(text.substr(colon + 1));
    if (!port) {
        return wrong(text, "has no port from 0 to 65535");
    }
    return HostPort{.host = std::string(host), .port = *port};
}

std::string format_host_port(const HostPort& address) {
    const bool ipv6 = address.host.find(':') != std::string::npos;
    return (ipv6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

bool is_host(std::string_view text) {
    return is_address(AF_INET, text) || is_address(AF_INET6, text) || is_host_name(text);
}

bool is_loopback(std::string_view host) {
    unsigned char bytes[16] = {};
    if (inet_pton(AF_INET, std::string(host).c_str(), bytes) == 1) {
        return bytes[0] == 127;
    }
    if (inet_pton(AF_INET6, std::string(host).c_str(), bytes) == 1) {
        return bytes[15] == 1 &&
               std::all_of(bytes, bytes + 15, [](unsigned char b) { return b == 0; });
    }
    return host == "localhost";
}

bool is_every_address(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

}  // namespace gusu
