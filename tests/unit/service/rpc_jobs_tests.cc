// What a researcher asks for, over real TLS, and what is durable of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/service/rpc_platform.h"

namespace gusu::service {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> ids(const v1::ListJobsResponse& response) {
    std::vector<std::string> ids;
    for (const v1::Job& job : response.jobs()) {
        ids.push_back(job.id());
    }
    return ids;
}

TEST(Jobs, LiveFromSubmissionToCancellation) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const auto submitted = ada.submit(simple_spec("physics"));
    ASSERT_TRUE(submitted.ok()) << submitted.why();
    const std::string id = submitted->job().id();
    EXPECT_EQ(submitted->job().state(), v1::JOB_STATE_PENDING);
    EXPECT_EQ(submitted->job().user(), "ada");

    const auto held = ada.hold(id);
    ASSERT_TRUE(held.ok()) << held.why();
    EXPECT_EQ(held->jobs(0).wait_reason(), v1::WAIT_REASON_HELD_BY_USER);
    const auto released = ada.release(id);
    ASSERT_TRUE(released.ok()) << released.why();
    EXPECT_NE(released->jobs(0).wait_reason(), v1::WAIT_REASON_HELD_BY_USER);
    EXPECT_EQ(ada.release(id).code(), grpc::StatusCode::FAILED_PRECONDITION);

    const auto cancelled = ada.cancel(id);
    ASSERT_TRUE(cancelled.ok()) << cancelled.why();
    EXPECT_EQ(cancelled->jobs(0).state(), v1::JOB_STATE_CANCELLED);
    const auto found = ada.get(id);
    ASSERT_TRUE(found.ok()) << found.why();
    EXPECT_EQ(found->job().end_reason(), v1::END_REASON_CANCELLED_BY_USER);
    EXPECT_THAT(found->job().spec().command(), ElementsAre("true"));
    EXPECT_GE(found->job().events_size(), 2);
    EXPECT_EQ(ada.hold(id).code(), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST(Jobs, TheSameRequestIsTheSameJob) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const auto first = ada.submit(simple_spec("physics"), "once");
    const auto second = ada.submit(simple_spec("physics"), "once");
    const auto other = ada.submit(simple_spec("physics"), "twice");
    ASSERT_TRUE(first.ok() && second.ok() && other.ok());
    EXPECT_EQ(first->job().id(), second->job().id());
    EXPECT_NE(first->job().id(), other->job().id());

    v1::SubmitJobsRequest batch;
    batch.set_request_id("batch");
    *batch.add_specs() = simple_spec("physics");
    *batch.add_specs() = simple_spec("physics");
    v1::Dependency& after = *batch.mutable_specs(1)->add_dependencies();
    after.set_condition(v1::DEPENDENCY_CONDITION_AFTER_OK);
    after.add_job_ids("#0");
    const auto once = ada.ask(*ada.jobs, &v1::JobService::Stub::SubmitJobs, batch);
    const auto again = ada.ask(*ada.jobs, &v1::JobService::Stub::SubmitJobs, batch);
    ASSERT_TRUE(once.ok()) << once.why();
    ASSERT_EQ(once->job_ids_size(), 2);
    EXPECT_EQ(once->job_ids(1), again->job_ids(1));
    const auto second_job = ada.get(once->job_ids(1));
    EXPECT_EQ(second_job->job().wait_reason(), v1::WAIT_REASON_DEPENDENCY);
    EXPECT_THAT(second_job->job().spec().dependencies(0).job_ids(), ElementsAre(once->job_ids(0)));
}

TEST(Jobs, ADryRunChangesNothing) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    v1::SubmitJobRequest request;
    *request.mutable_spec() = simple_spec("physics");
    request.set_dry_run(true);
    const auto tried = ada.ask(*ada.jobs, &v1::JobService::Stub::SubmitJob, request);
    ASSERT_TRUE(tried.ok()) << tried.why();
    EXPECT_EQ(tried->job().id(), "");
    EXPECT_THAT(tried->job().wait_detail(), HasSubstr("it would wait"));
    EXPECT_THAT(ids(ada.list().response), IsEmpty());
    request.mutable_spec()->set_tenant("physic");
    const auto refused = ada.ask(*ada.jobs, &v1::JobService::Stub::SubmitJob, request);
    EXPECT_THAT(refused.why(), HasSubstr("did you mean \"physics\"?"));
}

TEST(Jobs, AListIsPagedNewestFirstThroughStateAndHistory) {
    RpcPlatform platform;  // keeps 2 ended jobs in memory; the rest is in the history
    Caller ada = platform.as("ada");
    std::vector<std::string> newest_first;
    for (int i = 0; i < 7; ++i) {
        newest_first.insert(newest_first.begin(), ada.submit(simple_spec("physics"))->job().id());
    }
    for (const std::size_t ended : {6U, 4U, 3U, 1U}) {
        ASSERT_TRUE(ada.cancel(newest_first[ended]).ok());
    }
    v1::ListJobsRequest all;
    all.set_all(true);
    all.set_page_size(3);
    std::vector<std::string> listed;
    int pages = 0;
    do {
        const auto page = ada.list(all);
        ASSERT_TRUE(page.ok()) << page.why();
        EXPECT_LE(page->jobs_size(), 3);
        for (const std::string& id : ids(page.response)) {
            listed.push_back(id);
        }
        all.set_page_token(page->next_page_token());
        ++pages;
    } while (!all.page_token().empty() && pages < 10);
    EXPECT_EQ(listed, newest_first);
    EXPECT_EQ(pages, 3);

    EXPECT_THAT(ids(ada.list().response),
                ElementsAre(newest_first[0], newest_first[2], newest_first[5]));
    v1::ListJobsRequest cancelled;
    cancelled.add_states(v1::JOB_STATE_CANCELLED);
    EXPECT_THAT(ids(ada.list(cancelled).response),
                ElementsAre(newest_first[1], newest_first[3], newest_first[4], newest_first[6]));
    // The oldest has left the state, and is found in the history.
    const auto oldest = ada.get(newest_first[6]);
    ASSERT_TRUE(oldest.ok()) << oldest.why();
    EXPECT_EQ(oldest->job().state(), v1::JOB_STATE_CANCELLED);
}

TEST(Jobs, AnArrayIsOneJobAndItsElementsAreListed) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    v1::JobSpec spec = simple_spec("physics");
    spec.mutable_array()->set_indices("3-5");
    const auto submitted = ada.submit(spec);
    ASSERT_TRUE(submitted.ok()) << submitted.why();
    const std::string id = submitted->job().id();
    EXPECT_EQ(submitted->job().spec().array().indices(), "3-5");
    EXPECT_THAT(ids(ada.list().response), ElementsAre(id + "_5", id + "_4", id + "_3"));
    EXPECT_EQ(ada.get(id + "_4")->job().array_index(), 4);
    EXPECT_EQ(ada.get(id + "_6").code(), grpc::StatusCode::NOT_FOUND);
    ASSERT_TRUE(ada.cancel(id + "_4").ok());
    EXPECT_EQ(ada.get(id)->job().state(), v1::JOB_STATE_PENDING);
    ASSERT_TRUE(ada.cancel(id).ok());
    // One element more than the state keeps: the array is known as long as one of them is.
    EXPECT_EQ(ada.get(id)->job().state(), v1::JOB_STATE_CANCELLED);
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(ada.cancel(ada.submit(simple_spec("physics"))->job().id()).ok());
    }
    const auto forgotten = ada.get(id);
    ASSERT_TRUE(forgotten.ok()) << forgotten.why();
    EXPECT_EQ(forgotten->job().id(), id);
    EXPECT_EQ(forgotten->job().state(), v1::JOB_STATE_CANCELLED);
}

TEST(Jobs, ExplainNamesTheGateAndTheRemedy) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const std::string id = ada.submit(simple_spec("physics"))->job().id();
    ASSERT_TRUE(ada.hold(id).ok());
    v1::ExplainJobRequest request;
    request.set_job_id(id);
    const auto explained = ada.ask(*ada.jobs, &v1::JobService::Stub::ExplainJob, request);
    ASSERT_TRUE(explained.ok()) << explained.why();
    ASSERT_GE(explained->constraints_size(), 2);
    EXPECT_EQ(explained->constraints(0).reason(), v1::WAIT_REASON_HELD_BY_USER);
    EXPECT_THAT(explained->constraints(0).remedy(), HasSubstr("release"));
    EXPECT_EQ(explained->constraints(1).reason(), v1::WAIT_REASON_NODES_OUT);
}

TEST(Jobs, OutliveTheScheduler) {
    RpcPlatform platform;
    std::string token = platform.admin().create_token("ada")->secret();
    const auto kept = platform.with_token(token).submit(simple_spec("physics"), "kept");
    ASSERT_TRUE(kept.ok()) << kept.why();
    platform.restart();
    Caller ada = platform.with_token(token);
    EXPECT_EQ(ada.get(kept->job().id())->job().user(), "ada");
    EXPECT_EQ(ada.submit(simple_spec("physics"), "kept")->job().id(), kept->job().id());
    EXPECT_THAT(ids(ada.list().response), ElementsAre(kept->job().id()));
}

struct BadSpec {
    const char* what;
    std::function<void(v1::JobSpec&)> spoil;
    std::vector<std::string> said;  // all in the message
};

TEST(Jobs, BadSpecsAreRefusedByFieldAndValue) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const BadSpec cases[] = {
        {"negative GPUs",
         [](auto& spec) { spec.mutable_groups(0)->mutable_resources()->set_gpus(-1); },
         {"spec.groups[0].resources.gpus", "-1"}},
        {"2^63 GPUs",
         [](auto& spec) { spec.mutable_groups(0)->mutable_resources()->set_gpus(9.3e18); },
         {"spec.groups[0].resources.gpus"}},
        {"not a number",
         [](auto& spec) {
             spec.mutable_groups(0)->mutable_resources()->set_gpus(
                 std::numeric_limits<double>::quiet_NaN());
         },
         {"spec.groups[0].resources.gpus", "nan"}},
        {"no command", [](auto& spec) { spec.clear_command(); }, {"spec.command"}},
        {"unknown tenant",
         [](auto& spec) { spec.set_tenant("physcis"); },
         {"spec.tenant", "physcis", "did you mean \"physics\"?"}},
        {"unknown accelerator",
         [](auto& spec) {
             spec.mutable_groups(0)->mutable_resources()->set_gpus(1);
             spec.mutable_groups(0)->add_accelerators("test-gpv");
         },
         {"spec.groups[0]", "test-gpv"}},
        {"a dependency on no job",
         [](auto& spec) {
             auto& dependency = *spec.add_dependencies();
             dependency.set_condition(v1::DEPENDENCY_CONDITION_AFTER_OK);
             dependency.add_job_ids("999");
         },
         {"spec.dependencies", "999"}},
        {"a dependency on itself",
         [](auto& spec) {
             auto& dependency = *spec.add_dependencies();
             dependency.set_condition(v1::DEPENDENCY_CONDITION_AFTER_OK);
             dependency.add_job_ids("#0");
         },
         {"spec.dependencies[0].job_ids[0]", "#0"}},
        {"too many retries",
         [](auto& spec) { spec.mutable_retry()->set_retries(101); },
         {"spec.retry.retries", "101"}},
    };
    for (const BadSpec& each : cases) {
        v1::JobSpec spec = simple_spec("physics");
        each.spoil(spec);
        const auto refused = ada.submit(spec);
        EXPECT_EQ(refused.code(), grpc::StatusCode::INVALID_ARGUMENT) << each.what;
        for (const std::string& said : each.said) {
            EXPECT_THAT(refused.why(), HasSubstr(said)) << each.what;
        }
    }
    EXPECT_THAT(ids(ada.list().response), IsEmpty());
}

TEST(Jobs, BadRequestsAreRefusedByFieldAndValue) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    const auto expect = [](const auto& answer, const char* field, const char* said) {
        EXPECT_EQ(answer.code(), grpc::StatusCode::INVALID_ARGUMENT) << field;
        EXPECT_THAT(answer.why(), AllOf(HasSubstr(field), HasSubstr(said)));
    };
    v1::SubmitJobRequest nameless;
    *nameless.mutable_spec() = simple_spec("physics");
    v1::SubmitJobResponse response;
    grpc::ClientContext context;
    const grpc::Status empty = ada.jobs->SubmitJob(&context, nameless, &response);
    EXPECT_EQ(empty.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(empty.error_message(), HasSubstr("request_id: is empty"));
    expect(ada.submit(simple_spec("physics"), std::string(65, 'x')), "request_id", "65");
    expect(ada.get("twelve"), "job_id", "twelve");
    expect(ada.cancel("1_"), "job_ids[0]", "1_");
    v1::ListJobsRequest list;
    list.set_page_size(-1);
    expect(ada.list(list), "page_size", "-1");
    list.set_page_size(0);
    list.set_page_token("nonsense");
    expect(ada.list(list), "page_token", "nonsense");
    expect(ada.ask(*ada.jobs, &v1::JobService::Stub::SubmitJobs, v1::SubmitJobsRequest()), "specs",
           "0 jobs");

    v1::JobSpec huge = simple_spec("physics");
    huge.set_script("#!/bin/sh\n" + std::string(10 << 20, '#'));
    EXPECT_EQ(ada.submit(huge).code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(ids(ada.list().response), IsEmpty());
}

}  // namespace
}  // namespace gusu::service
