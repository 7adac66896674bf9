// The small HTTP server beside gRPC, of the scheduler and of the agents: /metrics, /healthz,
// /readyz.
//
// It answers GET and HEAD of what a route function knows, over TLS 1.3, or over plain HTTP on a
// loopback address if the configuration says so. Two threads serve all connections without blocking
// on any of them, so a peer that is slow or silent keeps nobody else waiting: a request must be
// complete within 5 s, its header within 8 KiB, and it has no body. At most 64 connections are
// open; further ones are closed at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "scheduler/base/host_port.h"
#include "scheduler/base/result.h"

namespace gusu {

struct HttpReply {
    unsigned int status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};

// The reply to a path ("/healthz", without its query). Called from two threads at once, on which it
// must not block for long.
using HttpRoutes = std::function<HttpReply(std::string_view target)>;

HttpReply http_not_found(std::string_view target);

enum class HttpSecurity { Tls, PlainOnLoopback };

// What the fields of the configuration are called, as errors name them.
struct HttpFields {
    std::string listen = "http.listen";
    std::string insecure = "http.insecure";
};

// "" is Tls, "loopback-only" is PlainOnLoopback and refused for a host that is not loopback.
Result<HttpSecurity> http_security(const std::string& insecure, const HostPort& listen,
                                   const HttpFields& fields = {});

struct HttpOptions {
    HostPort listen;  // port 0: the system chooses
    HttpSecurity security = HttpSecurity::Tls;
    std::string certificate;  // with Tls: the server's own, PEM
    std::string key;
    HttpRoutes routes;
    HttpFields fields = {};
    // From the moment a request may come until it must be complete.
    std::chrono::milliseconds read_within = std::chrono::seconds(5);
};

class HttpServer {
public:
    static Result<std::unique_ptr<HttpServer>> start(const HttpOptions& options);

    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Where it listens, with the port the system chose.
    const HostPort& address() const;

    // Closes all connections and ends the threads; after it returns `routes` is not called again.
    // Safe to call twice.
    void stop();

private:
    class Listening;
    explicit HttpServer(std::unique_ptr<Listening> listening);

    std::unique_ptr<Listening> listening_;
};

}  // namespace gusu
