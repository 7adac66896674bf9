// Which devices of the node may be trusted: suspects are kept from tasks until gusu-gpucheck has
// found nothing wrong with them, and memory is scrubbed before another tenant gets it.
//
// All on the loop's thread.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/daemon/device/catalogue.h"
#include "agent/daemon/device/device_shelf.h"
#include "agent/daemon/device/gpucheck_process.h"
#include "agent/daemon/device/xid_policy.h"
#include "agent/daemon/event_loop.h"
#include "gusu/v1/agent_service.pb.h"
#include "gusu/v1/node.pb.h"

namespace gusu::agent {

enum class Scrub { OnChangeOfTenant, Never };

struct CareOptions {
    std::filesystem::path program;  // gusu-gpucheck; "": there is none
    std::chrono::seconds time_limit{600};
    Scrub scrub = Scrub::OnChangeOfTenant;
    std::filesystem::path memory;  // file: who is in quarantine, and whose memory was used last
    Catalogue catalogue;
    Timers::Clock::duration try_again = std::chrono::seconds(5);
};

class DeviceCare {
public:
    // `devices` are all of the node; only real ones of NVIDIA's can be checked. `changed` is called
    // when describe() says something else.
    DeviceCare(CareOptions options, EventLoop& loop, std::vector<v1::Device> devices,
               std::function<void()> changed);
    // Before anything else but describe().
    void use(DeviceShelf& shelf);

    // Adds to devices of the node what is known of their health.
    void describe(std::vector<v1::Device>& devices) const;

    void xid(int index, unsigned long long number);
    // The card is suspect, for this reason.
    void suspect(int index, const std::string& why);
    // It is gone until the machine is restarted.
    void lose(int index, const std::string& why);
    // What comes of it is told by describe(), under the name of the check.
    void check(const v1::CheckDevices& order, std::vector<v1::Device> all);

    // Before a task of this tenant starts on them. False: there is nothing to do, and `done` is not
    // called. An error of `done` is why the task cannot start.
    bool prepare(const std::string& tenant, const std::vector<int>& indexes,
                 std::function<void(Status)> done);

private:
    struct Card {
        std::string uuid;
        std::string accelerator;
        std::string quarantine;  // why; "": it is trusted
        std::string outcome;     // of the last check
        std::string tenant;      // who used its memory last
        std::string check;       // "check 17": to be done, or under way
        bool running = false;
        bool ordered = false;  // by people; else because it is suspect
        bool lost = false;
    };
    using Scrubbing = std::function<void(Status)>;

    void tell(int index, DeviceFailure how, const std::string& why);
    void run_next();
    void try_again_later();
    void start_check(int index, Card& card);
    void checked(int index, const CheckFindings& findings);
    void scrub_next(const std::string& tenant, std::deque<int> indexes, const Scrubbing& done);
    void not_run(Card& card, const std::string& why);
    std::vector<std::string> words_of(const Card& card) const;
    void set(Card& card, const std::string& quarantine, const std::string& outcome);
    void read_memory();
    void remember() const;

    const CareOptions options_;
    EventLoop& loop_;
    DeviceShelf* shelf_ = nullptr;
    std::function<void()> changed_;
    std::map<int, Card> cards_;
    std::map<int, std::string> others_;  // why those cannot be checked
    bool timer_is_set_ = false;
    int checks_ = 0;
};

}  // namespace gusu::agent
