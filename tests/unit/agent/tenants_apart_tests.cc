// Whom the tasks of a tenant run as, what their wall is told, and what the agent does with files
// that a task has arranged.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "agent/daemon/beneath.h"
#include "agent/daemon/config.h"
#include "agent/daemon/wall.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

v1::Launch launch_of(const std::string& tenant, std::uint64_t number) {
    v1::Launch launch;
    launch.set_job_id(7);
    launch.set_job_id_text("7");
    launch.set_tenant(tenant);
    launch.set_tenant_id(number);
    launch.add_command("true");
    return launch;
}

TEST(TaskUsers, Table) {
    const TaskUser nlp{.name = "nlp", .owner = Owner{.uid = 1001, .gid = 100}, .has_account = true};
    const TaskUser shared{
        .name = "jobs", .owner = Owner{.uid = 990, .gid = 990}, .has_account = true};
    const std::map<std::string, TaskUser> of_tenants = {{"suda/nlp", nlp}};
    const TaskUsers numbered{.of_tenants = of_tenants,
                             .of_others = UidRange{.first = 5000, .count = 10}};
    const TaskUsers one_for_all{.of_tenants = of_tenants, .of_others = {}, .shared = shared};
    const struct {
        const char* name;
        const TaskUsers& users;
        v1::Launch launch;
        std::string expected;  // or a part of the error
    } cases[] = {
        {"an account", numbered, launch_of("suda/nlp", 3), "nlp 1001:100"},
        {"also where the rest shares one", one_for_all, launch_of("suda/nlp", 3), "nlp 1001:100"},
        {"a tenant above is another", numbered, launch_of("suda", 2), "gusu-2 5002:5002"},
        {"and one below", numbered, launch_of("suda/nlp/a", 4), "gusu-4 5004:5004"},
        {"the last number", numbered, launch_of("x", 9), "gusu-9 5009:5009"},
        {"one too far", numbered, launch_of("x", 10), "raise tenant_uids.count"},
        {"a number that would wrap", numbered, launch_of("x", ~0ULL), "does not tell the number"},
        {"an old scheduler", numbered, launch_of("x", 0), "older than this agent"},
        {"one for all", one_for_all, launch_of("x", 0), "jobs 990:990"},
    };
    for (const auto& one : cases) {
        const auto user = user_of(one.users, one.launch);
        const std::string told = user ? user->name + " " + std::to_string(user->owner->uid) + ":" +
                                            std::to_string(user->owner->gid)
                                      : user.error().message;
        EXPECT_THAT(told, HasSubstr(one.expected)) << one.name;
    }
    EXPECT_EQ(task_user_label(numbered), "tenant");
    EXPECT_EQ(task_user_label(one_for_all), "shared");
}

TEST(TaskUsers, AreThoseOfThisMachine) {
    config::v1::AgentConfig config;
    if (::geteuid() != 0) {
        EXPECT_EQ(find_task_users(config)->shared.owner, std::nullopt);
        return;
    }
    config.set_task_user("daemon");
    EXPECT_EQ(find_task_users(config)->shared.name, "daemon");
    (*config.mutable_tenant_users())["t"] = "daemon";
    EXPECT_TRUE(find_task_users(config)->of_tenants.at("t").has_account);
    (*config.mutable_tenant_users())["t"] = "no-such-user";
    EXPECT_THAT(find_task_users(config).error().message,
                HasSubstr("tenant_users.t: this machine has no user \"no-such-user\""));
    (*config.mutable_tenant_users())["t"] = "root";
    EXPECT_THAT(find_task_users(config).error().message, HasSubstr("is root"));
}

TEST(AgentConfig, UsersOfTenants) {
    const struct {
        const char* text;
        const char* complaint;  // nullptr: right
    } cases[] = {
        {"tenant_uids: {first: 70000}", nullptr},
        {"tenant_users: {suda/nlp: nlp}\ntask_user: jobs", nullptr},
        {"tenant_uids: {first: 70000}\ntask_user: jobs", "task_user, tenant_uids: name one"},
        {"tenant_uids: {first: 999}", "are not between 1000 and"},
        {"tenant_uids: {first: 2147483000, count: 1000}", "are not between 1000 and"},
        {"task_processes: -1", "task_processes: may not be below 0"},
        {"wall: sturdy", "sturdy"},
    };
    const Folder folder;
    for (const auto& one : cases) {
        const fs::path file = folder.path() / "agent.yaml";
        std::ofstream(file) << "schedulers: [\"a:1\"]\nauthority: a.pem\n" << one.text << "\n";
        const auto config = load_agent_config(file);
        EXPECT_EQ(config.ok(), one.complaint == nullptr) << one.text;
        if (!config && one.complaint != nullptr) {
            EXPECT_THAT(config.error().message, HasSubstr(one.complaint));
        }
    }
}

TEST(Wall, IsPartOfTheOrder) {
    const Folder folder;
    TaskMachine machine(folder.path());
    NodeSettings& settings = machine.settings();
    settings.users.of_others = kTenantUids;
    const TaskKey key{.incarnation = 17, .task = 0};
    const v1::Launch launch = launch_of("t", 12);
    SupervisorOrder order = order_of(settings, key, launch);
    EXPECT_FALSE(order.walled);
    EXPECT_EQ(order.uid, 1'900'000'012);
    EXPECT_EQ(order.environment.at("USER"), "gusu-12");
    settings.wall = Wall::Full;
    settings.task_processes = 500;
    order = order_of(settings, key, launch);
    EXPECT_TRUE(order.walled);
    EXPECT_EQ(order.processes, 500);
    EXPECT_TRUE(order.alone_in_job);
    EXPECT_THAT(order.hidden, ElementsAre((folder.path() / "scratch").string()));
    EXPECT_THAT(order.kept, ElementsAre((folder.path() / "scratch/17.0").string(),
                                        (folder.path() / "checkpoints/7").string(),
                                        fs::path(GUSU_SUPERVISOR).parent_path().string()));
}

TEST(Wall, OffIsOffAndRootHasNone) {
    NodeSettings settings;
    settings.supervisor = GUSU_SUPERVISOR;
    config::v1::AgentConfig config;
    config.set_wall(config::v1::WALL_OFF);
    EXPECT_EQ(*choose_wall(config, settings), Wall::None);
    settings.users.shared.owner = Owner{.uid = 0, .gid = 0};
    config.set_wall(config::v1::WALL_PREFERRED);
    EXPECT_EQ(*choose_wall(config, settings), Wall::None);
    config.set_wall(config::v1::WALL_REQUIRED);
    EXPECT_THAT(choose_wall(config, settings).error().message,
                HasSubstr("wall: is required, and there is none: tasks run as root"));
    // A supervisor that cannot: the reason is what it says.
    settings.users.shared.owner.reset();
    settings.supervisor = "/bin/false";
    EXPECT_FALSE(choose_wall(config, settings).ok());
}

TEST(Beneath, OpensFilesAndNothingElse) {
    const Folder folder;
    const fs::path top = folder.path() / "top";
    fs::create_directories(top / "7");
    std::ofstream(top / "7/log") << "text";
    std::ofstream(folder.path() / "secret") << "secret";
    fs::create_symlink(folder.path() / "secret", top / "7/link");
    fs::create_symlink(folder.path(), top / "up");
    fs::create_hard_link(top / "7/log", top / "7/same");
    ASSERT_EQ(::mkfifo((top / "7/pipe").c_str(), 0600), 0);
    EXPECT_TRUE(open_file_beneath(top, "7/log").ok());
    EXPECT_TRUE(open_file_beneath(top, "7/same").ok());
    for (const char* name : {"7/link", "up/secret", "../secret", "7/../../secret", "/etc/passwd",
                             "7/pipe", "7", "7/none", "/proc/self/fd/0"}) {
        EXPECT_FALSE(open_file_beneath(top, name).ok()) << name;
    }
    EXPECT_THAT(open_file_beneath(top, "7/pipe").error().message, HasSubstr("no regular file"));
}

TEST(Beneath, RemovesAllAndFollowsNothing) {
    const Folder folder;
    const fs::path victim = folder.path() / "victim";
    fs::create_directories(victim / "sub");
    std::ofstream(victim / "sub/file") << "precious";
    const fs::path tree = folder.path() / "tree";
    fs::create_directories(tree / "a/b/c/d");
    std::ofstream(tree / "a/b/file") << "x";
    std::ofstream(tree / "removed-0") << "a name that the removal would use";
    fs::create_directory_symlink(victim, tree / "a/b/link");
    fs::create_directory_symlink(victim, tree / "link");
    ASSERT_EQ(::mkfifo((tree / "a/pipe").c_str(), 0600), 0);
    fs::permissions(tree / "a/b", fs::perms::none);
    EXPECT_TRUE(remove_beneath(folder.path(), "tree").ok());
    EXPECT_FALSE(fs::exists(tree));
    EXPECT_TRUE(fs::exists(victim / "sub/file"));
    EXPECT_TRUE(remove_beneath(folder.path(), "tree").ok()) << "nothing is there to remove";
    EXPECT_TRUE(remove_beneath(folder.path() / "none", "tree").ok());
    fs::create_directory_symlink(victim, tree);
    EXPECT_TRUE(remove_beneath(folder.path(), "tree").ok()) << "the link itself";
    EXPECT_TRUE(fs::exists(victim / "sub/file"));
}

// Deeper than a path can be, and than a process may have files open.
TEST(Beneath, RemovesWhatIsDeep) {
    const Folder folder;
    ASSERT_EQ(::mkdir((folder.path() / "tree").c_str(), 0700), 0);
    Descriptor at(::open((folder.path() / "tree").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int depth = 0; depth < 5'000; ++depth) {
        ASSERT_EQ(::mkdirat(at.get(), "deeper-and-deeper", 0700), 0);
        at =
            Descriptor(::openat(at.get(), "deeper-and-deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    EXPECT_TRUE(remove_beneath(folder.path(), "tree").ok());
    EXPECT_FALSE(fs::exists(folder.path() / "tree"));
}

}  // namespace
}  // namespace gusu::agent
