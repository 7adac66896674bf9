// "host:port" as configuration and command lines give it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"

namespace gusu {

struct HostPort {
    std::string host;  // a name or an address, IPv6 without brackets
    std::uint16_t port = 0;

    friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "127.0.0.1:7077", "node-1.suda.edu.cn:7077", "[::1]:0". The host may not be left out.
Result<HostPort> parse_host_port(std::string_view text);

// The same text back, with brackets around IPv6.
std::string format_host_port(const HostPort& address);

// An IPv4 or IPv6 address, or a host name by RFC 1123. "256.1.1.1" is none of them.
bool is_host(std::string_view text);

// 127.0.0.0/8, ::1 and "localhost".
bool is_loopback(std::string_view host);

// 0.0.0.0 and ::, on which one can listen and which lead nowhere.
bool is_every_address(std::string_view host);

}  // namespace gusu
