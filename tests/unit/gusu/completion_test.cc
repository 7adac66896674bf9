#include "tools/gusu/completion.h"

#include <gmock/gmock.h>

#include "tools/gusu/program.h"

namespace gusu::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

const char* const kPaths[] = {
    "submit",        "run",           "jobs",       "show",         "explain",      "logs",
    "cancel",        "hold",          "release",    "wait",         "nodes",        "node show",
    "node drain",    "node resume",   "node label", "tenants",      "tenant show",  "tenant set",
    "tenant create", "tenant delete", "quota show", "quota set",    "usage",        "status",
    "login",         "whoami",        "token list", "token create", "token revoke", "user list",
    "user grant",    "user revoke",   "completion",
};

const Command* find(const Command& command, const std::string& path) {
    const std::size_t space = path.find(' ');
    for (const Command& child : command.commands) {
        if (child.name == path.substr(0, space)) {
            return space == std::string::npos ? &child : find(child, path.substr(space + 1));
        }
    }
    return nullptr;
}

TEST(CommandTree, HasEveryVerbOfTheContractWithHelp) {
    const Command root = command_tree();
    for (const std::string path : kPaths) {
        const Command* found = find(root, path);
        ASSERT_NE(found, nullptr) << path;
        EXPECT_FALSE(found->help.empty()) << path;
    }
    EXPECT_EQ(find(root, "audit"), nullptr);
}

TEST(Completion, EveryShellKnowsEveryVerb) {
    const Command root = command_tree();
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const Result<std::string> script = completion_script(root, shell);
        ASSERT_TRUE(script);
        for (const std::string path : kPaths) {
            EXPECT_THAT(*script, HasSubstr("gusu " + path)) << shell;
        }
        EXPECT_THAT(*script, HasSubstr("gpus-per-node")) << shell;
    }
    EXPECT_FALSE(completion_script(root, "csh"));
}

TEST(Completion, OffersTheFewValuesThereAre) {
    const Result<std::string> script = completion_script(command_tree(), "bash");
    ASSERT_TRUE(script);
    EXPECT_THAT(*script, HasSubstr("\"gusu submit --priority\") words=\"low normal high\""));
    EXPECT_THAT(*script, HasSubstr("\"gusu jobs --output\") words=\"table wide json yaml\""));
}

TEST(Completion, QuotesBelongToTheShell) {
    const Command root{.name = "gusu",
                       .help = "",
                       .options = {{.names = {"--x"}, .help = "don't: `id` $HOME"}},
                       .commands = {}};
    const Result<std::string> script = completion_script(root, "fish");
    ASSERT_TRUE(script);
    EXPECT_THAT(*script, HasSubstr("'don'\\''t: `id` $HOME'"));
    EXPECT_THAT(*script, Not(HasSubstr("\"don't")));
}

}  // namespace
}  // namespace gusu::cli
