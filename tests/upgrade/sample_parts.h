// The parts of a kept sample that are made and read without a platform: records of the journal, the
// messages of every call, and the journal of an agent.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/daemon/task_journal.h"
#include "scheduler/core/event.h"

namespace gusu::upgrade {

// Some events of every kind, with all there is in them; the same in every run of one version.
core::Events sample_events();

// Of every request and response of every service, with every field set: one message for each
// alternative of its oneofs.
std::vector<std::unique_ptr<google::protobuf::Message>> sample_messages();

// With every field set: what an agent keeps of its tasks.
v1::Launch sample_launch();

// An empty message of that type; nullptr if this version knows none of that name.
std::unique_ptr<google::protobuf::Message> new_message(const std::string& type);

// What it says, with the names of its fields.
nlohmann::json told_by(const google::protobuf::Message& message);

// What an agent's journal of that boot says.
nlohmann::json told_by(agent::TaskJournal& journal, const std::string& boot_id);

// Where `now` lacks or changes something of `kept`, as "tasks[1].exit_code"; "" if nowhere. What a
// later version says besides is no matter.
std::string first_difference(const nlohmann::json& kept, const nlohmann::json& now);

}  // namespace gusu::upgrade
