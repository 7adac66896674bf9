// The kernel's device filter of both versions, as far as this machine has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "agent/cgroup/cgroup.h"
#include "tests/unit/agent/supervisor_platform.h"

namespace gusu::agent {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

struct RuleCase {
    const char* text;
    std::optional<DeviceRule> rule;
};

TEST(DeviceRules, AreWrittenAsTheKernelWritesThem) {
    const RuleCase cases[] = {
        {"c 195:0", DeviceRule{'c', 195, 0}},
        {"c 136:*", DeviceRule{'c', 136, {}}},
        {"b 7:3", DeviceRule{'b', 7, 3}},
        {"", {}},
        {"a", {}},
        {"c 195", {}},
        {"c *:0", {}},
        {"c 1:3 rwm", {}},
        {"c -1:3", {}},
        {"d 1:3", {}},
    };
    for (const RuleCase& one : cases) {
        const Result<DeviceRule> rule = parse_device_rule(one.text);
        ASSERT_EQ(rule.ok(), one.rule.has_value()) << one.text;
        if (rule.ok()) {
            EXPECT_EQ(*rule, *one.rule) << one.text;
            EXPECT_EQ(to_text(*rule), one.text);
        }
    }
}

TEST(DeviceRules, AreReadFromDeviceFiles) {
    EXPECT_EQ(*rule_of_file("/dev/null"), (DeviceRule{'c', 1, 3}));
    EXPECT_THAT(rule_of_file("/dev/none").error().message, HasSubstr("No such file"));
    EXPECT_THAT(rule_of_file("/etc/passwd").error().message, HasSubstr("is no device file"));
    EXPECT_THAT(common_devices(), Contains(*rule_of_file("/dev/zero")));
    EXPECT_THAT(common_devices(), Contains(*rule_of_file("/dev/urandom")));
}

// Of every version that this machine lets us use; where it does not, the error must say so.
class RealDeviceFilter : public testing::TestWithParam<DeviceFilterKind> {
protected:
    void SetUp() override {
        const Result<Cgroup> made = Cgroup::create(
            current_cgroup_layout(), group_, {.devices = {.kind = GetParam(), .allowed = {}}});
        if (made) {
            usable_ = true;
            EXPECT_TRUE(made->remove().ok());
        } else {
            EXPECT_EQ(made.error().code, ErrorCode::Unavailable) << made.error().message;
        }
        task_.order.cgroup = group_;
        task_.order.device_filter = to_text(GetParam());
        task_.order.devices = {"c 1:3", "c 1:5"};
    }
    void TearDown() override {
        EXPECT_TRUE(remove_cgroups_below(current_cgroup_layout(), prefix_, Duration(30'000)).ok());
    }

    void must_not_run() {
        task_.shell("true");
        EXPECT_THAT(run_to_end(task_).launch_error, HasSubstr("device filter cannot be set"));
    }

    // What a task says that opens these, one after the other.
    std::string opening(const std::string& around) {
        task_.shell(
            "look() { for d in null zero full random; do"
            " (: < /dev/$d) 2>/dev/null && echo $d opens || echo $d refused; done; }\n" +
            around);
        const ExitRecord end = run_to_end(task_);
        EXPECT_EQ(end.launch_error, "");
        return task_.output();
    }

    static constexpr const char* kKept = "null opens\nzero opens\nfull refused\nrandom refused\n";
    const std::string prefix_ = "gusu-test-" + std::to_string(getpid());
    const std::string group_ = prefix_ + "/n/1.0";
    TaskDirectory task_;
    bool usable_ = false;
};

TEST_P(RealDeviceFilter, LetsATaskOpenWhatIsAllowedAndNothingElse) {
    if (!usable_) {
        return must_not_run();
    }
    EXPECT_EQ(opening("look"), kKept);
    task_.shell(": < /dev/full");
    run_to_end(task_);
    EXPECT_THAT(task_.output(), HasSubstr("Operation not permitted"));
}

TEST_P(RealDeviceFilter, HoldsForWhateverATaskStarts) {
    if (!usable_) {
        return must_not_run();
    }
    task_.script("look",
                 "#!/bin/sh\nlook() { for d in null zero full random; do"
                 " (: < /dev/$d) 2>/dev/null && echo $d opens || echo $d refused; done; }\n"
                 "look > seen.new; mv seen.new seen\n");
    // Of another session, its parents gone.
    EXPECT_EQ(opening("(setsid sh -c './look &' &) ; while ! test -e seen; do :; done; cat seen"),
              kKept);
}

TEST_P(RealDeviceFilter, IsGoneWithItsTask) {
    if (!usable_) {
        return must_not_run();
    }
    EXPECT_EQ(opening("look"), kKept);
    EXPECT_TRUE(cgroups_below(current_cgroup_layout(), prefix_ + "/n").empty());
    task_.order.device_filter = "";
    EXPECT_THAT(opening("look"), HasSubstr("full opens\nrandom opens\n"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RealDeviceFilter,
                         testing::Values(DeviceFilterKind::Controller, DeviceFilterKind::Bpf),
                         [](const auto& kind) { return to_text(kind.param); });

TEST(DeviceFilter, IsFoundByTrial) {
    const std::string name = "gusu-test-" + std::to_string(getpid()) + "/trial";
    const CgroupLayout layout = current_cgroup_layout();
    const Result<DeviceFilterKind> kind = usable_device_filter(layout, name);
    if (kind) {
        EXPECT_NE(*kind, DeviceFilterKind::None);
    } else {
        EXPECT_THAT(kind.error().message, Not(testing::IsEmpty()));
    }
    EXPECT_TRUE(cgroups_below(layout, "gusu-test-" + std::to_string(getpid())).empty());
}

TEST(DeviceFilter, ATaskDoesNotRunWithoutTheOneItShouldHave) {
    TaskDirectory task;
    task.shell("echo ran");
    task.order.device_filter = "bpf";
    EXPECT_THAT(run_to_end(task).launch_error, HasSubstr("needs a control group"));
    task.order.cgroup = "gusu-test/../x";
    EXPECT_THAT(run_to_end(task).launch_error, HasSubstr("device filter cannot be set"));
    task.order.device_filter = "magic";
    EXPECT_THAT(run_to_end(task).launch_error, HasSubstr("\"magic\" is no kind"));
    task.order.device_filter = "bpf";
    task.order.devices = {"null"};
    EXPECT_THAT(run_to_end(task).launch_error, HasSubstr("\"null\" names no device"));
    EXPECT_EQ(task.output(), "");
}

}  // namespace
}  // namespace gusu::agent
