// Writes records and messages as this version does: gusu-write-sample FOLDER, see make_sample.
#include <filesystem>
#include <fstream>
#include <iostream>

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
    const std::string record = gusu::wire::encode_events(gusu::upgrade::sample_events());
    gusu::storage::v1::Batch batch;
    batch.ParseFromString(record);
    write(folder / "events.bin", record);
    write(folder / "events.json", told_by(batch).dump(1) + "\n");
}

void write_messages(const fs::path& folder) {
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

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: gusu-write-sample FOLDER\n";
        return 2;
    }
    write_events(argv[1]);
    write_messages(argv[1]);
    return 0;
}
