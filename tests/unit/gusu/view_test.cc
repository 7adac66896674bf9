#include <gmock/gmock.h>

#include "proto/text/yaml.h"
#include "tools/gusu/cluster_view.h"
#include "tools/gusu/job_view.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

template <typename Message>
Message message(const std::string& yaml) {
    Message read;
    const Status status = text::read_yaml(yaml, "test", read);
    EXPECT_TRUE(status) << status.error().message;
    return read;
}

const View kView{.wide = false, .width = 0, .now = from_milliseconds(1'795'003'661'000)};

TEST(Number, SaysNoMoreDigitsThanNeeded) {
    EXPECT_EQ(number(8), "8");
    EXPECT_EQ(number(0.25), "0.25");
    EXPECT_EQ(number(0), "0");
    EXPECT_EQ(number(100), "100");
    EXPECT_EQ(hours(1.5), "1.50");
}

TEST(JobTable, ColumnsOfTheContract) {
    const auto jobs = message<v1::ListJobsResponse>(
        "jobs:\n"
        "- {id: \"1042\", spec: {name: 训练, tenant: suda/nlp}, user: li, state: running, gpus: "
        "16,\n"
        "   nodes: 2, started_at: 2026-11-18T11:06:40Z}\n"
        "- {id: 1043_7, spec: {name: eval, tenant: suda, kind: service}, user: wang,\n"
        "   state: pending, gpus: 0.5, wait_reason: behind}\n"
        "- {id: \"9\", spec: {name: a, tenant: b}, user: c, state: failed, end_reason: exit_code,\n"
        "   exit_code: 3}\n");
    EXPECT_EQ(
        job_table(jobs, kView),
        "ID      NAME  TENANT    USER  KIND      STATE    GPUS  NODES   ELAPSED  REASON\n"
        "1042    训练  suda/nlp  li    training  RUNNING    16      2  01:01:01\n"
        "1043_7  eval  suda      wang  service   PENDING   0.5      0            BEHIND\n"
        "9       a     b         c     training  FAILED      0      0            EXIT_CODE 3\n");
}

TEST(JobTable, TitlesStandWithoutJobs) {
    EXPECT_THAT(job_table({}, kView), StartsWith("ID  NAME  TENANT"));
}

TEST(JobDetails, EventsLastAndSimulatedIsSaid) {
    const auto job = message<v1::Job>(
        "id: \"7\"\nstate: running\nspec: {name: x, command: [python3, train.py], groups:\n"
        "  [{tasks: 2, resources: {gpus: 8, memory: 16G}}]}\n"
        "placements: [{task: 0, node: n1, accelerator: nvidia-h200, devices: [0, 1], gpus: 2,\n"
        "  simulated: true, state: running}]\n"
        "events: [{time: 2026-11-18T11:06:40Z, what: placed on n1}]\n");
    const std::string text = job_details(job, kView);
    EXPECT_THAT(text, HasSubstr("nvidia-h200 (simulated)"));
    EXPECT_THAT(text, HasSubstr("2 x (8 GPU, 16GiB)"));
    EXPECT_THAT(text, HasSubstr("python3 train.py"));
    EXPECT_TRUE(text.ends_with("placed on n1\n"));
}

TEST(Explain, FirstReasonThenTheOthersThenWhatWouldStart) {
    const auto answer = message<v1::ExplainJobResponse>(
        "job: {id: \"7\", state: pending}\n"
        "constraints:\n"
        "- {reason: tenant_limit, detail: suda uses 64 of 64, remedy: wait for job 5}\n"
        "- {reason: fragmented, detail: 8 free on 3 nodes}\n"
        "position: 2\n"
        "would_start_now: [--gpus 4]\n");
    EXPECT_EQ(explanation(answer),
              "Job 7: waits\n\n  TENANT_LIMIT\n  suda uses 64 of 64\n  To open it: wait for job 5\n"
              "\nJobs before it: 2\n\nAfter that\n  FRAGMENTED: 8 free on 3 nodes\n"
              "\nWould start now\n  --gpus 4\n");
}

TEST(Explain, AJobThatRunsDoesNotWait) {
    const auto answer = message<v1::ExplainJobResponse>("job: {id: \"7\", state: running}\n");
    EXPECT_THAT(explanation(answer), HasSubstr("does not wait"));
}

TEST(Explain, AStartingJobSaysWhatItsNodeDoes) {
    const auto answer = message<v1::ExplainJobResponse>(
        "job: {id: \"7\", state: starting, wait_detail: \"node n1: pulling image x\"}\n");
    EXPECT_THAT(explanation(answer), HasSubstr("node n1: pulling image x"));
}

TEST(Nodes, SimulatedIsSaid) {
    const auto nodes = message<v1::ListNodesResponse>(
        "nodes: [{name: n1, state: ready, gpus: 8, gpus_used: 2.5, inventory: {cpus: 64,\n"
        "  memory: 512G, devices: [{accelerator: nvidia-h200, simulated: true}]}}]\n");
    const std::string text = node_table(nodes, kView);
    EXPECT_THAT(text, HasSubstr("2.5/8  nvidia-h200 (simulated)"));
    EXPECT_THAT(text, HasSubstr("/512GiB"));
}

TEST(Nodes, OneThatFailsJobsAtOnceSaysSo) {
    const auto node = message<v1::Node>("{name: n1, state: ready, failed_fast: 3}\n");
    EXPECT_THAT(node_details(node, kView), HasSubstr("3 jobs in a row"));
    EXPECT_THAT(node_details(message<v1::Node>("{name: n1}\n"), kView), Not(HasSubstr("in a row")));
}

TEST(Tenants, ClassIsSaidWithWhereItComesFrom) {
    const auto own =
        message<v1::Tenant>("{path: med, data_class: sensitive, data_class_now: sensitive}\n");
    EXPECT_THAT(tenant_details(own), HasSubstr("SENSITIVE\n"));
    const auto below =
        message<v1::Tenant>("{path: med/genome, data_class: public, data_class_now: sensitive}\n");
    EXPECT_THAT(tenant_details(below), HasSubstr("SENSITIVE (from above)"));
}

TEST(Status, OneScreen) {
    const auto status = message<v1::GetStatusResponse>(
        "leader: s1\nversion: 0.1.0\naccepting: true\n"
        "accelerators: [{accelerator: nvidia-h200, simulated: true, gpus: 16, free: 4,\n"
        "  allocated: 12}]\n"
        "jobs: [{state: RUNNING, count: 3}, {state: PENDING, count: 2}]\n");
    const std::string text = status_screen(status, kView);
    EXPECT_THAT(text, HasSubstr("3 RUNNING, 2 PENDING"));
    EXPECT_THAT(text, HasSubstr("nvidia-h200 (simulated)     16     4         12"));
}

TEST(Quota, NoLimitIsSaid) {
    const auto quotas = message<v1::ListQuotasResponse>(
        "quotas: [{tenant: suda, accelerator: any, guaranteed: 16, used: 20, borrowed: 4}]\n");
    EXPECT_THAT(quota_table(quotas, kView), HasSubstr("unlimited"));
    EXPECT_THAT(quota_table(quotas, kView), Not(HasSubstr("simulated")));
    EXPECT_THAT(quota_table(quotas, kView), Not(HasSubstr("WHOLE NODES")));
    View wide = kView;
    wide.wide = true;
    EXPECT_THAT(quota_table(quotas, wide), HasSubstr("WHOLE NODES"));
}

}  // namespace
}  // namespace gusu::cli
