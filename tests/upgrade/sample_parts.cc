#include "tests/upgrade/sample_parts.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "gusu/v1/agent_service.pb.h"
#include "gusu/v1/identity_service.pb.h"
#include "gusu/v1/job_service.pb.h"
#include "gusu/v1/node_service.pb.h"
#include "gusu/v1/reservation_service.pb.h"
#include "gusu/v1/status_service.pb.h"
#include "gusu/v1/tenant_service.pb.h"
#include "scheduler/base/check.h"
#include "tests/unit/wire/any_value.h"

namespace gusu::upgrade {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;

constexpr std::uint64_t kEventsOfAKind = 3;
constexpr int kDeepest = 6;

// Sets everything; of each oneof, alternative `choice`.
class Filler {
public:
    explicit Filler(int choice) : choice_(choice) {}

    void fill(Message& message, int depth) {
        for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
            const FieldDescriptor& field = *message.GetDescriptor()->field(i);
            const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
            if (!is_chosen(field) || (is_message && depth == kDeepest)) {
                continue;
            }
            if (field.is_repeated()) {
                add(message, field, depth);
                add(message, field, depth);
            } else {
                set(message, field, depth);
            }
        }
    }

private:
    bool is_chosen(const FieldDescriptor& field) const {
        const auto* oneof = field.real_containing_oneof();
        return oneof == nullptr || choice_ % oneof->field_count() == field.index_in_oneof();
    }

    std::string text(const FieldDescriptor& field) {
        return field.name() + " " + std::to_string(++count_);
    }

    static int last_value(const FieldDescriptor& field) {
        return field.enum_type()->value(field.enum_type()->value_count() - 1)->number();
    }

    void set(Message& message, const FieldDescriptor& field, int depth) {
        const auto& reflection = *message.GetReflection();
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return reflection.SetInt32(&message, &field, ++count_);
            case FieldDescriptor::CPPTYPE_INT64:
                return reflection.SetInt64(&message, &field, ++count_);
            case FieldDescriptor::CPPTYPE_UINT32:
                return reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(++count_));
            case FieldDescriptor::CPPTYPE_UINT64:
                return reflection.SetUInt64(&message, &field, static_cast<std::uint64_t>(++count_));
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return reflection.SetDouble(&message, &field, ++count_ + 0.5);
            case FieldDescriptor::CPPTYPE_FLOAT:
                return reflection.SetFloat(&message, &field, 1.5F);
            case FieldDescriptor::CPPTYPE_BOOL:
                return reflection.SetBool(&message, &field, true);
            case FieldDescriptor::CPPTYPE_STRING:
                return reflection.SetString(&message, &field, text(field));
            case FieldDescriptor::CPPTYPE_ENUM:
                return reflection.SetEnumValue(&message, &field, last_value(field));
            case FieldDescriptor::CPPTYPE_MESSAGE:
                return fill(*reflection.MutableMessage(&message, &field), depth + 1);
        }
    }

    void add(Message& message, const FieldDescriptor& field, int depth) {
        const auto& reflection = *message.GetReflection();
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return reflection.AddInt32(&message, &field, ++count_);
            case FieldDescriptor::CPPTYPE_INT64:
                return reflection.AddInt64(&message, &field, ++count_);
            case FieldDescriptor::CPPTYPE_UINT32:
                return reflection.AddUInt32(&message, &field, static_cast<std::uint32_t>(++count_));
            case FieldDescriptor::CPPTYPE_UINT64:
                return reflection.AddUInt64(&message, &field, static_cast<std::uint64_t>(++count_));
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return reflection.AddDouble(&message, &field, ++count_ + 0.5);
            case FieldDescriptor::CPPTYPE_FLOAT:
                return reflection.AddFloat(&message, &field, 1.5F);
            case FieldDescriptor::CPPTYPE_BOOL:
                return reflection.AddBool(&message, &field, true);
            case FieldDescriptor::CPPTYPE_STRING:
                return reflection.AddString(&message, &field, text(field));
            case FieldDescriptor::CPPTYPE_ENUM:
                return reflection.AddEnumValue(&message, &field, last_value(field));
            case FieldDescriptor::CPPTYPE_MESSAGE:
                return fill(*reflection.AddMessage(&message, &field), depth + 1);
        }
    }

    int choice_;
    int count_ = 0;
};

const FileDescriptor* const* service_files() {
    static const FileDescriptor* const files[] = {v1::ConnectRequest::descriptor()->file(),
                                                  v1::WhoAmIRequest::descriptor()->file(),
                                                  v1::SubmitJobRequest::descriptor()->file(),
                                                  v1::ListNodesRequest::descriptor()->file(),
                                                  v1::ListReservationsRequest::descriptor()->file(),
                                                  v1::GetStatusRequest::descriptor()->file(),
                                                  v1::ListTenantsRequest::descriptor()->file(),
                                                  nullptr};
    return files;
}

std::vector<const Descriptor*> types_of_all_calls() {
    std::vector<const Descriptor*> types;
    const auto add = [&types](const Descriptor* type) {
        if (std::ranges::find(types, type) == types.end()) {
            types.push_back(type);
        }
    };
    for (const auto* file = service_files(); *file != nullptr; ++file) {
        for (int i = 0; i < (*file)->service_count(); ++i) {
            const auto& service = *(*file)->service(i);
            for (int method = 0; method < service.method_count(); ++method) {
                add(service.method(method)->input_type());
                add(service.method(method)->output_type());
            }
        }
    }
    return types;
}

int alternatives(const Descriptor& type) {
    int most = 1;
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
        most = std::max(most, type.oneof_decl(i)->field_count());
    }
    return most;
}

}  // namespace

core::Events sample_events() {
    core::Events events;
    for (std::size_t kind = 0; kind < std::variant_size_v<core::EventBody>; ++kind) {
        for (std::uint64_t seed = 1; seed <= kEventsOfAKind; ++seed) {
            events.push_back(any_event(kind, seed));
        }
    }
    return events;
}

std::unique_ptr<Message> new_message(const std::string& type) {
    service_files();  // links them all
    const auto* found =
        google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
    if (found == nullptr) {
        return nullptr;
    }
    const auto* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(found);
    return std::unique_ptr<Message>(prototype->New());
}

std::vector<std::unique_ptr<Message>> sample_messages() {
    std::vector<std::unique_ptr<Message>> messages;
    for (const Descriptor* type : types_of_all_calls()) {
        for (int choice = 0; choice < alternatives(*type); ++choice) {
            auto message = new_message(type->full_name());
            Filler(choice).fill(*message, 0);
            messages.push_back(std::move(message));
        }
    }
    return messages;
}

v1::Launch sample_launch() {
    v1::Launch launch;
    Filler(0).fill(launch, 0);
    return launch;
}

nlohmann::json told_by(const Message& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    std::string text;
    const auto done = google::protobuf::util::MessageToJsonString(message, &text, options);
    check(done.ok(), "every message can be told as JSON");
    return nlohmann::json::parse(text);
}

nlohmann::json told_by(agent::TaskJournal& journal, const std::string& boot_id) {
    nlohmann::json told{{"boot_id", boot_id},
                        {"highest_epoch", journal.highest_epoch()},
                        {"heard_at_ms", journal.contact().heard_at.count()},
                        {"lease_ms", journal.contact().lease.count()},
                        {"tasks", nlohmann::json::array()}};
    const auto tasks = journal.tasks();
    check(tasks.ok(), "the agent's journal can be read");
    for (const agent::Task& task : *tasks) {
        told["tasks"].push_back({{"key", agent::to_text(task.key)},
                                 {"phase", static_cast<int>(task.phase)},
                                 {"exit_code", task.exit.exit_code},
                                 {"signal", task.exit.signal},
                                 {"out_of_memory", task.exit.out_of_memory},
                                 {"timed_out", task.exit.timed_out},
                                 {"launch_error", task.exit.launch_error},
                                 {"ran_for_ms", task.exit.ran_for.count()},
                                 {"launch", told_by(task.launch)}});
    }
    return told;
}

std::string first_difference(const nlohmann::json& kept, const nlohmann::json& now) {
    if (kept.is_object() && now.is_object()) {
        for (const auto& [name, value] : kept.items()) {
            const auto found = now.find(name);
            if (found == now.end()) {
                return "." + name;
            }
            const std::string inner = first_difference(value, *found);
            if (!inner.empty()) {
                return "." + name + inner;
            }
        }
        return "";
    }
    if (kept.is_array() && now.is_array() && kept.size() == now.size()) {
        for (std::size_t i = 0; i < kept.size(); ++i) {
            const std::string inner = first_difference(kept[i], now[i]);
            if (!inner.empty()) {
                return "[" + std::to_string(i) + "]" + inner;
            }
        }
        return "";
    }
    return kept == now ? "" : ": " + kept.dump() + " is now " + now.dump();
}

}  // namespace gusu::upgrade
