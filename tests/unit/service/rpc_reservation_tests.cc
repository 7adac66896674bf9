// Reservations as they are asked for. What they do to jobs is told by the stories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/service/rpc_platform.h"

namespace gusu::service {
namespace {

using testing::HasSubstr;
using Stub = v1::ReservationService::Stub;

v1::CreateReservationRequest of_n1() {
    v1::CreateReservationRequest request;
    request.set_name("fans");
    request.add_nodes("n1");
    request.mutable_start()->set_seconds(std::int64_t{4'000'000'000});
    request.mutable_duration()->set_seconds(3600);
    return request;
}

auto create(Caller& caller, const v1::CreateReservationRequest& request) {
    return Caller::ask(*caller.reservations, &Stub::CreateReservation, request);
}

TEST(Reservations, OnlyOperatorsAndSystemAdministratorsMakeThem) {
    RpcPlatform platform;
    Caller admin = platform.admin();
    struct Case {
        const char* user;
        v1::Role role;
        bool may;
    };
    const Case cases[] = {{"op", v1::ROLE_OPERATOR, true},
                          {"sys", v1::ROLE_SYSTEM_ADMIN, true},
                          {"sec", v1::ROLE_SECURITY_ADMIN, false},
                          {"aud", v1::ROLE_AUDITOR, false}};
    v1::DeleteReservationRequest remove;
    remove.set_name("fans");
    for (const Case& each : cases) {
        ASSERT_TRUE(admin.grant(each.user, each.role, "").ok());
        Caller caller = platform.as(each.user);
        // There is no such node and no such reservation: who may ask is told so.
        const auto answer =
            each.may ? grpc::StatusCode::NOT_FOUND : grpc::StatusCode::PERMISSION_DENIED;
        EXPECT_EQ(create(caller, of_n1()).code(), answer) << each.user;
        EXPECT_EQ(Caller::ask(*caller.reservations, &Stub::DeleteReservation, remove).code(),
                  answer)
            << each.user;
    }
    Caller ada = platform.as("ada");
    EXPECT_EQ(create(ada, of_n1()).code(), grpc::StatusCode::PERMISSION_DENIED);
    const v1::ListReservationsRequest list;
    EXPECT_TRUE(Caller::ask(*ada.reservations, &Stub::ListReservations, list).ok());
    Caller nobody = platform.with_token("");
    EXPECT_EQ(Caller::ask(*nobody.reservations, &Stub::ListReservations, list).code(),
              grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(create(nobody, of_n1()).code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(Reservations, WhatIsWrongIsNamed) {
    RpcPlatform platform;
    Caller admin = platform.admin();
    const auto refused = [&](auto change) {
        v1::CreateReservationRequest request = of_n1();
        change(request);
        const auto answer = create(admin, request);
        EXPECT_EQ(answer.code(), grpc::StatusCode::INVALID_ARGUMENT) << answer.why();
        return answer.why();
    };
    EXPECT_THAT(refused([](auto& request) { request.set_name("a b"); }), HasSubstr("name: "));
    EXPECT_THAT(refused([](auto& request) { request.clear_name(); }), HasSubstr("name: "));
    EXPECT_THAT(refused([](auto& request) { request.clear_nodes(); }), HasSubstr("nodes: "));
    EXPECT_THAT(refused([](auto& request) { request.set_nodes(0, "\x01"); }),
                HasSubstr("nodes[0]"));
    EXPECT_THAT(refused([](auto& request) { request.clear_start(); }), HasSubstr("start: "));
    EXPECT_THAT(refused([](auto& request) { request.clear_duration(); }), HasSubstr("duration: "));
    EXPECT_THAT(refused([](auto& request) { request.mutable_every()->set_seconds(3600); }),
                HasSubstr("every: "));
    EXPECT_THAT(refused([](auto& request) { (*request.mutable_node_labels())[""] = "x"; }),
                HasSubstr("node_labels"));
    EXPECT_THAT(refused([](auto& request) { request.set_reason("\x01"); }), HasSubstr("reason: "));
}

}  // namespace
}  // namespace gusu::service
