// The agent's side of the conversation with the scheduler: who it is, what it obeys, and for how
// long its tasks may run without a word from there.
#pragma once

#include <optional>
#include <string>

#include "agent/daemon/link.h"
#include "agent/daemon/tasks.h"
#include "gusu/v1/node.pb.h"

namespace gusu::agent {

class Conversation {
public:
    struct Identity {
        std::string node;
        std::string boot_id;
        std::string session;  // made at each start of the agent
    };

    Conversation(Identity identity, Tasks& tasks, TaskJournal& journal, Timers& timers);

    v1::Hello hello(const v1::NodeInventory& inventory);
    // False refuses a scheduler whose leadership is over.
    bool welcomed(const v1::Welcome& welcome);
    // The scheduler has heard this agent then; from there the lease counts.
    void heard(Duration at);
    // An error if the order comes too late to be obeyed: who sent it has given this node up.
    Status obey(const v1::Desired& desired);
    // Sends what has changed, once the scheduler has welcomed the agent.
    void tell_news(Link& link);
    // What the node offers has changed since hello(). Only to a scheduler that has welcomed the
    // agent.
    void tell_inventory(Link& link, const v1::NodeInventory& inventory);
    // Stops all tasks when the lease is over. To be called every kCheckLease.
    void check_lease();
    void note_contact();

    static constexpr std::chrono::seconds kCheckLease{1};

private:
    bool lease_is_over() const;

    const Identity identity_;
    Tasks& tasks_;
    TaskJournal& journal_;
    Timers& timers_;
    Contact contact_;
    std::optional<Duration> contact_noted_at_;
    bool fenced_ = false;
};

}  // namespace gusu::agent
