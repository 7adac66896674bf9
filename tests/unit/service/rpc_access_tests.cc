// Who may see and do what, and how one comes to be somebody.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "proto/rpc/channel.h"
#include "tests/unit/service/rpc_platform.h"

namespace gusu::service {
namespace {

using testing::HasSubstr;

TEST(Access, TenantsDoNotSeeEachOther) {
    RpcPlatform platform;
    Caller ada = platform.as("ada");
    Caller bob = platform.as("bob");
    const std::string id = ada.submit(simple_spec("physics"))->job().id();
    for (const auto& answer : {bob.get(id).status, bob.cancel(id).status, bob.hold(id).status}) {
        EXPECT_EQ(answer.error_code(), grpc::StatusCode::NOT_FOUND);
        EXPECT_EQ(answer.error_message(), bob.get("999").why().replace(7, 3, id));
    }
    EXPECT_EQ(bob.list()->jobs_size(), 0);
    EXPECT_EQ(ada.list()->jobs_size(), 1);
    v1::GetTenantRequest tenant;
    tenant.set_path("physics");
    EXPECT_EQ(bob.ask(*bob.tenants, &v1::TenantService::Stub::GetTenant, tenant).code(),
              grpc::StatusCode::NOT_FOUND);
    const auto listed =
        bob.ask(*bob.tenants, &v1::TenantService::Stub::ListTenants, v1::ListTenantsRequest());
    ASSERT_EQ(listed->tenants_size(), 1);
    EXPECT_EQ(listed->tenants(0).path(), "biology");
    EXPECT_EQ(bob.submit(simple_spec("physics")).code(), grpc::StatusCode::INVALID_ARGUMENT);
    const auto status =
        bob.ask(*bob.status, &v1::StatusService::Stub::GetStatus, v1::GetStatusRequest());
    EXPECT_EQ(status->jobs_size(), 0);
    // Neither in the history.
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(ada.cancel(ada.submit(simple_spec("physics"))->job().id()).ok());
    }
    v1::ListJobsRequest all;
    all.set_all(true);
    EXPECT_EQ(bob.list(all)->jobs_size(), 0);
    EXPECT_EQ(ada.list(all)->jobs_size(), 5);
}

TEST(Access, RolesDecide) {
    RpcPlatform platform;
    Caller admin = platform.admin();
    Caller ada = platform.as("ada");
    Caller bob = platform.as("bob");
    const std::string id = ada.submit(simple_spec("physics"))->job().id();
    EXPECT_EQ(ada.create_tenant("chemistry").code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(ada.create_token("bob").code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(ada.grant("ada", v1::ROLE_OPERATOR, "").code(), grpc::StatusCode::PERMISSION_DENIED);
    v1::DrainNodeRequest drain;
    drain.set_name("n1");
    EXPECT_EQ(ada.ask(*ada.nodes, &v1::NodeService::Stub::DrainNode, drain).code(),
              grpc::StatusCode::PERMISSION_DENIED);
    // An auditor sees, and may not touch.
    ASSERT_TRUE(admin.grant("bob", v1::ROLE_AUDITOR, "").ok());
    EXPECT_TRUE(bob.get(id).ok());
    EXPECT_EQ(bob.cancel(id).code(), grpc::StatusCode::PERMISSION_DENIED);
    // An administrator of the tenant may do both.
    ASSERT_TRUE(admin.grant("bob", v1::ROLE_TENANT_ADMIN, "physics").ok());
    EXPECT_TRUE(bob.create_tenant("physics/optics").ok());
    const auto cancelled = bob.cancel(id);
    ASSERT_TRUE(cancelled.ok()) << cancelled.why();
    EXPECT_EQ(cancelled->jobs(0).end_reason(), v1::END_REASON_CANCELLED_BY_ADMIN);
    EXPECT_EQ(admin.grant("x", v1::ROLE_UNSPECIFIED, "").code(),
              grpc::StatusCode::INVALID_ARGUMENT);
}

TEST(Access, WithoutATokenNobodyIsAnybody) {
    RpcPlatform platform;
    const std::string of_node = platform.admin().create_token("", "n1")->secret();
    for (const std::string& token :
         {std::string(), std::string("abc"), "gusu_" + std::string(43, 'A'), of_node}) {
        const auto refused = platform.with_token(token).who_am_i();
        EXPECT_EQ(refused.code(), grpc::StatusCode::UNAUTHENTICATED) << token;
        EXPECT_THAT(refused.why(), HasSubstr("gusu login")) << token;
    }
    // Streams too.
    Caller nobody = platform.with_token("");
    grpc::ClientContext context;
    v1::WatchJobsRequest watch;
    watch.add_job_ids("1");
    const auto reader = nobody.jobs->WatchJobs(&context, watch);
    v1::WatchJobsResponse response;
    EXPECT_FALSE(reader->Read(&response));
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(Access, ARevokedTokenIsWorthNothing) {
    RpcPlatform platform;
    Caller admin = platform.admin();
    const auto token = admin.create_token("ada");
    Caller ada = platform.with_token(token->secret());
    EXPECT_EQ(ada.who_am_i()->user(), "ada");
    EXPECT_EQ(ada.who_am_i()->grants(0).tenant(), "physics");
    v1::RevokeTokenRequest revoke;
    revoke.set_id(token->token().id());
    ASSERT_TRUE(ada.ask(*ada.identity, &v1::IdentityService::Stub::RevokeToken, revoke).ok());
    const auto refused = ada.who_am_i();
    EXPECT_EQ(refused.code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_THAT(refused.why(), HasSubstr("revoked"));
    platform.restart();
    EXPECT_EQ(platform.with_token(token->secret()).who_am_i().code(),
              grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_TRUE(platform.admin().who_am_i().ok());
}

TEST(Access, ATokenEndsByItself) {
    RpcPlatform platform;
    v1::CreateTokenRequest request;
    request.mutable_lifetime()->set_nanos(1'000'000);
    Caller admin = platform.admin();
    const auto token = admin.ask(*admin.identity, &v1::IdentityService::Stub::CreateToken, request);
    ASSERT_TRUE(token.ok()) << token.why();
    Caller late = platform.with_token(token->secret());
    // The handshake alone takes longer than a millisecond.
    EXPECT_EQ(late.who_am_i().code(), grpc::StatusCode::UNAUTHENTICATED);
    request.mutable_lifetime()->set_seconds(-5);
    request.mutable_lifetime()->set_nanos(0);
    EXPECT_THAT(admin.ask(*admin.identity, &v1::IdentityService::Stub::CreateToken, request).why(),
                HasSubstr("lifetime"));
    request.mutable_lifetime()->set_seconds(std::int64_t{91} * 86'400);
    EXPECT_THAT(admin.ask(*admin.identity, &v1::IdentityService::Stub::CreateToken, request).why(),
                HasSubstr("lifetime"));
}

TEST(Access, QuotaIsSetAndShown) {
    RpcPlatform platform;
    Caller admin = platform.admin();
    v1::SetQuotaRequest request;
    request.set_tenant("physics");
    request.set_accelerator("test-gpu");
    request.set_guaranteed(4);
    request.set_limit(8.5);
    const auto set = admin.ask(*admin.tenants, &v1::TenantService::Stub::SetQuota, request);
    ASSERT_TRUE(set.ok()) << set.why();
    EXPECT_EQ(set->quota().guaranteed(), 4);
    EXPECT_EQ(set->quota().limit(), 8.5);
    Caller ada = platform.as("ada");
    const auto listed =
        ada.ask(*ada.tenants, &v1::TenantService::Stub::ListQuotas, v1::ListQuotasRequest());
    ASSERT_EQ(listed->quotas_size(), 1);
    EXPECT_EQ(listed->quotas(0).limit(), 8.5);
    v1::JobSpec large = simple_spec("physics", 9);
    large.mutable_groups(0)->add_accelerators("test-gpu");
    EXPECT_EQ(ada.submit(large).code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    for (const double wrong : {-1.0, 1.0001, 2e6, std::numeric_limits<double>::infinity()}) {
        request.set_guaranteed(wrong);
        const auto refused = admin.ask(*admin.tenants, &v1::TenantService::Stub::SetQuota, request);
        EXPECT_EQ(refused.code(), grpc::StatusCode::INVALID_ARGUMENT) << wrong;
        EXPECT_THAT(refused.why(), HasSubstr("guaranteed: value")) << wrong;
    }
    v1::UpdateTenantRequest update;
    update.mutable_tenant()->set_path("physics");
    update.add_fields("colour");
    EXPECT_THAT(admin.ask(*admin.tenants, &v1::TenantService::Stub::UpdateTenant, update).why(),
                HasSubstr("fields: value \"colour\""));
    update.set_fields(0, "max_pending_jobs");
    update.mutable_tenant()->set_max_pending_jobs(1);
    EXPECT_TRUE(admin.ask(*admin.tenants, &v1::TenantService::Stub::UpdateTenant, update).ok());
    EXPECT_TRUE(ada.submit(simple_spec("physics")).ok());
    EXPECT_EQ(ada.submit(simple_spec("physics")).code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(Access, OneSchedulerAStateDirAndTheReadyFileNamesItsPorts) {
    RpcPlatform platform;
    const auto second = Server::start(platform.config());
    ASSERT_FALSE(second.ok());
    EXPECT_THAT(second.error().message, HasSubstr("another gusu-scheduler"));
    std::string ready;
    std::getline(std::ifstream(platform.folder() / "ready.json"), ready);
    EXPECT_EQ(ready, "{\"grpc\":\"" + platform.server().grpc_address() + "\",\"http\":\"" +
                         platform.server().http_address() +
                         "\",\"pid\":" + std::to_string(::getpid()) + "}");
}

}  // namespace
}  // namespace gusu::service
