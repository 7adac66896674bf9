#include "tools/sim/faults/simulated_connection.h"

#include "scheduler/service/agents/agent_links.h"

namespace gusu::faults {
namespace {

constexpr Duration kConnectFails{20};
// Asked after 20 s of silence, and to be answered within 10.
constexpr Duration kKeepalive{30'000};
constexpr const char* kLost = "the connection is lost";

}  // namespace

SimulatedAgentStream::SimulatedAgentStream(service::AgentLinks& links, const std::string& node,
                                           std::shared_ptr<SimulatedConnection> connection)
    : AgentStream(links, node, Steady::time_point(connection->life().time.now())),
      connection_(std::move(connection)) {}

service::AgentStream::Steady::time_point SimulatedAgentStream::now() const {
    return Steady::time_point(connection_->life().time.now());
}

void SimulatedAgentStream::later(void (SimulatedAgentStream::*what)()) {
    connection_->life().time.at(
        connection_->scheduler_goes_on(),
        [self = std::static_pointer_cast<SimulatedAgentStream>(shared_from_this()), what] {
            if (!self->done_) {
                ((*self).*what)();
            }
        });
}

void SimulatedAgentStream::arrive(v1::ConnectRequest message) {
    arrived_.push_back(std::move(message));
    give_next();
}

void SimulatedAgentStream::broken() {
    broken_ = true;
    give_next();
}

void SimulatedAgentStream::give_next() {
    if (reading_ == nullptr || done_) {
        return;
    }
    if (!arrived_.empty() && !ended_) {
        *std::exchange(reading_, nullptr) = std::move(arrived_.front());
        arrived_.pop_front();
        read_done(true);
    } else if (broken_ || ended_) {
        reading_ = nullptr;
        read_done(false);
    }
}

void SimulatedAgentStream::start_read(v1::ConnectRequest& into) {
    reading_ = &into;
    if (!arrived_.empty() || broken_ || ended_) {
        later(&SimulatedAgentStream::give_next);
    }
}

void SimulatedAgentStream::start_write(const v1::ConnectResponse& message) {
    connection_->to_agent(message);
    later(&SimulatedAgentStream::write_over);
}

void SimulatedAgentStream::end_stream(const grpc::Status& status) {
    ended_ = true;
    connection_->scheduler_ends(status.error_message());
    later(&SimulatedAgentStream::give_next);
    later(&SimulatedAgentStream::over);
}

void SimulatedAgentStream::over() {
    done_ = true;
    done();
}

void SimulatedAgentStream::vanish() {
    if (!std::exchange(done_, true)) {
        done();
    }
}

void SimulatedConnection::open(const std::string& peer, SchedulerSide& scheduler, AgentSide& agent,
                               const std::weak_ptr<agent::LinkStream>& stream) {
    peer_ = peer;
    scheduler_ = &scheduler;
    agent_ = &agent;
    agent_end_ = stream;
}

// Messages of one way keep their order.
void SimulatedConnection::pass(Way way, SimulatedTime::Callback deliver) {
    Duration& last = last_arrival_[static_cast<std::size_t>(way)];
    last = network_.arrival(node_, way, last);
    if (last > life_.time.now() + kKeepalive) {
        lose();
        return;
    }
    life_.time.at(last, std::move(deliver));
}

void SimulatedConnection::to_scheduler(v1::ConnectRequest message) {
    if (agent_over_) {
        return;
    }
    if (life_.befalls(Fault::MessageLost)) {
        reset();
        return;
    }
    pass(Way::ToScheduler, [self = shared_from_this(), message = std::move(message)] {
        self->arrive_at_scheduler(message);
    });
}

void SimulatedConnection::arrive_at_scheduler(const v1::ConnectRequest& message) {
    if (cut_ || scheduler_over_) {
        return;
    }
    if (message.has_hello() && scheduler_end_ == nullptr) {
        scheduler_end_ = scheduler_->accept(peer_, shared_from_this());
        if (scheduler_end_ == nullptr) {
            scheduler_over_ = true;
            life_.time.after(kConnectFails, [self = shared_from_this()] {
                self->agent_hears_end("no scheduler listens");
            });
            return;
        }
    }
    if (scheduler_end_ == nullptr) {
        return;
    }
    if (life_.time.now() < scheduler_goes_on_) {
        life_.time.at(scheduler_goes_on_,
                      [self = shared_from_this(), message] { self->arrive_at_scheduler(message); });
        return;
    }
    const bool twice = !message.has_hello() && life_.befalls(Fault::MessageDoubled);
    scheduler_end_->arrive(message);
    if (twice && !scheduler_over_) {
        scheduler_end_->arrive(message);
    }
}

void SimulatedConnection::to_agent(const v1::ConnectResponse& message) {
    if (scheduler_over_ || !scheduler_->may("send to an agent")) {
        return;
    }
    if (life_.befalls(Fault::MessageLost)) {
        reset();
        return;
    }
    pass(Way::ToAgent, [self = shared_from_this(), message] { self->arrive_at_agent(message); });
}

void SimulatedConnection::arrive_at_agent(const v1::ConnectResponse& message) {
    const auto stream = agent_end_.lock();
    if (cut_ || agent_over_ || agent_ == nullptr || stream == nullptr) {
        return;
    }
    agent_->deliver(stream, message);
    if (message.has_desired() && life_.befalls(Fault::MessageDoubled) && agent_ != nullptr) {
        agent_->deliver(stream, message);
    }
}

void SimulatedConnection::agent_hears_end(const std::string& why) {
    if (std::exchange(agent_over_, true)) {
        return;
    }
    const auto stream = agent_end_.lock();
    if (agent_ != nullptr && stream != nullptr) {
        agent_->over(stream, Error{ErrorCode::Unavailable, why});
    }
}

void SimulatedConnection::scheduler_hears_end() {
    if (!std::exchange(scheduler_over_, true) && scheduler_end_ != nullptr) {
        scheduler_end_->broken();
    }
}

void SimulatedConnection::agent_ends() {
    life_.time.after(Duration(0),
                     [self = shared_from_this()] { self->agent_hears_end("cancelled"); });
    pass(Way::ToScheduler, [self = shared_from_this()] { self->scheduler_hears_end(); });
}

void SimulatedConnection::scheduler_ends(const std::string& why) {
    scheduler_over_ = true;
    pass(Way::ToAgent, [self = shared_from_this(), why] { self->agent_hears_end(why); });
}

void SimulatedConnection::agent_vanishes(Silence silence) {
    agent_over_ = true;
    agent_ = nullptr;
    if (silence == Silence::No) {
        pass(Way::ToScheduler, [self = shared_from_this()] { self->scheduler_hears_end(); });
    }
}

void SimulatedConnection::scheduler_vanishes() {
    if (scheduler_end_ != nullptr) {
        scheduler_end_->vanish();
    }
    if (!std::exchange(scheduler_over_, true)) {
        pass(Way::ToAgent, [self = shared_from_this()] { self->agent_hears_end(kLost); });
    }
    scheduler_end_.reset();
}

void SimulatedConnection::lose() {
    if (std::exchange(cut_, true)) {
        return;
    }
    life_.time.after(kKeepalive, [self = shared_from_this()] {
        self->agent_hears_end(kLost);
        self->scheduler_hears_end();
    });
}

void SimulatedConnection::reset() {
    cut_ = true;
    // Who is told first, and when, is chance: until then each believes in the other.
    for (const Way way : {Way::ToScheduler, Way::ToAgent}) {
        const bool late = life_.befalls(Fault::MessageOvertaken);
        const Duration wait = late ? life_.dice.between(Duration(0), Duration(20'000))
                                   : life_.dice.between(Duration(0), Duration(50));
        life_.time.after(wait, [self = shared_from_this(), way] {
            way == Way::ToAgent ? self->agent_hears_end(kLost) : self->scheduler_hears_end();
        });
    }
}

void SimulatedLinkStream::open(v1::Hello hello) {
    connection_->open(node_, scheduler_, agent_, weak_from_this());
    v1::ConnectRequest request;
    *request.mutable_hello() = std::move(hello);
    send(std::move(request), nullptr);
}

void SimulatedLinkStream::send(v1::ConnectRequest request, agent::Timers::Callback sent) {
    if (!agent_.may("send to the scheduler")) {
        return;
    }
    connection_->to_scheduler(std::move(request));
    if (sent) {
        sent();
    }
}

void SimulatedLinkStream::cancel() {
    if (agent_.may("end the stream")) {
        connection_->agent_ends();
    }
}

}  // namespace gusu::faults
