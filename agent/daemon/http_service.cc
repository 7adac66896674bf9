#include "agent/daemon/http_service.h"

#include "proto/http/metrics_text.h"

namespace gusu::agent {
namespace {

const HttpFields kFields{.listen = "http_listen", .insecure = "http_insecure"};

}  // namespace

Result<HttpPlace> http_place(const config::v1::AgentConfig& config) {
    const auto listen = parse_host_port(config.http_listen());
    if (!listen) {
        return Error{listen.error().code, kFields.listen + ": " + listen.error().message};
    }
    const auto security = http_security(config.http_insecure(), *listen, kFields);
    if (!security) {
        return security.error();
    }
    return HttpPlace{.listen = *listen, .security = *security};
}

Result<std::unique_ptr<HttpService>> HttpService::start(const HttpPlace& place,
                                                        const Identity& identity, Sources sources) {
    std::unique_ptr<HttpService> service(new HttpService(std::move(sources)));
    auto server = HttpServer::start(
        {.listen = place.listen,
         .security = place.security,
         .certificate = identity.certificate,
         .key = identity.key,
         .routes = [own = service.get()](std::string_view target) { return own->reply(target); },
         .fields = kFields});
    if (!server) {
        return server.error();
    }
    service->server_ = std::move(*server);
    return service;
}

HttpReply HttpService::reply(std::string_view target) const {
    if (target == "/metrics") {
        return metrics_reply(sources_);
    }
    if (target == "/healthz") {
        return {.status = 200, .body = "alive\n"};
    }
    if (target == "/readyz") {
        return ready_ ? HttpReply{.status = 200, .body = "in touch\n"}
                      : HttpReply{.status = 503, .body = "out of touch with the scheduler\n"};
    }
    return http_not_found(target);
}

}  // namespace gusu::agent
