// What released versions wrote is read, and says what it said.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/daemon/task_store.h"
#include "gusu/storage/v1/event.pb.h"
#include "scheduler/wire/event_codec.h"
#include "tests/upgrade/sample_parts.h"

namespace gusu::upgrade {
namespace {

namespace fs = std::filesystem;

const fs::path kSamples = fs::path(GUSU_SOURCE_DIR) / "tests/upgrade/samples";

std::string content_of(const fs::path& file) {
    std::ostringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    return content.str();
}

std::vector<fs::path> kept_versions() {
    std::vector<fs::path> versions;
    for (const auto& entry : fs::directory_iterator(kSamples)) {
        versions.push_back(entry.path());
    }
    return versions;
}

TEST(KeptSamples, ThereIsOne) { EXPECT_FALSE(kept_versions().empty()); }

TEST(KeptSamples, RecordsOfTheJournalSayWhatTheySaid) {
    for (const fs::path& version : kept_versions()) {
        const auto kept = nlohmann::json::parse(content_of(version / "events.json"));
        const auto events = wire::decode_events(content_of(version / "events.bin"));
        ASSERT_TRUE(events.ok()) << version << ": " << events.error().message;
        ASSERT_EQ(events->size(), kept.at("events").size()) << version;
        storage::v1::Batch batch;
        ASSERT_TRUE(batch.ParseFromString(wire::encode_events(*events)));
        EXPECT_EQ(first_difference(kept, told_by(batch)), "") << version;
    }
}

TEST(KeptSamples, MessagesSayWhatTheySaid) {
    for (const fs::path& version : kept_versions()) {
        const auto kept = nlohmann::json::parse(content_of(version / "messages.json"));
        ASSERT_FALSE(kept.empty());
        for (const auto& sample : kept) {
            const std::string type = sample.at("type");
            const auto message = new_message(type);
            ASSERT_NE(message, nullptr) << version << ": " << type << " is no longer known";
            const fs::path file = version / "messages" / std::string(sample.at("file"));
            ASSERT_TRUE(message->ParseFromString(content_of(file))) << file;
            EXPECT_EQ(first_difference(sample.at("says"), told_by(*message)), "")
                << file << ": " << type;
        }
    }
}

// Opened in a copy: an agent writes to its journal when it starts.
class AgentsJournal {
public:
    explicit AgentsJournal(const fs::path& kept) {
        std::string name = (fs::temp_directory_path() / "gusu-sample-XXXXXX").string();
        folder_ = mkdtemp(name.data());
        fs::copy_file(kept, folder_ / "tasks.sqlite");
    }
    AgentsJournal(const AgentsJournal&) = delete;
    AgentsJournal& operator=(const AgentsJournal&) = delete;
    ~AgentsJournal() { fs::remove_all(folder_); }

    std::unique_ptr<agent::TaskStore> open(const std::string& boot_id) const {
        auto store = agent::TaskStore::open(folder_ / "tasks.sqlite", boot_id);
        EXPECT_TRUE(store.ok()) << store.error().message;
        return std::move(*store);
    }

private:
    fs::path folder_;
};

TEST(KeptSamples, JournalsOfAgentsSayWhatTheySaid) {
    for (const fs::path& version : kept_versions()) {
        const auto kept = nlohmann::json::parse(content_of(version / "tasks.json"));
        ASSERT_EQ(kept.at("tasks").size(), 3U) << version;
        const std::string boot_id = kept.at("boot_id");
        const AgentsJournal journal(version / "tasks.sqlite");
        EXPECT_EQ(first_difference(kept, told_by(*journal.open(boot_id), boot_id)), "") << version;
        const auto after_a_reboot = journal.open("another");
        EXPECT_TRUE(after_a_reboot->tasks()->empty());
        EXPECT_EQ(after_a_reboot->highest_epoch(), kept.at("highest_epoch"));
    }
}

TEST(KeptSamples, ADifferenceIsFound) {
    const auto kept = nlohmann::json::parse(R"({"a": [{"b": "1"}, {"b": "2"}], "c": true})");
    const auto now = nlohmann::json::parse(R"({"a": [{"b": "1"}, {"b": "3"}], "c": true})");
    EXPECT_EQ(first_difference(kept, kept), "");
    EXPECT_EQ(first_difference(kept, now), R"(.a[1].b: "2" is now "3")");
    EXPECT_EQ(first_difference(kept, {{"a", kept["a"]}}), ".c");
    EXPECT_EQ(first_difference({{"c", true}}, kept), "") << "a later version may say more";
    EXPECT_NE(first_difference({{"a", nlohmann::json::array()}}, kept), "");
}

}  // namespace
}  // namespace gusu::upgrade
