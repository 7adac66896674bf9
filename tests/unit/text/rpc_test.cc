#include <gmock/gmock.h>

#include <set>

#include "proto/rpc/channel.h"
#include "scheduler/base/text.h"

namespace gusu::rpc {
namespace {

using testing::HasSubstr;

TEST(RpcStatus, ErrorCodesGoThereAndBack) {
    struct Case {
        ErrorCode code;
        grpc::StatusCode status;
    };
    const Case cases[] = {
        {ErrorCode::InvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
        {ErrorCode::NotFound, grpc::StatusCode::NOT_FOUND},
        {ErrorCode::AlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
        {ErrorCode::QuotaExceeded, grpc::StatusCode::RESOURCE_EXHAUSTED},
        {ErrorCode::FailedPrecondition, grpc::StatusCode::FAILED_PRECONDITION},
        {ErrorCode::NotAllowed, grpc::StatusCode::PERMISSION_DENIED},
        {ErrorCode::Unauthenticated, grpc::StatusCode::UNAUTHENTICATED},
        {ErrorCode::Unavailable, grpc::StatusCode::UNAVAILABLE},
        {ErrorCode::Internal, grpc::StatusCode::INTERNAL},
    };
    for (const Case& expected : cases) {
        const Error error{expected.code, "suda/nlp asks for 8 GPUs and has 4 left"};
        EXPECT_EQ(to_status(error).error_code(), expected.status);
        EXPECT_EQ(to_error(to_status(error)), error);
    }
}

TEST(RpcStatus, CodesOfGrpcAlone) {
    EXPECT_EQ(to_error({grpc::StatusCode::DEADLINE_EXCEEDED, "late"}).code, ErrorCode::Unavailable);
    EXPECT_EQ(to_error({grpc::StatusCode::CANCELLED, "stopped"}).code, ErrorCode::Unavailable);
    EXPECT_EQ(to_error({grpc::StatusCode::UNIMPLEMENTED, "no"}).code, ErrorCode::Internal);
    EXPECT_THAT(to_error({grpc::StatusCode::UNKNOWN, ""}).message, HasSubstr("gRPC code 2"));
}

TEST(RpcStatus, LongMessagesAreCutBetweenLetters) {
    std::string message = "x";
    for (int i = 0; i < 5000; ++i) {
        message += "\xE5\xA7\x91";
    }
    const std::string sent = to_status({ErrorCode::Internal, message}).error_message();
    EXPECT_LT(sent.size(), 2010U);
    EXPECT_TRUE(is_valid_utf8(sent));
    EXPECT_TRUE(sent.ends_with("..."));
}

TEST(RpcStatus, UnavailableNamesTheScheduler) {
    EXPECT_EQ(to_error({grpc::StatusCode::UNAVAILABLE, "refused"}, "host:7077").message,
              "scheduler host:7077 cannot be reached: refused");
    EXPECT_EQ(to_error({grpc::StatusCode::NOT_FOUND, "no job 7"}, "host:7077").message, "no job 7");
}

TEST(RequestId, IsNewEachTime) {
    std::set<std::string> ids;
    for (int i = 0; i < 1000; ++i) {
        ids.insert(new_request_id());
    }
    EXPECT_EQ(ids.size(), 1000U);
    EXPECT_THAT(*ids.begin(), testing::MatchesRegex("[0-9a-f]{32}"));
}

}  // namespace
}  // namespace gusu::rpc
