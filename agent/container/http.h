// Requests over a unix socket, one connection each. Blocking.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"

namespace gusu::agent {

struct HttpRequest {
    std::string method;  // "POST"
    std::string target;  // "/v4.0.0/libpod/_ping"
    std::string body = {};
};

struct HttpAnswer {
    unsigned status = 0;
    std::string body;
};

// Unavailable if nobody answers on the socket.
Result<HttpAnswer> ask(const std::string& socket, const HttpRequest& request);
// The same, and the body is heard as it comes; what is not 2xx is in the answer as with ask().
Result<HttpAnswer> ask_and_hear(const std::string& socket, const HttpRequest& request,
                                const std::function<void(std::string_view)>& hear);
// Asks for a change of protocol. Once it is granted `opened` is called, and then `hear` for what
// comes, until the other side closes.
Result<HttpAnswer> upgrade(const std::string& socket, const HttpRequest& request,
                           const std::function<void()>& opened,
                           const std::function<void(std::string_view)>& hear);

}  // namespace gusu::agent
