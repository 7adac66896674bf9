#include <fcntl.h>
#include <google/protobuf/descriptor.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "proto/text/yaml.h"
#include "proto/text/yaml_document.h"
#include "proto/text/yaml_scalar.h"
#include "scheduler/base/text.h"

namespace gusu::text {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = YamlValue::Kind;

const FieldDescriptor* find_field(const Descriptor& type, const std::string& name) {
    const FieldDescriptor* field = type.FindFieldByName(name);
    return field != nullptr ? field : type.FindFieldByCamelcaseName(name);
}

using FieldPath = std::pair<std::string, const FieldDescriptor*>;

std::vector<FieldPath> fields_of(const Descriptor& type, const std::string& prefix) {
    std::vector<FieldPath> fields;
    for (int i = 0; i < type.field_count(); ++i) {
        fields.emplace_back(prefix + type.field(i)->name(), type.field(i));
    }
    return fields;
}

std::vector<FieldPath> fields_below(const std::vector<FieldPath>& level) {
    std::vector<FieldPath> below;
    for (const auto& [path, field] : level) {
        if (!is_scalar(*field) && !field->is_map()) {
            std::ranges::copy(fields_of(*field->message_type(), path + "."),
                              std::back_inserter(below));
        }
    }
    return below;
}

// "resources.gpus" for "gpu": a field of the messages below that has this name, or nearly. They are
// looked through breadth first, so that the nearest wins.
std::string field_below(const Descriptor& type, const std::string& name) {
    constexpr int kMostLevels = 2;
    std::vector<FieldPath> level = fields_of(type, "");
    for (int depth = 0; depth < kMostLevels; ++depth) {
        level = fields_below(level);
        for (const auto& [path, field] : level) {
            if (edit_distance(name, field->name()) <= 1) {
                return path;
            }
        }
    }
    return "";
}

std::string no_such_field(const Descriptor& type, const std::string& name) {
    constexpr std::size_t kMostListed = 12;
    std::vector<std::string> names;
    std::string all;
    for (int i = 0; i < type.field_count(); ++i) {
        names.push_back(type.field(i)->name());
        all += (all.empty() ? "" : ", ") + names.back();
    }
    std::string meant = name.size() > 2 ? field_below(type, name) : "";
    if (const std::string near = nearest_name(name, names); !near.empty()) {
        meant = near;
    }
    if (!meant.empty()) {
        return "no such field; did you mean \"" + meant + "\"?";
    }
    return names.size() > kMostListed ? "no such field" : "no such field; there are " + all;
}

// A key as a part of a path: long or odd ones as a message shows them.
std::string path_part(const std::string& key) {
    constexpr std::size_t kLongestPlain = 60;
    const bool plain =
        key.size() <= kLongestPlain && key.find_first_not_of(
                                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                           "0123456789_-./") == std::string::npos;
    return plain && !key.empty() ? key : quote(key);
}

std::string join(const std::string& path, const std::string& key) {
    return path.empty() ? path_part(key) : path + "." + path_part(key);
}

class YamlReader {
public:
    explicit YamlReader(std::string_view file_name) : file_name_(file_name) {}

    Status read_message(const YamlValue& value, const std::string& path, Message& into) const;

private:
    Error at(const YamlValue& value, const std::string& path, const std::string& message) const {
        return Error{ErrorCode::InvalidArgument, yaml_place(file_name_, value.line, value.column) +
                                                     (path.empty() ? "" : path + ": ") + message};
    }

    Status check_key(const YamlValue& key, const std::string& path) const;
    Status read_field(const YamlValue& value, const std::string& path, const FieldDescriptor& field,
                      Message& into) const;
    Status read_one(const YamlValue& value, const std::string& path, const FieldDescriptor& field,
                    Message& into) const;
    Status read_list(const YamlValue& value, const std::string& path, const FieldDescriptor& field,
                     Message& into) const;
    Status read_map(const YamlValue& value, const std::string& path, const FieldDescriptor& field,
                    Message& into) const;

    std::string_view file_name_;
};

Status YamlReader::check_key(const YamlValue& key, const std::string& path) const {
    if (key.kind == Kind::Scalar) {
        return Done{};
    }
    return at(key, path,
              key.kind == Kind::Null
                  ? "an empty key; write null and ~ in quotes to use them as a name"
                  : "a key must be a single word");
}

Status YamlReader::read_message(const YamlValue& value, const std::string& path,
                                Message& into) const {
    const Descriptor& type = *into.GetDescriptor();
    if (value.kind != Kind::Map) {
        return at(value, path,
                  "expected fields (\"name: value\"), found " +
                      (value.kind == Kind::List ? "a list" : quote(value.text)));
    }
    // Fields, and oneofs by the field that took them.
    std::map<const void*, const YamlValue*> taken;
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const YamlValue& key = value.items[i];
        if (const Status valid = check_key(key, path); !valid) {
            return valid;
        }
        const std::string field_path = join(path, key.text);
        const FieldDescriptor* const field = find_field(type, key.text);
        if (field == nullptr) {
            return at(key, field_path, no_such_field(type, key.text));
        }
        const auto [first, is_first] = taken.emplace(field, &key);
        if (!is_first) {
            return at(key, field_path,
                      "given twice, first in line " + std::to_string(first->second->line));
        }
        if (field->real_containing_oneof() != nullptr && value.items[i + 1].kind != Kind::Null) {
            const auto [other, alone] = taken.emplace(field->real_containing_oneof(), &key);
            if (!alone) {
                return at(
                    key, field_path,
                    "cannot be given together with \"" + other->second->text + "\"; leave one out");
            }
        }
        if (const Status read = read_field(value.items[i + 1], field_path, *field, into); !read) {
            return read;
        }
    }
    return Done{};
}

Status YamlReader::read_field(const YamlValue& value, const std::string& path,
                              const FieldDescriptor& field, Message& into) const {
    if (value.kind == Kind::Null) {
        return Done{};
    }
    if (field.is_map()) {
        return read_map(value, path, field, into);
    }
    if (field.is_repeated()) {
        return read_list(value, path, field, into);
    }
    return read_one(value, path, field, into);
}

// One value of a field; of a repeated field one item, which is appended.
Status YamlReader::read_one(const YamlValue& value, const std::string& path,
                            const FieldDescriptor& field, Message& into) const {
    if (!is_scalar(field)) {
        const auto& reflection = *into.GetReflection();
        return read_message(value, path,
                            field.is_repeated() ? *reflection.AddMessage(&into, &field)
                                                : *reflection.MutableMessage(&into, &field));
    }
    if (value.kind != Kind::Scalar) {
        return at(value, path,
                  std::string("expected a single value, found ") +
                      (value.kind == Kind::List ? "a list" : "fields (\"name: value\")"));
    }
    if (const Status put = put_scalar(value.text, field, into); !put) {
        return at(value, path, put.error().message);
    }
    return Done{};
}

Status YamlReader::read_list(const YamlValue& value, const std::string& path,
                             const FieldDescriptor& field, Message& into) const {
    into.GetReflection()->ClearField(&into, &field);
    if (value.kind != Kind::List) {
        return read_one(value, path, field, into);
    }
    for (std::size_t i = 0; i < value.items.size(); ++i) {
        const YamlValue& item = value.items[i];
        const std::string item_path = path + "[" + std::to_string(i) + "]";
        if (item.kind == Kind::Null) {
            return at(item, item_path, "an empty item; write \"\" for an empty text");
        }
        if (const Status read = read_one(item, item_path, field, into); !read) {
            return read;
        }
    }
    return Done{};
}

Status YamlReader::read_map(const YamlValue& value, const std::string& path,
                            const FieldDescriptor& field, Message& into) const {
    if (value.kind != Kind::Map) {
        return at(value, path,
                  "expected keys and values (\"key: value\"), found " +
                      (value.kind == Kind::List ? "a list" : quote(value.text)));
    }
    const auto& reflection = *into.GetReflection();
    reflection.ClearField(&into, &field);
    std::map<std::string_view, const YamlValue*> seen;
    for (std::size_t i = 0; i + 1 < value.items.size(); i += 2) {
        const YamlValue& key = value.items[i];
        if (const Status valid = check_key(key, path); !valid) {
            return valid;
        }
        const std::string key_path = join(path, key.text);
        const auto [first, is_first] = seen.emplace(key.text, &key);
        if (!is_first) {
            return at(key, key_path,
                      "given twice, first in line " + std::to_string(first->second->line));
        }
        Message& entry = *reflection.AddMessage(&into, &field);
        const Descriptor& entry_type = *field.message_type();
        if (const Status put = put_scalar(key.text, *entry_type.map_key(), entry); !put) {
            return at(key, key_path, put.error().message);
        }
        const Status read =
            read_field(value.items[i + 1], key_path, *entry_type.map_value(), entry);
        if (!read) {
            return read;
        }
    }
    return Done{};
}

Error cannot_read(const std::filesystem::path& file) {
    const int number = errno;
    return Error{number == ENOENT ? ErrorCode::NotFound : ErrorCode::InvalidArgument,
                 file.string() + ": cannot be read: " + std::generic_category().message(number)};
}

}  // namespace

Status read_yaml(std::string_view yaml, std::string_view file_name, Message& into) {
    const Result<YamlValue> root = parse_yaml(yaml, file_name);
    if (!root) {
        return root.error();
    }
    if (root->kind == Kind::Null) {
        return Done{};
    }
    const std::unique_ptr<Message> read(into.New());
    read->CopyFrom(into);
    Status status = YamlReader(file_name).read_message(*root, "", *read);
    if (status) {
        into.GetReflection()->Swap(&into, read.get());
    }
    return status;
}

Status read_yaml_file(const std::filesystem::path& file, Message& into) {
    // One byte more than read_yaml takes, so that it sees what is too long.
    constexpr std::size_t kMostBytes = (std::size_t{4} << 20) + 1;
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return cannot_read(file);
    }
    std::string yaml;
    std::array<char, 65536> block{};
    while (yaml.size() < kMostBytes) {
        const ssize_t got = ::read(descriptor, block.data(), block.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            Error error = cannot_read(file);
            ::close(descriptor);
            return error;
        }
        if (got == 0) {
            break;
        }
        yaml.append(block.data(), static_cast<std::size_t>(got));
    }
    ::close(descriptor);
    return read_yaml(yaml, file.string(), into);
}

}  // namespace gusu::text
