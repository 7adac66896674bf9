#include "scheduler/core/policy/access.h"

#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace gusu::core {
namespace {

// Tenants suda, suda/nlp and bio; one user for each role.
class Access : public ::testing::Test {
protected:
    Access() {
        for (const char* path : {"suda", "suda/nlp", "bio"}) {
            (void)world_.execute(CreateTenant{world_.admin(), path, {}});
        }
        grant("researcher", Role::Researcher, "suda/nlp");
        grant("head", Role::TenantAdmin, "suda");
        grant("biologist", Role::Researcher, "bio");
        grant("operator", Role::Operator, "");
        grant("system", Role::SystemAdmin, "");
        grant("security", Role::SecurityAdmin, "");
        grant("auditor", Role::Auditor, "");
        (void)world_.join({.name = "n1", .labels = {}});
        Submission submission;
        submission.tenant = "suda/nlp";
        auto demand = std::make_shared<Demand>();
        demand->groups = {TaskGroup{}};
        submission.spec.demand = demand;
        job_ = JobId{state().next_id()};
        EXPECT_TRUE(world_.execute(SubmitJobs{{"researcher"}, "r", {submission}}).ok());
    }

    void grant(const std::string& user, Role role, const std::string& tenant) {
        ASSERT_TRUE(world_.execute(GrantRole{world_.admin(), user, role, tenant}).ok());
    }
    const State& state() const { return world_.state(); }
    const Job& job() const { return *state().job(job_); }
    TenantId tenant(const std::string& path) const { return state().tenant(path)->id; }

    gusu::testing::World world_;
    JobId job_;
};

TEST_F(Access, IsDeniedUnlessARoleGivesIt) {
    struct Case {
        const char* user;
        bool see_job, control_job, submit_nlp, shape_suda, nodes, reserve, see_bio;
    };
    const Case cases[] = {
        // user        see    control submit shape  nodes  reserve see bio
        {"researcher", true, true, true, false, false, false, false},
        {"head", true, true, true, true, false, false, false},
        {"biologist", false, false, false, false, false, false, true},
        {"operator", true, true, false, false, true, true, true},
        {"system", true, true, false, true, false, true, true},
        {"security", false, false, false, false, false, false, true},
        {"auditor", true, false, false, false, false, false, true},
        {"nobody", false, false, false, false, false, false, false},
        {"admin", true, true, true, true, true, true, true},
    };
    for (const Case& each : cases) {
        SCOPED_TRACE(each.user);
        EXPECT_EQ(may_see(state(), each.user, job()), each.see_job);
        EXPECT_EQ(may_control(state(), each.user, job()), each.control_job);
        EXPECT_EQ(may_submit(state(), each.user, tenant("suda/nlp")), each.submit_nlp);
        EXPECT_EQ(may_shape_below(state(), each.user, tenant("suda")), each.shape_suda);
        EXPECT_EQ(may_operate_nodes(state(), each.user), each.nodes);
        EXPECT_EQ(may_reserve_nodes(state(), each.user), each.reserve);
        EXPECT_EQ(may_see(state(), each.user, *state().tenant("bio")), each.see_bio);
    }
}

TEST_F(Access, TenantAdministratorsGrantOnlyOnTheirOwnTenant) {
    const Grant own{"new", Role::Researcher, tenant("suda/nlp")};
    const Grant other{"new", Role::Researcher, tenant("bio")};
    const Grant platform{"new", Role::Operator, TenantId{}};
    EXPECT_TRUE(may_grant(state(), "head", own));
    EXPECT_FALSE(may_grant(state(), "head", other));
    EXPECT_FALSE(may_grant(state(), "head", platform));
    EXPECT_TRUE(may_grant(state(), "security", platform));
    EXPECT_FALSE(may_grant(state(), "researcher", own));
}

TEST_F(Access, WhomNodesAreReservedForIsForThoseWhoSeeTheTenant) {
    Reservation of_bio;
    of_bio.tenant = tenant("bio");
    EXPECT_TRUE(may_see_owner(state(), "biologist", of_bio));
    EXPECT_TRUE(may_see_owner(state(), "operator", of_bio));
    EXPECT_FALSE(may_see_owner(state(), "researcher", of_bio));
    EXPECT_TRUE(may_see_owner(state(), "researcher", Reservation{}));
}

TEST_F(Access, RefusesCommandsWithoutTheRightAndChangesNothing) {
    const std::size_t before = world_.log().size();
    const auto cancelled = world_.execute(CancelJobs{{"auditor"}, {JobRef{job_, {}}}});
    ASSERT_FALSE(cancelled.ok());
    EXPECT_EQ(cancelled.error().code, ErrorCode::NotAllowed);
    // What one may not see is not found: the two are not told apart.
    const auto hidden = world_.execute(CancelJobs{{"biologist"}, {JobRef{job_, {}}}});
    const auto absent = world_.execute(CancelJobs{{"biologist"}, {JobRef{JobId{4711}, {}}}});
    ASSERT_FALSE(hidden.ok());
    EXPECT_EQ(hidden.error().code, ErrorCode::NotFound);
    EXPECT_EQ(absent.error().code, ErrorCode::NotFound);
    EXPECT_EQ(world_.log().size(), before);
}

}  // namespace
}  // namespace gusu::core
