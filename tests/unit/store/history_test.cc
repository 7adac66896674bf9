#include "scheduler/store/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/store_under_test.h"

namespace gusu::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Time at(std::int64_t milliseconds) { return from_milliseconds(milliseconds); }

HistoryRow row(std::uint64_t job, const std::string& tenant, const std::string& user,
               const std::string& state = "SUCCEEDED") {
    return {.job = {job},
            .array = {},
            .array_index = 0,
            .ended = at(static_cast<std::int64_t>(job)),
            .tenant = tenant,
            .user = user,
            .state = state,
            .job_message = std::string("message\0", 8) + std::to_string(job)};
}

struct Held {
    std::uint64_t job;
    std::string tenant;
    std::string user;
    std::int64_t milli_gpus;
    std::int64_t from;
    std::int64_t until;
};

UsageRecord usage(const Held& held) {
    return {.job = {held.job},
            .tenant = held.tenant,
            .user = held.user,
            .accelerator = "nvidia-h200",
            .milli_gpus = held.milli_gpus,
            .milli_cpus = 2 * held.milli_gpus,
            .from = at(held.from),
            .until = at(held.until)};
}

class HistoryTest : public testing::Test {
protected:
    void append(std::vector<HistoryRow> rows, std::vector<UsageRecord> records = {}) {
        const Batch batch{.events = {}, .history = std::move(rows), .usage = std::move(records)};
        const Status appended = journal_->append({&batch});
        ASSERT_TRUE(appended.ok()) << appended.error().message;
    }

    std::vector<std::uint64_t> ids(const HistoryQuery& query) {
        const auto rows = history_->list(query);
        EXPECT_TRUE(rows.ok()) << rows.error().message;
        std::vector<std::uint64_t> ids;
        for (const HistoryRow& found : *rows) {
            ids.push_back(found.job.value);
        }
        return ids;
    }

    const std::unique_ptr<StoreUnderTest> store_ = make_store();
    const std::unique_ptr<Journal> journal_ = std::move(*store_->open());
    const std::unique_ptr<History> history_ = store_->history();
};

TEST_F(HistoryTest, ListsByTenantUserAndStateNewestFirst) {
    append({row(1, "suda", "li"), row(2, "suda/nlp", "li", "FAILED"), row(3, "suda/nlp/x", "wu"),
            row(4, "suda-west", "wu"), row(5, "sudb", "li", "CANCELLED"), row(6, "suda0", "li")});
    EXPECT_THAT(ids({}), ElementsAre(6, 5, 4, 3, 2, 1));
    EXPECT_THAT(ids({.tenant = "suda"}), ElementsAre(3, 2, 1));
    EXPECT_THAT(ids({.tenant = "suda/nlp"}), ElementsAre(3, 2));
    EXPECT_THAT(ids({.tenant = "nobody"}), IsEmpty());
    EXPECT_THAT(ids({.user = "wu"}), ElementsAre(4, 3));
    EXPECT_THAT(ids({.tenant = "suda", .user = "li"}), ElementsAre(2, 1));
    EXPECT_THAT(ids({.states = {"FAILED", "CANCELLED"}}), ElementsAre(5, 2));
    EXPECT_THAT(ids({.user = "li", .states = {"SUCCEEDED"}, .before = {6}}), ElementsAre(1));
    EXPECT_THAT(ids({.at_most = 2}), ElementsAre(6, 5));
    EXPECT_THAT(ids({.before = {5}, .at_most = 2}), ElementsAre(4, 3));
}

TEST_F(HistoryTest, FindsAJobAndAnElement) {
    HistoryRow element = row(12, "suda", "li");
    element.array = {10};
    element.array_index = 7;
    append({row(9, "suda", "li"), element});
    const auto job = history_->job({9});
    ASSERT_TRUE(job.ok() && *job);
    EXPECT_EQ((*job)->job_message, std::string("message\0", 8) + "9");
    EXPECT_EQ((*job)->ended, at(9));
    EXPECT_FALSE(history_->job({10})->has_value());
    const auto found = history_->array_element({10}, 7);
    ASSERT_TRUE(found.ok() && *found);
    EXPECT_EQ((*found)->job, JobId{12});
    EXPECT_EQ((*found)->array, JobId{10});
    EXPECT_FALSE(history_->array_element({10}, 8)->has_value());
    EXPECT_FALSE(history_->array_element({}, 0)->has_value());
}

TEST_F(HistoryTest, UsageIsCutToTheIntervalToTheMillisecond) {
    append({}, {usage({1, "suda", "li", 1000, 0, 100}), usage({1, "suda", "li", 1000, 200, 300}),
                usage({2, "suda", "wu", 500, 50, 250}), usage({3, "suda/nlp", "li", 8000, 90, 110}),
                usage({4, "sudb", "li", 1000, 0, 1000})});
    const auto sums = history_->usage("suda", at(95), at(205), History::By::Tenant);
    ASSERT_TRUE(sums.ok()) << sums.error().message;
    ASSERT_EQ(sums->size(), 2U);
    EXPECT_EQ((*sums)[0].tenant, "suda");
    EXPECT_EQ((*sums)[0].user, "");
    EXPECT_EQ((*sums)[0].accelerator, "nvidia-h200");
    EXPECT_TRUE((*sums)[0].milli_gpu_ms == 1000 * (5 + 5) + 500 * 110);
    EXPECT_TRUE((*sums)[0].milli_cpu_ms == 2 * (*sums)[0].milli_gpu_ms);
    EXPECT_EQ((*sums)[0].jobs, 2);
    EXPECT_EQ((*sums)[1].tenant, "suda/nlp");
    EXPECT_TRUE((*sums)[1].milli_gpu_ms == 8000 * 15);
    EXPECT_EQ((*sums)[1].jobs, 1);
}

TEST_F(HistoryTest, UsageByUserAndItsBorders) {
    append({}, {usage({1, "suda", "li", 1000, 0, 100}), usage({2, "suda", "wu", 500, 50, 250}),
                usage({3, "suda", "wu", 500, 100, 100})});
    const auto by_user = history_->usage("", at(0), at(1000), History::By::User);
    ASSERT_EQ(by_user->size(), 2U);
    EXPECT_EQ((*by_user)[0].user, "li");
    EXPECT_TRUE((*by_user)[0].milli_gpu_ms == 100'000);
    EXPECT_EQ((*by_user)[1].user, "wu");
    EXPECT_TRUE((*by_user)[1].milli_gpu_ms == 100'000);
    EXPECT_EQ((*by_user)[1].jobs, 1);
    EXPECT_THAT(*history_->usage("", at(250), at(1000), History::By::User), IsEmpty());
    EXPECT_THAT(*history_->usage("", at(0), at(0), History::By::User), IsEmpty());
}

TEST_F(HistoryTest, SumsBeyondSixtyFourBitsAreExact) {
    const std::int64_t years = std::int64_t{1} << 42;
    append({}, {usage({1, "suda", "li", std::int64_t{1} << 40, 0, years}),
                usage({2, "suda", "li", std::int64_t{1} << 40, 0, years})});
    const auto sums = history_->usage("suda", at(0), at(years), History::By::Tenant);
    ASSERT_EQ(sums->size(), 1U);
    EXPECT_TRUE((*sums)[0].milli_gpu_ms == Int128{1} << 83);
}

}  // namespace
}  // namespace gusu::store
