// A whole scheduler: journal, engine, services, HTTP. The program starts one; tests start theirs.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "gusu/config/v1/scheduler.pb.h"
#include "scheduler/base/result.h"

namespace gusu::service {

inline constexpr const char* kVersion = "0.1.0";

class Server {
public:
    // `config` is complete, as load_scheduler_config() gives it. Returns when everything is up and
    // the ready_file, if any is named, is written. The first start of a state_dir makes its
    // administrator: state_dir/admin.credentials.yaml.
    static Result<std::unique_ptr<Server>> start(const config::v1::SchedulerConfig& config);

    // Ends all streams and calls, makes durable what was decided, within 5 s. Safe to call twice.
    void stop();
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    // "host:port", with the ports the system chose.
    std::string grpc_address() const;
    std::string http_address() const;

private:
    class Parts;
    explicit Server(std::unique_ptr<Parts> parts);

    std::unique_ptr<Parts> parts_;
};

}  // namespace gusu::service
