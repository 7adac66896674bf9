// Logs of tasks, read over the streams of agents.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/service/agents_platform.h"
#include "tests/unit/service/fake_agent.h"

namespace gusu::service {
namespace {

using testing::HasSubstr;

class Collected final : public LogSink {
public:
    void chunk(std::int64_t offset, std::string data, std::int64_t) override {
        const std::lock_guard lock(mutex_);
        EXPECT_EQ(offset, first_ + static_cast<std::int64_t>(text_.size()));
        text_ += data;
        changed_.notify_all();
    }
    void end(const Status& status) override {
        const std::lock_guard lock(mutex_);
        EXPECT_FALSE(end_);
        end_ = status;
        changed_.notify_all();
    }

    void begin_at(std::int64_t offset) { first_ = offset; }
    bool has(std::size_t bytes) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kSoon, [&] { return text_.size() >= bytes; });
    }
    std::optional<Status> ended() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kSoon, [this] { return end_.has_value(); });
        return end_;
    }
    std::string text() {
        const std::lock_guard lock(mutex_);
        return text_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::int64_t first_ = 0;
    std::string text_;
    std::optional<Status> end_;
};

v1::LogChunk chunk(std::uint64_t read, std::int64_t offset, std::string data) {
    v1::LogChunk chunk;
    chunk.set_read_id(read);
    chunk.set_offset(offset);
    chunk.set_data(std::move(data));
    return chunk;
}

struct LogRelayTest : testing::Test {
    AgentsPlatform platform;
    std::unique_ptr<FakeAgent> agent;
    std::shared_ptr<Collected> sink = std::make_shared<Collected>();

    void SetUp() override { agent = in_touch("n1"); }

    std::unique_ptr<FakeAgent> in_touch(const std::string& node) {
        auto joining = std::make_unique<FakeAgent>(platform, node);
        // Its stream is known before it is told what to do.
        EXPECT_TRUE(joining->next_desired());
        return joining;
    }

    LogSource::Handle read(std::int64_t offset = 0, const std::string& node = "n1") {
        sink->begin_at(offset);
        LogRequest request;
        request.job = JobId{7};
        request.attempt = 2;
        request.task = 3;
        request.offset = offset;
        return platform.service().logs().read(node, request, sink);
    }
};

TEST_F(LogRelayTest, ReadsFromAnOffsetToTheEnd) {
    const auto handle = read(100);
    const auto asked = agent->next_log_read();
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->job_id(), 7U);
    EXPECT_EQ(asked->attempt(), 2);
    EXPECT_EQ(asked->task(), 3);
    EXPECT_EQ(asked->offset(), 100);
    agent->send(chunk(asked->read_id(), 100, "hello "));
    v1::LogChunk last = chunk(asked->read_id(), 106, "world");
    last.set_end(true);
    agent->send(last);
    ASSERT_TRUE(sink->ended());
    EXPECT_TRUE(sink->ended()->ok());
    EXPECT_EQ(sink->text(), "hello world");
}

TEST_F(LogRelayTest, TellsWhyALogCannotBeRead) {
    const auto handle = read();
    v1::LogChunk refusal = chunk(agent->next_log_read()->read_id(), 0, "");
    refusal.set_error("the log is older than 7 days");
    agent->send(refusal);
    EXPECT_EQ(sink->ended()->error(), (Error{ErrorCode::NotFound, "the log is older than 7 days"}));
}

TEST_F(LogRelayTest, PausesForASlowConsumerAndGoesOnWhereItWas) {
    const auto handle = read();
    const auto first = agent->next_log_read();
    const std::string block(64 << 10, 'x');
    std::int64_t sent = 0;
    // Twice the window: what is beyond it must not reach the sink.
    for (; sent < 2 * kLogWindow; sent += static_cast<std::int64_t>(block.size())) {
        agent->send(chunk(first->read_id(), sent, block));
    }
    const auto cancel = agent->next();
    ASSERT_TRUE(cancel && cancel->has_log_read_cancel());
    EXPECT_EQ(cancel->log_read_cancel().read_id(), first->read_id());
    ASSERT_TRUE(sink->has(kLogWindow));
    agent->heartbeat();  // answered after all the chunks were taken
    ASSERT_TRUE(agent->next());
    EXPECT_EQ(sink->text().size(), static_cast<std::size_t>(kLogWindow));

    handle->consumed(kLogWindow / 2);
    const auto second = agent->next_log_read();
    ASSERT_TRUE(second);
    EXPECT_NE(second->read_id(), first->read_id());
    EXPECT_EQ(second->offset(), kLogWindow);
    v1::LogChunk last = chunk(second->read_id(), kLogWindow, "end");
    last.set_end(true);
    agent->send(last);
    ASSERT_TRUE(sink->ended());
    EXPECT_EQ(sink->text().size(), static_cast<std::size_t>(kLogWindow) + 3);
}

TEST_F(LogRelayTest, ADroppedHandleCancels) {
    auto handle = read();
    const auto asked = agent->next_log_read();
    handle.reset();
    const auto cancel = agent->next();
    ASSERT_TRUE(cancel && cancel->has_log_read_cancel());
    agent->send(chunk(asked->read_id(), 0, "too late"));
    agent->heartbeat();
    ASSERT_TRUE(agent->next());
    EXPECT_EQ(sink->text(), "");
}

TEST_F(LogRelayTest, NobodyElseMayAnswer) {
    const auto other = in_touch("n2");
    const auto handle = read();
    const auto asked = agent->next_log_read();
    other->send(chunk(asked->read_id(), 0, "forged"));
    other->heartbeat();
    ASSERT_TRUE(other->next());
    v1::LogChunk real = chunk(asked->read_id(), 0, "real");
    real.set_end(true);
    agent->send(real);
    ASSERT_TRUE(sink->ended());
    EXPECT_EQ(sink->text(), "real");
}

TEST_F(LogRelayTest, ANodeOutOfTouchIsNamed) {
    EXPECT_EQ(read(0, "n9"), nullptr);
    ASSERT_TRUE(sink->ended());
    EXPECT_EQ(sink->ended()->error().code, ErrorCode::Unavailable);
    EXPECT_THAT(sink->ended()->error().message, HasSubstr("\"n9\""));
}

TEST_F(LogRelayTest, EndsWhenTheStreamDoes) {
    const auto handle = read();
    ASSERT_TRUE(agent->next_log_read());
    agent->vanish();
    ASSERT_TRUE(sink->ended());
    EXPECT_EQ(sink->ended()->error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace gusu::service
