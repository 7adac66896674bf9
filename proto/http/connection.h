// One connection of the HTTP server. Everything it does runs on its socket's own strand; it keeps
// itself alive by the operation that is under way.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "proto/http/server.h"

namespace gusu {

inline constexpr int kMostConnections = 64;

// What all connections of a server share.
struct HttpShared {
    HttpRoutes routes;
    HttpSecurity security = HttpSecurity::Tls;
    std::chrono::milliseconds read_within{};
    boost::asio::ssl::context tls{boost::asio::ssl::context::tls_server};
    std::atomic<int> connections = 0;
};

// Serves the socket until its peer leaves or breaks a limit. Closes it at once if there are too
// many.
void serve_connection(std::shared_ptr<HttpShared> shared, boost::asio::ip::tcp::socket socket);

}  // namespace gusu
