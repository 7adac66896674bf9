#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gusu::core {
namespace {

using gusu::testing::World;

SetQuota quota(const World& world, const std::string& tenant, int guaranteed) {
    return SetQuota{.caller = world.admin(),
                    .tenant = tenant,
                    .accelerator = "nvidia-h200",
                    .guaranteed = Amount(guaranteed * 1000),
                    .limit = {},
                    .lendable = {}};
}

TEST(Tenants, PathsAreChecked) {
    World world;
    for (const char* path : {"", "Suda", "suda/", "/suda", "su da", "a/b/c/d/e/f/g/h/i", "苏大"}) {
        const auto created = world.execute(CreateTenant{world.admin(), path, {}});
        ASSERT_FALSE(created.ok()) << path;
        EXPECT_EQ(created.error().code, ErrorCode::InvalidArgument) << path;
    }
    const auto orphan = world.execute(CreateTenant{world.admin(), "suda/nlp", {}});
    ASSERT_FALSE(orphan.ok());
    EXPECT_NE(orphan.error().message.find("Create \"suda\" first"), std::string::npos);
    EXPECT_TRUE(world.execute(CreateTenant{world.admin(), "suda", {}}).ok());
    EXPECT_TRUE(world.execute(CreateTenant{world.admin(), "suda/nlp", {}}).ok());
    EXPECT_EQ(world.execute(CreateTenant{world.admin(), "suda", {}}).error().code,
              ErrorCode::AlreadyExists);
}

TEST(Tenants, GuaranteesOfChildrenNeverExceedTheParents) {
    World world;
    for (const char* path : {"suda", "suda/nlp", "suda/vision"}) {
        ASSERT_TRUE(world.execute(CreateTenant{world.admin(), path, {}}).ok());
    }
    ASSERT_TRUE(world.execute(quota(world, "suda", 8)).ok());
    ASSERT_TRUE(world.execute(quota(world, "suda/nlp", 5)).ok());
    const auto too_much = world.execute(quota(world, "suda/vision", 4));
    ASSERT_FALSE(too_much.ok());
    EXPECT_NE(too_much.error().message.find("at most 3"), std::string::npos)
        << too_much.error().message;
    EXPECT_TRUE(world.execute(quota(world, "suda/vision", 3)).ok());
    EXPECT_FALSE(world.execute(quota(world, "suda", 7)).ok());
}

TEST(Tenants, AreDeletedOnlyWhenEmpty) {
    World world;
    (void)world.execute(CreateTenant{world.admin(), "suda", {}});
    (void)world.execute(CreateTenant{world.admin(), "suda/nlp", {}});
    EXPECT_EQ(world.execute(DeleteTenant{world.admin(), "suda"}).error().code,
              ErrorCode::FailedPrecondition);
    EXPECT_TRUE(world.execute(DeleteTenant{world.admin(), "suda/nlp"}).ok());
    EXPECT_TRUE(world.execute(DeleteTenant{world.admin(), "suda"}).ok());
    EXPECT_EQ(world.state().tenant("suda"), nullptr);
}

TEST(Nodes, OneModelIsRealOrSimulatedNeverBoth) {
    World world;
    ASSERT_TRUE(world.join({.name = "n1", .labels = {}}).ok());
    NodeDescription real = world.state().node("n1")->description;
    real.name = "n2";
    for (DeviceDescription& device : real.devices) {
        device.reality = Reality::Real;
    }
    const auto refused =
        world.execute(JoinNode{.description = real, .boot_id = "b", .session = "s", .tasks = {}});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::FailedPrecondition);
}

}  // namespace
}  // namespace gusu::core
