// Writes records, messages and an agent's journal as this version does, each unless it is there:
// gusu-write-sample FOLDER, see make_sample.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "agent/daemon/task_store.h"
#include "gusu/storage/v1/event.pb.h"
#include "scheduler/wire/event_codec.h"
#include "tests/upgrade/sample_parts.h"

namespace {

using gusu::upgrade::told_by;
namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& content) {
    std::ofstream(file, std::ios::binary) << content;
}

void write_events(const fs::path& folder) {
    if (fs::exists(folder / "events.bin")) {
        return;
    }
    const std::string record = gusu::wire::encode_events(gusu::upgrade::sample_events());
    gusu::storage::v1::Batch batch;
    batch.ParseFromString(record);
    write(folder / "events.bin", record);
    write(folder / "events.json", told_by(batch).dump(1) + "\n");
}

void write_messages(const fs::path& folder) {
    if (fs::exists(folder / "messages.json")) {
        return;
    }
    nlohmann::json told = nlohmann::json::array();
    fs::create_directories(folder / "messages");
    for (const auto& message : gusu::upgrade::sample_messages()) {
        const std::string file = std::to_string(told.size()) + ".bin";
        write(folder / "messages" / file, message->SerializeAsString());
        told.push_back(
            {{"file", file}, {"type", message->GetTypeName()}, {"says", told_by(*message)}});
    }
    write(folder / "messages.json", told.dump(1) + "\n");
}

// A task in every phase, as an agent keeps them.
void write_tasks(const fs::path& folder) {
    using namespace gusu::agent;
    if (fs::exists(folder / "tasks.json")) {
        return;
    }
    const std::string boot_id = "0b7c1f5e-4d53-4b0a-9c43-5d1e8f6f2a10";
    const auto store = std::move(*TaskStore::open(folder / "tasks.sqlite", boot_id));
    std::vector<Task> tasks(3);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        tasks[i].key = {.incarnation = 1040 + i, .task = static_cast<int>(i)};
        tasks[i].launch = gusu::upgrade::sample_launch();
        tasks[i].phase = static_cast<TaskPhase>(i);
    }
    tasks.back().exit = {.exit_code = 3,
                         .signal = 9,
                         .out_of_memory = true,
                         .timed_out = true,
                         .launch_error = "the program 程序 cannot be started",
                         .ran_for = gusu::Duration(123'456)};
    TaskJournal::Changes changes{.put = {}, .forget = {}, .highest_epoch = 17};
    for (const Task& task : tasks) {
        changes.put.push_back(&task);
    }
    const bool kept =
        store->commit(changes, TaskJournal::Durability::Machine).ok() &&
        store->note({.heard_at = gusu::Duration(5'000'000'000), .lease = gusu::Duration(60'000)})
            .ok();
    if (!kept) {
        std::cerr << "gusu-write-sample: the agent's journal cannot be written\n";
        std::exit(1);
    }
    write(folder / "tasks.json", gusu::upgrade::told_by(*store, boot_id).dump(1) + "\n");
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: gusu-write-sample FOLDER\n";
        return 2;
    }
    write_events(argv[1]);
    write_messages(argv[1]);
    write_tasks(argv[1]);
    return 0;
}
