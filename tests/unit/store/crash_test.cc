// kill -9 while a process appends: whatever it was told is stored is there afterwards.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>

#include "scheduler/store/sqlite.h"
#include "scheduler/store/sqlite_journal.h"
#include "tests/unit/store/scratch_folder.h"

namespace gusu::store {
namespace {

struct Writer {
    pid_t pid = -1;
    int output = -1;
};

Writer start_writer(std::string file) {
    std::array<int, 2> pipe_ends{};
    check(pipe(pipe_ends.data()) == 0, "a pipe can be made");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
    std::string program = GUSU_JOURNAL_WRITER;
    char* const words[] = {program.data(), file.data(), nullptr};
    Writer writer{.pid = -1, .output = pipe_ends[0]};
    check(posix_spawn(&writer.pid, program.c_str(), &actions, nullptr, words, environ) == 0,
          "the writer can be started");
    posix_spawn_file_actions_destroy(&actions);
    close(pipe_ends[1]);
    return writer;
}

// Kills the writer after it has said `lines` lines; gives the last number it had said by its end.
std::int64_t kill_after(const Writer& writer, int lines) {
    std::string said;
    std::array<char, 4096> buffer{};
    bool is_killed = false;
    for (ssize_t got = 0; (got = read(writer.output, buffer.data(), buffer.size())) > 0;) {
        said.append(buffer.data(), static_cast<std::size_t>(got));
        if (!is_killed && std::count(said.begin(), said.end(), '\n') >= lines) {
            is_killed = kill(writer.pid, SIGKILL) == 0;
        }
    }
    close(writer.output);
    int status = 0;
    waitpid(writer.pid, &status, 0);
    EXPECT_TRUE(is_killed && WIFSIGNALED(status)) << "the writer ended by itself";
    // A line is written by one call, but the last may be cut by the kill.
    said.resize(said.rfind('\n') == std::string::npos ? 0 : said.rfind('\n'));
    const std::size_t last = said.rfind('\n');
    return said.empty() ? 0 : std::stoll(last == std::string::npos ? said : said.substr(last + 1));
}

TEST(JournalCrash, WhatWasAcknowledgedIsThereAfterEveryKill) {
    const ScratchFolder folder;
    const std::filesystem::path file = folder.path() / "journal.db";
    for (int round = 0; round < 8; ++round) {
        const std::int64_t acknowledged = kill_after(start_writer(file.string()), 5 + 17 * round);
        auto journal = SqliteJournal::open(file);
        ASSERT_TRUE(journal.ok()) << journal.error().message;
        std::int64_t replayed = 0;
        std::uint64_t last = 0;
        const Status status = (*journal)->replay(last, [&](const core::Event& event) {
            EXPECT_EQ(to_milliseconds(event.at), ++replayed);
        });
        ASSERT_TRUE(status.ok()) << status.error().message;
        // One more may have been stored without anybody being told.
        EXPECT_GE(replayed, acknowledged);
        EXPECT_LE(replayed, acknowledged + 1);
        const auto database = open_database(file, Access::Read);
        ASSERT_TRUE(database.ok());
        EXPECT_EQ(*query_integer(database->get(), "SELECT count(*) FROM usage"), replayed);
    }
}

}  // namespace
}  // namespace gusu::store
