// A whole scheduler: who leads or stands by, and HTTP. The program starts one; tests start theirs.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gusu/config/v1/scheduler.pb.h"
#include "scheduler/base/result.h"
#include "scheduler/service/rpc/leader.h"

namespace gusu::service {

class Server {
public:
    // `config` is complete, as load_scheduler_config() gives it. Returns when everything is up and
    // the ready_file, if any is named, is written: with SQLite it leads then, with PostgreSQL it
    // may stand by. `failed` is told, on a thread of its own, if it cannot go on after that.
    static Result<std::unique_ptr<Server>> start(
        const config::v1::SchedulerConfig& config,
        const std::function<void(const Error&)>& failed = [](const Error&) {});

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
