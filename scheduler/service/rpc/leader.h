// The scheduler that leads: engine, services, gRPC. Before it starts it follows the journal, so
// that its state is warm when its time comes; once it has stopped it is of no more use.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gusu/config/v1/scheduler.pb.h"
#include "proto/http/server.h"
#include "scheduler/base/host_port.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"
#include "scheduler/service/identity/tls_files.h"
#include "scheduler/store/history.h"
#include "scheduler/store/journal.h"

namespace gusu::service {

inline constexpr const char* kVersion = "0.1.0";

struct LeaderOptions {
    config::v1::SchedulerConfig config;  // complete
    TlsFiles tls;
    // Another scheduler leads. Called once, on any thread, which must not wait for this one to
    // stop.
    std::function<void()> deposed = [] {};
};

class Leader {
public:
    Leader(LeaderOptions options, std::unique_ptr<store::Journal> journal,
           std::unique_ptr<store::History> history);
    ~Leader();
    Leader(const Leader&) = delete;
    Leader& operator=(const Leader&) = delete;

    // Applies what the journal has that was not applied yet. Before start(), as often as one likes.
    Status follow();

    struct Start {
        HostPort listen;  // port 0: the system chooses
        // See Engine::start().
        Duration longer{0};
    };
    // Returns when it serves. The first start of a platform makes its administrator:
    // state_dir/admin.credentials.yaml.
    Status start(const Start& start);
    // Ends all streams and calls, makes durable what was decided, within 5 s. Safe to call twice.
    void stop();

    // What people ask is answered with `why`, agents are served as before; until let_in().
    void turn_away(const std::string& why);
    void let_in();

    // While it serves.
    HostPort address() const;
    HttpReply metrics() const;
    HttpReply readiness() const;

private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace gusu::service
