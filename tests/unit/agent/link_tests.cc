// The agent's link between a network and a clock that the test holds.
#include <gmock/gmock.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <map>

#include "agent/daemon/link.h"

namespace gusu::agent {
namespace {

using google::protobuf::util::TimeUtil;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::Le;

class TestTimers final : public Timers {
public:
    Clock::time_point now() const override { return now_; }
    Duration since_boot() const override {
        return std::chrono::duration_cast<Duration>(now_.time_since_epoch());
    }
    void at(Clock::time_point time, Callback callback) override {
        due_.emplace(time, std::move(callback));
    }

    void pass(Clock::duration time) {
        const Clock::time_point until = now_ + time;
        while (!due_.empty() && due_.begin()->first <= until) {
            auto next = due_.extract(due_.begin());
            now_ = std::max(now_, next.key());
            next.mapped()();
        }
        now_ = until;
    }

private:
    Clock::time_point now_{std::chrono::hours(1)};
    std::multimap<Clock::time_point, Callback> due_;
};

class TestStream final : public LinkStream {
public:
    explicit TestStream(std::string target) : target_(std::move(target)) {}
    const std::string& target() const override { return target_; }
    void open(v1::Hello) override {}
    void send(v1::ConnectRequest, Timers::Callback) override {}
    void cancel() override {}
    void cancel_and_wait() override {}

private:
    const std::string target_;
};

class TestNetwork final : public LinkNetwork {
public:
    explicit TestNetwork(Timers& timers) : timers_(timers) {}
    std::shared_ptr<LinkStream> next_stream(Link&) override {
        opened.push_back(timers_.now());
        stream = std::make_shared<TestStream>(opened.size() % 2 == 1 ? "a:7077" : "b:7077");
        return stream;
    }

    std::vector<Timers::Clock::time_point> opened;
    std::shared_ptr<TestStream> stream;

private:
    Timers& timers_;
};

class NoUser final : public LinkUser {
public:
    v1::Hello hello() override { return {}; }
    bool welcomed(const v1::Welcome&) override { return true; }
    Status received(const v1::ConnectResponse&) override { return Done{}; }
    void heard(Duration) override {}
    void parted() override {}
};

// An agent, and a network on which nobody answers but by the test.
class LinkedAgent {
public:
    explicit LinkedAgent(std::uint32_t seed = 1)
        : network_(timers_), link_(timers_, network_, user_, seed) {
        link_.open();
    }

    void welcome(std::optional<Duration> reconnect_within) {
        v1::ConnectResponse response;
        v1::Welcome& welcome = *response.mutable_welcome();
        *welcome.mutable_heartbeat_every() = TimeUtil::SecondsToDuration(3600);
        if (reconnect_within) {
            *welcome.mutable_reconnect_within() =
                TimeUtil::MillisecondsToDuration(reconnect_within->count());
        }
        link_.take(network_.stream, response);
    }

    void lose() { link_.over(network_.stream, {ErrorCode::Unavailable, "lost"}); }

    // From the loss of a stream to the next one.
    Timers::Clock::duration pause() {
        const std::size_t before = network_.opened.size();
        const auto lost_at = timers_.now();
        lose();
        while (network_.opened.size() == before) {
            timers_.pass(milliseconds(1));
        }
        return network_.opened.back() - lost_at;
    }

    TestTimers& timers() { return timers_; }

private:
    TestTimers timers_;
    TestNetwork network_;
    NoUser user_;
    Link link_;
};

std::vector<milliseconds> first_pauses(std::optional<Duration> reconnect_within) {
    std::vector<milliseconds> pauses;
    for (std::uint32_t seed = 1; seed <= 400; ++seed) {
        LinkedAgent agent(seed * 2'654'435'761U);  // seeds of agents have nothing in common
        agent.welcome(reconnect_within);
        pauses.push_back(std::chrono::duration_cast<milliseconds>(agent.pause()));
    }
    return pauses;
}

TEST(Link, AFewAgentsComeBackAtOnce) {
    EXPECT_THAT(first_pauses(Duration(200)),
                Each(AllOf(Ge(milliseconds(1)), Le(milliseconds(200)))));
}

TEST(Link, ThousandsOfAgentsComeBackEvenlyOverTheTimeTheyAreTold) {
    std::map<milliseconds::rep, int> by_second;
    for (const milliseconds pause : first_pauses(Duration(4'000))) {
        ++by_second[(pause.count() - 1) / 1000];
    }
    ASSERT_EQ(by_second.size(), 4U);
    for (const auto& [second, agents] : by_second) {
        EXPECT_GT(agents, 50) << "in second " << second;
    }
}

TEST(Link, ASchedulerThatNamesNoTimeIsAnOlderOne) {
    EXPECT_THAT(first_pauses(std::nullopt), Each(Le(seconds(2))));
}

TEST(Link, WhoFindsNoSchedulerForLongLooksLessOften) {
    LinkedAgent agent;
    agent.welcome(Duration(200));
    for (Timers::Clock::duration away{0}; away < seconds(29);) {
        const auto pause = agent.pause();
        EXPECT_LE(pause, milliseconds(200));
        away += pause;
    }
    agent.timers().pass(seconds(2));
    Timers::Clock::duration longest{0};
    for (int i = 0; i < 50; ++i) {
        longest = std::max(longest, agent.pause());
    }
    EXPECT_GT(longest, seconds(1));
    EXPECT_LE(longest, seconds(2));
    agent.welcome(Duration(200));
    EXPECT_LE(agent.pause(), milliseconds(200)) << "it has found one, and lost it again";
}

}  // namespace
}  // namespace gusu::agent
