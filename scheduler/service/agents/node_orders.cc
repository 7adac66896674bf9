#include "scheduler/service/agents/node_orders.h"

#include "scheduler/wire/agent.h"

namespace gusu::service {
namespace {

void set_key(IncarnationId incarnation, int task, v1::TaskKey& key) {
    key.set_incarnation(incarnation.value);
    key.set_task(task);
}

// A task that has ended is never asked to run, so that no agent that lost its memory starts it a
// second time; it is listed all the same, and so the agent keeps its exit status.
v1::DesiredTask desired_task(const core::State& state, const core::Job& job, int rank) {
    const auto& placed = std::get<core::Placed>(job.state);
    const auto& task = placed.tasks.at(static_cast<std::size_t>(rank));
    v1::DesiredTask desired;
    set_key(placed.incarnation, rank, *desired.mutable_key());
    if (placed.stopping || task.leaving || std::holds_alternative<core::TaskEnded>(task.state)) {
        *desired.mutable_stop() = wire::to_stop_order(state, job);
    } else {
        *desired.mutable_run() = wire::to_launch(state, job, rank);
    }
    return desired;
}

// Tag and length of an element of a list.
constexpr std::size_t kFieldBytes = 8;

Order& room_for(std::size_t message_bytes, Orders& orders) {
    const std::size_t bytes = message_bytes + kFieldBytes;
    if (orders.empty() || orders.back().bytes + bytes > kMostOrderBytes) {
        orders.emplace_back();
    }
    orders.back().bytes += bytes;
    return orders.back();
}

void add(v1::DesiredTask task, Orders& orders) {
    *room_for(task.ByteSizeLong(), orders).desired.add_tasks() = std::move(task);
}

bool is_ordered_only(const core::Placed& placed, int task) {
    return std::holds_alternative<core::TaskOrdered>(
        placed.tasks.at(static_cast<std::size_t>(task)).state);
}

}  // namespace

// What the agent has said something of must be in the first message, or the agent would forget it;
// it needs no script any more. The others may follow in further ones.
Orders NodeOrders::full(const core::State& state, const core::Node& node) {
    told_.insert(node.id);
    Orders orders(1);
    Order& first = orders.front();
    first.desired.set_full(true);
    std::vector<v1::DesiredTask> unknown;
    for (const core::TaskRef& held : node.tasks) {
        const core::Job& job = *state.job(held.job);
        const auto& placed = std::get<core::Placed>(job.state);
        desired_[placed.incarnation].insert({node.id, held.task});
        v1::DesiredTask task = desired_task(state, job, held.task);
        if (is_ordered_only(placed, held.task)) {
            unknown.push_back(std::move(task));
            continue;
        }
        if (task.has_run()) {
            task.mutable_run()->clear_script();
        }
        first.bytes += task.ByteSizeLong() + kFieldBytes;
        *first.desired.add_tasks() = std::move(task);
    }
    for (v1::DesiredTask& task : unknown) {
        add(std::move(task), orders);
    }
    return orders;
}

// One event's changes.
struct NodeOrders::Change {
    const core::State& state;
    NodeOrders& orders;
    std::map<NodeId, Orders>& by_node;

    // The tasks of a placed job as they are wanted now, on nodes that are told.
    void tell(JobId id, IncarnationId incarnation) {
        const core::Job* job = state.job(id);
        const auto* placed = job == nullptr ? nullptr : std::get_if<core::Placed>(&job->state);
        if (placed == nullptr || placed->incarnation != incarnation) {
            return;
        }
        for (std::size_t i = 0; i < placed->tasks.size(); ++i) {
            tell_task(*job, *placed, static_cast<int>(i));
        }
    }

    void tell_task(const core::Job& job, const core::Placed& placed, int rank) {
        const core::PlacedTask& task = placed.tasks[static_cast<std::size_t>(rank)];
        if (orders.told_.contains(task.node) &&
            !std::holds_alternative<core::TaskEnded>(task.state)) {
            orders.desired_[placed.incarnation].insert({task.node, rank});
            add(desired_task(state, job, rank), by_node[task.node]);
        }
    }

    void remove(IncarnationId incarnation) {
        const auto found = orders.desired_.find(incarnation);
        if (found == orders.desired_.end()) {
            return;
        }
        for (const auto& [node, task] : found->second) {
            if (orders.told_.contains(node)) {
                v1::TaskKey key;
                set_key(incarnation, task, key);
                *room_for(key.ByteSizeLong(), by_node[node]).desired.add_removed() = key;
            }
        }
        orders.desired_.erase(found);
    }

    void operator()(const core::JobPlaced& event) { tell(event.job, event.incarnation); }
    void operator()(const core::JobStopRequested& event) {
        const core::Job* job = state.job(event.job);
        if (job != nullptr && job->is_placed()) {
            tell(event.job, std::get<core::Placed>(job->state).incarnation);
        }
    }
    void operator()(const core::JobShrunk& event) {
        if (const core::Job* job = state.job_of(event.shrink.incarnation)) {
            for (const int rank : event.shrink.ranks) {
                tell_task(*job, std::get<core::Placed>(job->state), rank);
            }
        }
    }
    // There is nothing to wait for any more.
    void operator()(const core::JobCheckpointed& event) {
        const core::Job* job = state.job_of(event.incarnation);
        const auto* placed = job == nullptr ? nullptr : std::get_if<core::Placed>(&job->state);
        if (placed != nullptr && placed->stopping && placed->stopping->saved) {
            tell(event.job, event.incarnation);
        }
    }
    void operator()(const core::JobEnded& event) { remove(event.incarnation); }
    void operator()(const core::JobRequeued& event) { remove(event.incarnation); }
    void operator()(const auto&) {}
};

std::map<NodeId, Orders> NodeOrders::changes(const core::State& state, const core::Events& events) {
    std::map<NodeId, Orders> by_node;
    Change change{.state = state, .orders = *this, .by_node = by_node};
    for (const core::Event& event : events) {
        std::visit(change, event.body);
    }
    return by_node;
}

}  // namespace gusu::service
