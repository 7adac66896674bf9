// What the agent serves by HTTP: /metrics, /healthz, /readyz. Nothing of it runs on the loop's
// thread.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "agent/daemon/device/gpu_monitor.h"
#include "agent/daemon/enrolment.h"
#include "agent/daemon/node_settings.h"
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
    // `holders` must outlive it.
    static Result<std::unique_ptr<HttpService>> start(const HttpPlace& place,
                                                      const Identity& identity,
                                                      const NodeSettings& settings,
                                                      const DeviceHolders& holders);

    // "127.0.0.1:7079"
    std::string address() const { return format_host_port(server_->address()); }
    // Whether it is in touch with a scheduler.
    void set_ready(bool ready) { ready_ = ready; }

private:
    HttpService(const NodeSettings& settings, const DeviceHolders& holders);
    HttpReply reply(std::string_view target) const;

    std::atomic<bool> ready_ = false;
    std::optional<GpuMonitor> gpus_;      // none: no devices of which a driver could tell anything
    std::unique_ptr<HttpServer> server_;  // ends before what its replies read
};

}  // namespace gusu::agent
