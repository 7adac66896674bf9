#include "proto/text/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "gusu/v1/agent_service.pb.h"
#include "gusu/v1/job.pb.h"
#include "gusu/v1/job_service.pb.h"
#include "gusu/v1/tenant.pb.h"

namespace gusu::text {
namespace {

using Json = nlohmann::ordered_json;

Json parsed(const google::protobuf::Message& message) { return Json::parse(write_json(message)); }

TEST(WriteJson, NamesEveryFieldThatHasAValue) {
    EXPECT_EQ(parsed(v1::Quota()), Json::parse(R"({"tenant": "", "accelerator": "",
        "guaranteed": 0, "used": 0, "borrowed": 0, "lent": 0, "simulated": false,
        "guaranteed_nodes": 0, "lendable_now": 0})"));
    v1::Quota quota;
    quota.set_limit(0);
    EXPECT_EQ(parsed(quota).at("limit"), 0);
    const Json job = parsed(v1::Job());
    EXPECT_FALSE(job.contains("spec"));
    EXPECT_FALSE(job.contains("started_at"));
    EXPECT_EQ(job.at("state"), "");
    EXPECT_EQ(job.at("placements"), Json::array());
    EXPECT_EQ(parsed(v1::JobSpec()).at("env"), Json::object());
}

TEST(WriteJson, ValuesAsPeopleReadThem) {
    v1::Job job;
    job.set_id("1042_7");
    job.set_state(v1::JOB_STATE_PENDING);
    job.set_wait_reason(v1::WAIT_REASON_BEHIND);
    job.set_incarnation(std::numeric_limits<std::uint64_t>::max());
    job.mutable_submitted_at()->set_seconds(1'795'467'600);
    job.mutable_started_at()->set_seconds(1'795'467'600);
    job.mutable_started_at()->set_nanos(7'000'000);
    job.set_gpu_hours(0.5);
    job.set_gpus(8);
    auto& spec = *job.mutable_spec();
    spec.mutable_time_limit()->set_seconds(3600);
    spec.mutable_retry()->mutable_backoff()->set_nanos(250'000'000);
    spec.add_groups()->mutable_resources()->set_memory(std::int64_t{1} << 50);
    (*spec.mutable_env())["B"] = "2";
    (*spec.mutable_env())["A"] = "1";
    const Json json = parsed(job);
    EXPECT_EQ(json.at("id"), "1042_7");
    EXPECT_EQ(json.at("state"), "PENDING");
    EXPECT_EQ(json.at("wait_reason"), "BEHIND");
    EXPECT_EQ(json.at("incarnation"), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(json.at("submitted_at"), "2026-11-23T21:00:00Z");
    EXPECT_EQ(json.at("started_at"), "2026-11-23T21:00:00.007Z");
    EXPECT_EQ(json.at("gpu_hours"), 0.5);
    EXPECT_EQ(json.at("gpus").dump(), "8");
    EXPECT_EQ(json.at("spec").at("time_limit"), "3600s");
    EXPECT_EQ(json.at("spec").at("retry").at("backoff"), "0.250s");
    EXPECT_EQ(json.at("spec").at("groups").at(0).at("resources").at("memory"),
              std::int64_t{1} << 50);
    EXPECT_EQ(json.at("spec").at("env").dump(), "{\"A\":\"1\",\"B\":\"2\"}");
}

TEST(WriteJson, NothingThatIsNoJson) {
    v1::Job job;
    job.set_gpus(std::nan(""));
    job.set_gpu_hours(std::numeric_limits<double>::infinity());
    job.set_user("a\xFF\"\n");
    job.set_state(static_cast<v1::JobState>(77));
    job.mutable_ended_at()->set_seconds(std::numeric_limits<std::int64_t>::max());
    job.mutable_ended_at()->set_nanos(-1);
    job.mutable_spec()->mutable_time_limit()->set_seconds(std::numeric_limits<std::int64_t>::min());
    const Json json = parsed(job);
    EXPECT_TRUE(json.at("gpus").is_null());
    EXPECT_TRUE(json.at("gpu_hours").is_null());
    EXPECT_EQ(json.at("user"), "a\xEF\xBF\xBD\"\n");
    EXPECT_EQ(json.at("state"), "77");
    EXPECT_EQ(json.at("ended_at"), "9999-12-31T23:59:59Z");
    EXPECT_EQ(json.at("spec").at("time_limit"), "-9223372036854775808s");
}

TEST(WriteJson, EnumWords) {
    EXPECT_EQ(enum_text(v1::JOB_STATE_SUCCEEDED), "SUCCEEDED");
    EXPECT_EQ(enum_text(v1::JOB_STATE_UNSPECIFIED), "");
    EXPECT_EQ(enum_text(v1::DEPENDENCY_CONDITION_AFTER_OK), "AFTER_OK");
    EXPECT_EQ(enum_text(static_cast<v1::JobState>(77)), "77");
}

}  // namespace
}  // namespace gusu::text
