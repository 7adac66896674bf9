// Appends to a journal until it is killed: "journal_writer FILE". Says the number of every batch on
// stdout once append() has returned for it. A snapshot now and then.
#include <unistd.h>

#include <cstdio>
#include <string>

#include "scheduler/store/sqlite_journal.h"

int main(int arguments, char** words) {
    using namespace gusu;
    if (arguments != 2) {
        return 2;
    }
    const auto journal = store::SqliteJournal::open(words[1]);
    if (!journal.ok()) {
        std::fprintf(stderr, "%s\n", journal.error().message.c_str());
        return 1;
    }
    std::uint64_t number = 0;
    core::Events all;
    std::uint64_t last = 0;
    const Status replayed = (*journal)->replay(last, [&](const core::Event& event) {
        ++number;
        all.push_back(event);
    });
    while (replayed.ok()) {
        store::Batch batch;
        ++number;
        batch.events.push_back({from_milliseconds(static_cast<std::int64_t>(number)),
                                core::NodeDrained{{number}, std::string(500, 'x')}});
        batch.usage.push_back({.job = {number}, .tenant = "suda", .user = "li", .accelerator = ""});
        all.push_back(batch.events.front());
        if (!(*journal)->append({&batch}).ok()) {
            return 1;
        }
        const std::string line = std::to_string(number) + "\n";
        if (write(STDOUT_FILENO, line.data(), line.size()) < 0) {
            return 1;
        }
        if (number % 50 == 0 && !(*journal)->write_snapshot(all).ok()) {
            return 1;
        }
    }
    return 1;
}
