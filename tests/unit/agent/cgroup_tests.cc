#include "agent/cgroup/cgroup.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "agent/cgroup/cgroup_files.h"

namespace gusu::agent {
namespace {

struct LayoutCase {
    const char* name;
    const char* mountinfo;
    const char* own_groups;
    std::vector<CgroupHierarchy> expected;
};

const LayoutCase kLayoutCases[] = {
    {"version 2, as a service of systemd",
     "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
     "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
     "0::/system.slice/gusu-agent.service\n",
     {{CgroupVersion::V2, "/sys/fs/cgroup/system.slice/gusu-agent.service", {}, "/sys/fs/cgroup"}}},
    {"version 2, in the agent's leaf",
     "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
     "0::/system.slice/gusu.service/gusu-agent\n",
     {{CgroupVersion::V2, "/sys/fs/cgroup/system.slice/gusu.service", {}, "/sys/fs/cgroup"}}},
    {"version 1, controllers together and an old name",
     "33 25 0:28 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n"
     "36 25 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:16 - cgroup cgroup rw,cpu,cpuacct\n"
     "37 25 0:32 / /sys/fs/cgroup/memory rw shared:17 - cgroup cgroup rw,memory\n",
     "4:memory:/user.slice\n3:cpu,cpuacct:/\n1:name=systemd:/user.slice/session-1.scope\n",
     {{CgroupVersion::V1,
       "/sys/fs/cgroup/cpu,cpuacct",
       {"cpu", "cpuacct"},
       "/sys/fs/cgroup/cpu,cpuacct"},
      {CgroupVersion::V1,
       "/sys/fs/cgroup/memory/user.slice",
       {"memory"},
       "/sys/fs/cgroup/memory"}}},
    {"hybrid",
     "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
     "37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
     "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
     "6:freezer:/\n1:cpu:/jobs\n0::/\n",
     {{CgroupVersion::V1, "/sys/fs/cgroup/cpu/jobs", {"cpu"}, "/sys/fs/cgroup/cpu"},
      {CgroupVersion::V1, "/sys/fs/cgroup/freezer", {"freezer"}, "/sys/fs/cgroup/freezer"},
      {CgroupVersion::V2, "/sys/fs/cgroup/unified", {}, "/sys/fs/cgroup/unified"}}},
    {"a container that sees its own part",
     "40 31 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
     "0::/docker/abc/inner\n",
     {{CgroupVersion::V2, "/sys/fs/cgroup/inner", {}, "/sys/fs/cgroup"}}},
    {"a process outside of what is mounted",
     "40 31 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
     "0::/docker/abcdef\n",
     {{CgroupVersion::V2, "/sys/fs/cgroup", {}, "/sys/fs/cgroup"}}},
    {"outside of its namespace",
     "40 31 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n",
     "0::/../other\n",
     {{CgroupVersion::V2, "/sys/fs/cgroup", {}, "/sys/fs/cgroup"}}},
    {"mounted twice, and a space in the path",
     "30 24 0:26 / /mnt/c\\040g rw - cgroup2 cgroup2 rw\n"
     "31 24 0:26 / /other rw - cgroup2 cgroup2 rw\n",
     "0::/\n",
     {{CgroupVersion::V2, "/mnt/c g", {}, "/mnt/c g"}}},
    {"nothing", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nbroken\n", "0::/\n", {}},
};

TEST(CgroupLayout, IsReadFromTheKernelsTexts) {
    for (const LayoutCase& one : kLayoutCases) {
        SCOPED_TRACE(one.name);
        EXPECT_EQ(parse_cgroup_layout(one.mountinfo, one.own_groups).hierarchies, one.expected);
    }
}

TEST(Cgroup, RefusesNamesThatLeadOut) {
    for (const char* name : {"", "/abs", "a//b", "a/../b", "..", "a/.", "a/"}) {
        const auto made = Cgroup::create({}, name, {});
        ASSERT_FALSE(made.ok()) << name;
        EXPECT_EQ(made.error().code, ErrorCode::InvalidArgument) << name;
    }
}

TEST(Cgroup, SaysSoWhereThereIsNone) {
    EXPECT_EQ(Cgroup::create({}, "gusu/n/1.0", {}).error().code, ErrorCode::Unavailable);
    const CgroupLayout locked = {{{CgroupVersion::V2, "/proc/none", {}, ""}}};
    EXPECT_EQ(Cgroup::create(locked, "gusu/n/1.0", {}).error().code, ErrorCode::Unavailable);
}

pid_t start_sleep() {
    pid_t pid = 0;
    char program[] = "sleep";
    char time[] = "1000";
    char* const argv[] = {program, time, nullptr};
    EXPECT_EQ(posix_spawnp(&pid, program, nullptr, nullptr, argv, environ), 0);
    return pid;
}

// Below the group that this test runs in, in every version that this machine lets it write to.
class RealCgroup : public ::testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        for (const CgroupHierarchy& hierarchy : current_cgroup_layout().hierarchies) {
            const bool v2 = hierarchy.version == CgroupVersion::V2;
            if (v2 ? GetParam() == std::string("v2") : hierarchy.controllers.contains(GetParam())) {
                layout_.hierarchies.push_back(hierarchy);
            }
        }
    }
    void TearDown() override {
        EXPECT_TRUE(remove_cgroups_below(layout_, prefix_, Duration(30'000)).ok());
        EXPECT_TRUE(cgroups_below(layout_, prefix_).empty());
    }

    // Where this machine gives no such group, that is what create() must say.
    std::optional<Cgroup> make(const std::string& name) const {
        Result<Cgroup> made = Cgroup::create(layout_, prefix_ + name, {});
        if (!made.ok()) {
            EXPECT_EQ(made.error().code, ErrorCode::Unavailable);
            return std::nullopt;
        }
        return std::move(*made);
    }

    CgroupLayout layout_;
    const std::string prefix_ = "gusu-test-" + std::to_string(getpid());
};

TEST_P(RealCgroup, KnowsKillsAndForgets) {
    const std::optional<Cgroup> group = make("/n/1.0");
    if (!group.has_value()) {
        return;
    }
    const pid_t pid = start_sleep();
    ASSERT_TRUE(group->add(pid).ok());
    EXPECT_EQ(group->pids(), std::vector<pid_t>{pid});
    EXPECT_FALSE(group->remove().ok());
    EXPECT_FALSE(group->oom_killed());

    group->kill_all();
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_EQ(group->pids(), std::vector<pid_t>{});
}

TEST_P(RealCgroup, StaleGroupsGoWithWhatIsInThem) {
    const std::optional<Cgroup> group = make("/n/2.0");
    if (!group.has_value()) {
        return;
    }
    const pid_t pid = start_sleep();
    ASSERT_TRUE(group->add(pid).ok());
    EXPECT_EQ(cgroups_below(layout_, prefix_ + "/n"), std::vector<std::string>{prefix_ + "/n/2.0"});

    EXPECT_TRUE(remove_cgroups_below(layout_, prefix_ + "/n", Duration(30'000)).ok());
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
    EXPECT_TRUE(cgroups_below(layout_, prefix_ + "/n").empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, RealCgroup, ::testing::Values("v2", "freezer", "pids"));

// Plain files in place of the kernel's, for a machine whose version 2 has no controllers.
TEST(Cgroup, Version2HandsControllersDownAndReadsItsEvents) {
    std::string base = (std::filesystem::temp_directory_path() / "gusu-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(base.data()), nullptr);
    const std::filesystem::path group = std::filesystem::path(base) / "gusu/1.0";
    std::filesystem::create_directories(group);
    for (const char* name :
         {"cgroup.subtree_control", "gusu/cgroup.subtree_control", "gusu/1.0/cpu.max",
          "gusu/1.0/memory.max", "gusu/1.0/memory.oom.group"}) {
        std::ofstream(std::filesystem::path(base) / name);
    }
    const CgroupLayout layout = {{{CgroupVersion::V2, base, {"cpu", "memory"}}}};
    const auto made = Cgroup::create(layout, "gusu/1.0", {.milli_cpus = 2500, .memory = 4096});
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made->notes(), std::vector<std::string>{});
    EXPECT_EQ(made->birthplace(), group.string());
    EXPECT_EQ(cgroup_files::read(group / "cpu.max"), "250000 100000");
    EXPECT_EQ(cgroup_files::read(group / "memory.max"), "4096");
    // Each write went over the one before; the last controller is memory.
    EXPECT_EQ(cgroup_files::read(base + "/gusu/cgroup.subtree_control"), "+memory");

    EXPECT_FALSE(made->oom_killed());
    std::ofstream(group / "memory.events") << "low 0\nmax 7\noom 1\noom_kill 0\n";
    EXPECT_FALSE(made->oom_killed());
    std::ofstream(group / "memory.events") << "low 0\nmax 7\noom 1\noom_kill 2\n";
    EXPECT_TRUE(made->oom_killed());
    std::filesystem::remove_all(base);
}

TEST(Cgroup, ALimitThatCannotBeKeptIsTold) {
    const CgroupLayout layout = current_cgroup_layout();
    CgroupLayout tracking;
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        if (hierarchy.controllers.contains("freezer")) {
            tracking.hierarchies.push_back(hierarchy);
        }
    }
    const std::string name = "gusu-test-told-" + std::to_string(getpid());
    const auto made = Cgroup::create(tracking, name, {.milli_cpus = 0, .memory = 4096});
    if (!made.ok()) {
        EXPECT_EQ(made.error().code, ErrorCode::Unavailable);
        return;
    }
    EXPECT_EQ(made->notes(), std::vector<std::string>{
                                 "the limit of memory is not kept: no control group has memory"});
    EXPECT_TRUE(made->remove().ok());
}

// Either the kernel has the limit, or a note says that it has not.
TEST(Cgroup, SetsTheLimitOfCpu) {
    const CgroupLayout layout = current_cgroup_layout();
    const std::string prefix = "gusu-test-cpu-" + std::to_string(getpid());
    const Result<Cgroup> group = Cgroup::create(layout, prefix + "/1.0", {.milli_cpus = 1500});
    const bool works = group.ok() && group->notes().empty();
    std::string seen;
    for (const CgroupHierarchy& hierarchy : layout.hierarchies) {
        const std::string directory = hierarchy.base + "/" + prefix + "/1.0";
        seen += cgroup_files::read(directory + "/cpu.cfs_quota_us");
        seen += cgroup_files::read(directory + "/cpu.max");
    }
    EXPECT_TRUE(remove_cgroups_below(layout, prefix, Duration(30'000)).ok());
    EXPECT_EQ(seen.substr(0, 6) == "150000", works) << seen;
}

}  // namespace
}  // namespace gusu::agent
