#include "agent/daemon/conversation.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

// The scheduler waits for longer than this after the lease before it gives tasks up for gone.
constexpr Duration kMostFencingGrace{20'000};
constexpr Duration kNoteContactEvery{1'000};

}  // namespace

Conversation::Conversation(Identity identity, Tasks& tasks, TaskJournal& journal, Timers& timers)
    : identity_(std::move(identity)),
      tasks_(tasks),
      journal_(journal),
      timers_(timers),
      contact_(journal.contact()) {}

v1::Hello Conversation::hello(const v1::NodeInventory& inventory) {
    v1::Hello hello;
    hello.set_node(identity_.node);
    hello.set_boot_id(identity_.boot_id);
    hello.set_session(identity_.session);
    *hello.mutable_inventory() = inventory;
    hello.set_highest_epoch(tasks_.highest_epoch());
    hello.set_confirms(true);
    for (v1::TaskObservation& task : tasks_.tell_all()) {
        *hello.add_tasks() = std::move(task);
    }
    return hello;
}

bool Conversation::welcomed(const v1::Welcome& welcome) {
    if (welcome.epoch() < tasks_.highest_epoch()) {
        return false;
    }
    contact_.lease =
        Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(welcome.lease()));
    contact_noted_at_.reset();
    return true;
}

void Conversation::heard(Duration at) {
    contact_.heard_at = std::max(contact_.heard_at, at);
    if (!contact_noted_at_ || contact_.heard_at - *contact_noted_at_ >= kNoteContactEvery) {
        note_contact();
    }
}

Status Conversation::obey(const v1::Desired& desired) {
    if (lease_is_over()) {
        return Error{ErrorCode::Unavailable, "the order is late, and the lease over"};
    }
    fenced_ = false;
    return tasks_.obey(desired);
}

bool Conversation::lease_is_over() const {
    return contact_.lease > Duration{0} &&
           timers_.since_boot() - contact_.heard_at > contact_.lease;
}

void Conversation::note_contact() {
    contact_noted_at_ = contact_.heard_at;
    if (const Status noted = journal_.note(contact_); !noted) {
        spdlog::warn("contact not noted reason={}", noted.error().message);
    }
    if (contact_.lease > Duration{0}) {
        tasks_.let_run_until(contact_.heard_at + contact_.lease);
    }
}

void Conversation::tell_news(Link& link) {
    if (!link.is_welcomed()) {
        return;
    }
    auto news = tasks_.tell_news();
    if (news.empty()) {
        return;
    }
    v1::ConnectRequest request;
    for (v1::TaskObservation& task : news) {
        *request.mutable_observed()->add_tasks() = std::move(task);
    }
    link.send(std::move(request));
}

void Conversation::tell_inventory(Link& link, const v1::NodeInventory& inventory) {
    v1::ConnectRequest request;
    *request.mutable_observed()->mutable_inventory() = inventory;
    link.send(std::move(request));
}

void Conversation::check_lease() {
    if (!lease_is_over()) {
        return;
    }
    if (!std::exchange(fenced_, true)) {
        spdlog::error("lease over, stopping all tasks silent_ms={} lease_ms={}",
                      (timers_.since_boot() - contact_.heard_at).count(), contact_.lease.count());
    }
    tasks_.stop_all(kMostFencingGrace);
}

}  // namespace gusu::agent
