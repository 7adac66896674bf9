#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "scheduler/base/text.h"
#include "tools/gusu/session.h"
#include "tools/gusu/verbs.h"

namespace gusu::cli {
namespace {

constexpr const char* kGroup = "Platform";

int leader(Session& session) {
    const Result<v1::GetStatusResponse> status = session.client().call(v1::GetStatusRequest());
    if (!status) {
        return session.fail(status.error());
    }
    session.print(status->leader());
    return kDone;
}

struct StoreWords {
    std::string option;  // of gusu-scheduler
    std::string file;
    std::string config = "/etc/gusu/scheduler.yaml";
};

// The scheduler's own program knows its stores, and takes our place. It lies beside ours.
int work_on_store(Session& session, const StoreWords& words) {
    std::error_code error;
    const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", error);
    std::string program = (own.parent_path() / "gusu-scheduler").string();
    std::vector<std::string> all = {program, "--config", words.config, words.option};
    if (!words.file.empty()) {
        all.push_back(words.file);
    }
    std::vector<char*> arguments;
    for (std::string& word : all) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    ::execv(program.c_str(), arguments.data());
    return session.fail({ErrorCode::FailedPrecondition,
                         quote(program) + " cannot be started: " + std::strerror(errno) +
                             "; say this on the scheduler's machine"});
}

void add_store_verb(CLI::App& admin, Invocation& invocation, const std::string& name,
                    const std::string& help) {
    CLI::App& verb = *admin.add_subcommand(name, help);
    const auto words = std::make_shared<StoreWords>();
    words->option = "--" + name;
    if (name == "backup" || name == "restore") {
        verb.add_option("FILE", words->file)->required()->type_name("");
    }
    verb.add_option("--scheduler-config", words->config, "Configuration of the scheduler")
        ->type_name("FILE")
        ->capture_default_str();
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return work_on_store(session, *words); };
    });
}

}  // namespace

void add_admin_verbs(CLI::App& root, Invocation& invocation) {
    CLI::App& admin =
        *root.add_subcommand("admin", "Who leads; backups and moves of the scheduler's store");
    admin.group(kGroup);
    admin.require_subcommand(1);
    CLI::App& verb = *admin.add_subcommand("leader", "Address of the scheduler that leads");
    verb.callback([&invocation] { invocation.action = leader; });
    add_store_verb(admin, invocation, "verify", "Read the whole store, say whether it is sound");
    add_store_verb(admin, invocation, "backup",
                   "All of the store into a new file, while the scheduler runs");
    add_store_verb(admin, invocation, "restore",
                   "Fill an empty store from a backup; ids go on far above the old ones");
    add_store_verb(admin, invocation, "migrate",
                   "From the SQLite journal of state_dir to store.postgresql");
}

}  // namespace gusu::cli
