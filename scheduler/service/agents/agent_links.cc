#include "scheduler/service/agents/agent_links.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "proto/rpc/channel.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"
#include "scheduler/wire/agent.h"
#include "scheduler/wire/amounts.h"

namespace gusu::service {
namespace {

constexpr int kHeartbeatsMissed = 3;
// About a thousand tries in a second come of it.
constexpr Duration kReconnectForEachNode{2};
constexpr Duration kReconnectAtLeast{200};

// They are of jobs that this scheduler has given up, or of a state later than a backup that was
// brought back. The agent ends them, as they are not desired.
void tell_unknown(const core::State& state, const std::string& node,
                  const std::vector<core::TaskObservation>& alive) {
    std::string unknown;
    for (const core::TaskObservation& task : alive) {
        if (state.job_of(task.incarnation) == nullptr) {
            unknown += (unknown.empty() ? "" : ",") + std::to_string(task.incarnation.value) + "." +
                       std::to_string(task.task);
        }
    }
    if (!unknown.empty()) {
        spdlog::warn("node has tasks of no job that is placed, they are ended node={} tasks={}",
                     node, unknown);
    }
}

grpc::Status replaced(const std::string& node) {
    return {grpc::StatusCode::ABORTED,
            "node " + node + " has connected anew; this stream is its old one"};
}

grpc::Status going_down() {
    return {grpc::StatusCode::UNAVAILABLE, "the scheduler is going down; connect again"};
}

}  // namespace

// Never so long that it counts beside the lease.
Duration LinkOptions::reconnect_within(std::size_t nodes) const {
    const auto all = static_cast<std::int64_t>(nodes) * kReconnectForEachNode;
    return std::max(std::min(all, heartbeat_every()), kReconnectAtLeast);
}

AgentLinks::AgentLinks(CommandPort& engine, LinkOptions options)
    : engine_(engine),
      options_(options),
      relay_([this](const std::string& node) { return stream_of(node); }),
      execs_([this](const std::string& node) { return stream_of(node); }, options_.execs) {
    engine_.listen([this](core::Scheduler& scheduler, const core::Events& events, Time) {
        return orders_of(scheduler.state(), events);
    });
}

AgentLinks::~AgentLinks() {
    shutdown();
    std::unique_lock lock(mutex_);
    stream_done_.wait(lock, [this] { return streams_.empty(); });
}

void AgentLinks::open(const Stream& stream) {
    bool refused = false;
    {
        const std::lock_guard lock(mutex_);
        refused = closing_;
        stream->set_number(++streams_opened_);
        streams_[stream->number()] = stream;
    }
    if (refused) {
        stream->finish(going_down());
    } else {
        stream->open();
    }
}

void AgentLinks::shutdown() {
    std::vector<Stream> streams;
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
        for (const auto& [key, stream] : streams_) {
            streams.push_back(stream);
        }
    }
    execs_.shutdown();
    for (const Stream& stream : streams) {
        stream->finish(going_down());
    }
}

Status AgentLinks::check_devices(const std::string& node, v1::CheckDevices order) const {
    const Stream stream = stream_of(node);
    if (stream == nullptr) {
        return Error{ErrorCode::Unavailable, "node " + node + " is out of touch; `gusu node show " +
                                                 node + "` tells since when"};
    }
    v1::ConnectResponse response;
    *response.mutable_check_devices() = std::move(order);
    stream->send(std::move(response));
    return Done{};
}

std::optional<AgentStream::Steady::time_point> AgentLinks::last_heard(
    const std::string& node) const {
    const Stream stream = stream_of(node);
    return stream == nullptr ? std::nullopt : std::optional(stream->last_heard());
}

AgentLinks::Stream AgentLinks::stream_of(const std::string& node) const {
    const std::lock_guard lock(mutex_);
    const auto found = welcomed_.find(node);
    return found == welcomed_.end() ? nullptr : found->second;
}

void AgentLinks::said(const Stream& stream, const v1::ConnectRequest& request) {
    const bool is_first = stream->session().empty();
    if (is_first != request.has_hello()) {
        stream->finish({grpc::StatusCode::INVALID_ARGUMENT,
                        "the first message of a stream is a Hello, and only it"});
    } else if (is_first) {
        hello(stream, request.hello());
    } else if (request.has_hello_confirmed()) {
        confirmed(stream);
    } else if (request.has_observed()) {
        observed(stream, request.observed());
    } else if (request.has_log_chunk()) {
        relay_.chunk(stream, request.log_chunk());
    }
}

void AgentLinks::hello(const Stream& stream, const v1::Hello& hello) {
    if (stream->peer().empty()) {
        stream->finish({grpc::StatusCode::UNAUTHENTICATED,
                        "an agent needs the certificate it got when it enrolled"});
        return;
    }
    if (stream->peer() != hello.node()) {
        stream->finish({grpc::StatusCode::PERMISSION_DENIED,
                        "the certificate is that of node " + quote(stream->peer()) +
                            ", and the Hello of " + quote(hello.node()) +
                            "; enrol under the new name with `gusu token create --node`"});
        return;
    }
    if (hello.highest_epoch() > engine_.epoch()) {
        stream->finish({grpc::StatusCode::FAILED_PRECONDITION,
                        "this scheduler leads in epoch " + std::to_string(engine_.epoch()) +
                            ", and the agent has obeyed epoch " +
                            std::to_string(hello.highest_epoch()) +
                            "; another scheduler leads, or this one was set back"});
        return;
    }
    auto join_node = wire::to_join(hello);
    if (!join_node) {
        stream->finish(rpc::to_status(join_node.error()));
        return;
    }
    join_node->session += "/" + std::to_string(stream->number());
    stream->set_session(join_node->session);
    Newcomer newcomer{stream, std::move(*join_node), hello.tasks()};
    if (hello.confirms()) {
        ask_to_confirm(std::move(newcomer));
    } else {
        join(std::move(newcomer));
    }
}

void AgentLinks::ask_to_confirm(Newcomer newcomer) {
    const Stream stream = newcomer.stream;
    Stream before;
    {
        const std::lock_guard lock(mutex_);
        Newcomer& last = newcomers_[stream->peer()];
        before = std::exchange(last, std::move(newcomer)).stream;
    }
    if (before != nullptr) {
        before->finish(replaced(stream->peer()));
    }
    v1::ConnectResponse response;
    response.mutable_confirm_hello();
    stream->send(std::move(response));
}

void AgentLinks::confirmed(const Stream& stream) {
    std::optional<Newcomer> newcomer;
    {
        const std::lock_guard lock(mutex_);
        const auto found = newcomers_.find(stream->peer());
        if (found != newcomers_.end() && found->second.stream == stream) {
            newcomer = std::move(found->second);
            newcomers_.erase(found);
        }
    }
    if (newcomer) {
        join(std::move(*newcomer));
    }
}

// Told again with every observation of the task: the core knows what is news.
void AgentLinks::report_checkpoints(const Stream& stream, const Observations& tasks) {
    for (const v1::TaskObservation& task : tasks) {
        auto report = wire::to_checkpoint(task);
        if (!report) {
            continue;
        }
        report->node = stream->peer();
        report->session = stream->session();
        engine_.post(std::move(*report), Sender::Agent,
                     [](core::Scheduler&, const Result<core::Events>&, Time) -> Release {
                         return [](const Status&) {};
                     });
    }
}

void AgentLinks::join(Newcomer newcomer) {
    const Stream& stream = newcomer.stream;
    starting_.forget(stream->peer());
    starting_.hear(stream->peer(), newcomer.tasks);
    post_join(stream, std::move(newcomer.join));
    report_checkpoints(stream, newcomer.tasks);
}

void AgentLinks::post_join(const Stream& stream, core::JoinNode join) {
    const std::string node = join.description.name;
    std::vector<core::TaskObservation> alive;
    std::ranges::copy_if(join.tasks, std::back_inserter(alive), [](const auto& task) {
        return !std::holds_alternative<core::TaskEnded>(task.state);
    });
    engine_.post(
        std::move(join), Sender::Agent,
        [this, stream, node, alive = std::move(alive)](
            core::Scheduler& scheduler, const Result<core::Events>& events, Time) -> Release {
            if (events) {
                tell_unknown(scheduler.state(), node, alive);
                return joined(stream, node, scheduler.state());
            }
            spdlog::warn("agent refused node={} reason=\"{}\"", node, events.error().message);
            return [stream, status = rpc::to_status(events.error())](const Status&) {
                stream->finish(status);
            };
        });
    if (!stream->joining()) {
        lose_contact(stream);
    }
}

// On the engine's thread: what is desired is read while the state is as JoinNode left it, and the
// changes of everything later follow.
Release AgentLinks::joined(const Stream& stream, const std::string& node,
                           const core::State& state) {
    const core::Node& known = *state.node(node);
    const Stream before = std::exchange(joined_[known.id], stream);
    const auto ticket = stream->next_ticket();
    check(ticket == 0, "a stream joins once");
    auto full = std::make_shared<Orders>(orders_.full(state, known));
    const Duration reconnect_within = options_.reconnect_within(state.nodes().size());
    return [this, stream, before, full, node, reconnect_within](const Status& durable) {
        if (before != nullptr) {
            before->finish(replaced(node));
        }
        if (durable) {
            spdlog::info("agent in touch node={} tasks={}", node,
                         full->front().desired.tasks_size());
            greet(stream, std::move(*full), reconnect_within);
        } else {
            stream->finish(rpc::to_status(durable.error()));
        }
    };
}

void AgentLinks::greet(const Stream& stream, Orders full, Duration reconnect_within) {
    v1::Welcome welcome;
    welcome.set_epoch(engine_.epoch());
    *welcome.mutable_lease() = wire::from_duration(options_.lease);
    *welcome.mutable_heartbeat_every() = wire::from_duration(options_.heartbeat_every());
    welcome.set_tells_heard(true);
    *welcome.mutable_reconnect_within() = wire::from_duration(reconnect_within);
    stream->welcome(std::move(welcome));
    {
        const std::lock_guard lock(mutex_);
        if (!stream->over()) {
            welcomed_[stream->peer()] = stream;
        }
    }
    stream->deliver(0, std::move(full));
}

void AgentLinks::observed(const Stream& stream, const v1::Observed& observed) {
    core::ObserveTasks command{.node = stream->peer(), .session = stream->session(), .tasks = {}};
    for (int i = 0; i < observed.tasks_size(); ++i) {
        auto task =
            wire::to_observation(observed.tasks(i), "observed.tasks[" + std::to_string(i) + "]");
        if (!task) {
            stream->finish(rpc::to_status(task.error()));
            return;
        }
        command.tasks.push_back(std::move(*task));
    }
    if (observed.has_inventory() && !described(stream, observed.inventory())) {
        return;
    }
    if (observed.tasks().empty()) {
        return;
    }
    starting_.hear(stream->peer(), observed.tasks());
    // First, as an attempt may be over with its last task.
    report_checkpoints(stream, observed.tasks());
    stream->observation_posted();
    engine_.post(std::move(command), Sender::Agent,
                 [stream](core::Scheduler&, const Result<core::Events>&, Time) -> Release {
                     return [stream](const Status&) { stream->observation_durable(); };
                 });
}

// False if the stream is over by it.
bool AgentLinks::described(const Stream& stream, const v1::NodeInventory& inventory) {
    auto describe = wire::to_describe(stream->peer(), inventory);
    if (!describe) {
        stream->finish(rpc::to_status(describe.error()));
        return false;
    }
    describe->session = stream->session();
    engine_.post(std::move(*describe), Sender::Agent,
                 [stream](core::Scheduler&, const Result<core::Events>& events, Time) -> Release {
                     if (events) {
                         return [](const Status&) {};
                     }
                     return [stream, status = rpc::to_status(events.error())](const Status&) {
                         stream->finish(status);
                     };
                 });
    return true;
}

// Never under a lock: the engine's own is taken.
void AgentLinks::ended(const Stream& stream, bool was_joining) {
    bool is_closing = false;
    {
        const std::lock_guard lock(mutex_);
        is_closing = closing_;
        const auto found = welcomed_.find(stream->peer());
        if (found != welcomed_.end() && found->second == stream) {
            welcomed_.erase(found);
        }
        const auto newcomer = newcomers_.find(stream->peer());
        if (newcomer != newcomers_.end() && newcomer->second.stream == stream) {
            newcomers_.erase(newcomer);
        }
    }
    relay_.stream_ended(stream);
    execs_.node_parted(stream->peer());
    if (was_joining && !is_closing) {
        lose_contact(stream);
    }
}

// A stream that another one has replaced is no longer the node's session, and nothing comes of it.
void AgentLinks::lose_contact(const Stream& stream) {
    const core::LoseContact command{.node = stream->peer(),
                                    .session = stream->session(),
                                    .lease = options_.lease + options_.kill_time};
    engine_.post(command, Sender::Agent,
                 [this, stream](core::Scheduler& scheduler, const Result<core::Events>& events,
                                Time) -> Release {
                     const core::Node* node = scheduler.state().node(stream->peer());
                     const auto found = node == nullptr ? joined_.end() : joined_.find(node->id);
                     if (found != joined_.end() && found->second == stream) {
                         joined_.erase(found);
                         orders_.forget(node->id);
                     }
                     if (events && !events->empty()) {
                         spdlog::warn("agent out of touch node={}", stream->peer());
                     }
                     return [](const Status&) {};
                 });
}

Release AgentLinks::orders_of(const core::State& state, const core::Events& events) {
    struct Delivery {
        Stream stream;
        std::uint64_t ticket;
        Orders orders;
    };
    auto deliveries = std::make_shared<std::vector<Delivery>>();
    for (auto& [node, orders] : orders_.changes(state, events)) {
        const Stream& stream = joined_.at(node);
        deliveries->push_back({stream, stream->next_ticket(), std::move(orders)});
    }
    if (deliveries->empty()) {
        return {};
    }
    return [deliveries](const Status&) {
        for (Delivery& delivery : *deliveries) {
            delivery.stream->deliver(delivery.ticket, std::move(delivery.orders));
        }
    };
}

Duration AgentLinks::silence_tick() const {
    return std::min({options_.hello_within / 2, options_.heartbeat_every() / 2, Duration(1'000)});
}

void AgentLinks::check_silence(AgentStream::Steady::time_point now) {
    const AgentStream::Patience patience{
        .for_hello = options_.hello_within,
        .for_heartbeat = kHeartbeatsMissed * options_.heartbeat_every()};
    std::vector<Stream> streams;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, stream] : streams_) {
            streams.push_back(stream);
        }
    }
    for (const Stream& stream : streams) {
        stream->check_silence(now, patience);
    }
    execs_.check(now);
}

void AgentLinks::done(AgentStream& stream) {
    const auto keep = stream.shared_from_this();
    const std::lock_guard lock(mutex_);
    streams_.erase(stream.number());
    stream_done_.notify_all();
}

}  // namespace gusu::service
