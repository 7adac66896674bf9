// What the agent serves by HTTP: /metrics, /healthz, /readyz. Nothing of it runs on the loop's
// thread.
#pragma once

#include <prometheus/collectable.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/daemon/enrolment.h"
#include "proto/http/server.h"

namespace gusu::agent {

// What http_listen and http_insecure say; an error names the field.
struct HttpPlace {
    HostPort listen;
    HttpSecurity security = HttpSecurity::Tls;
};
Result<HttpPlace> http_place(const config::v1::AgentConfig& config);

class HttpService {
public:
    using Sources = std::vector<const prometheus::Collectable*>;
    // `sources` of metrics must outlive it.
    static Result<std::unique_ptr<HttpService>> start(const HttpPlace& place,
                                                      const Identity& identity, Sources sources);

    // "127.0.0.1:7079"
    std::string address() const { return format_host_port(server_->address()); }
    // Whether it is in touch with a scheduler.
    void set_ready(bool ready) { ready_ = ready; }

private:
    explicit HttpService(Sources sources) : sources_(std::move(sources)) {}
    HttpReply reply(std::string_view target) const;

    std::atomic<bool> ready_ = false;
    const Sources sources_;
    std::unique_ptr<HttpServer> server_;  // ends before what its replies read
};

}  // namespace gusu::agent
