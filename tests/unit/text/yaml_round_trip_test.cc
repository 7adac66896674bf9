#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "gusu/config/v1/agent.pb.h"
#include "gusu/config/v1/credentials.pb.h"
#include "gusu/config/v1/scheduler.pb.h"
#include "gusu/v1/agent_service.pb.h"
#include "gusu/v1/job.pb.h"
#include "gusu/v1/tenant_service.pb.h"
#include "proto/text/well_known.h"
#include "proto/text/yaml.h"

namespace gusu::text {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Texts that YAML would take for something else.
const std::string kHard[] = {
    "",
    "null",
    "~",
    "yes",
    "off",
    "1e3",
    "08",
    "4h",
    "a: b",
    "a:",
    "# no",
    " #x",
    "- x",
    "[a]",
    "{a: b}",
    "&a",
    "*a",
    "!x",
    "%x",
    "@x",
    "`x",
    "'",
    "\"",
    "\\",
    "\\n",
    "\n",
    "\n\n",
    "a\nb",
    "a\nb\n",
    "a\nb\n\n",
    "\na",
    " a\nb\n",
    "a \nb",
    "a\n b\n",
    "a\n\n\nb\n",
    "a\nb ",
    "#!/bin/sh\nset -e\n\n  echo \"$1\"\t\n",
    "a\r\nb\r\n",
    "\t",
    "a\tb\nc\n",
    "---",
    "---\na\n",
    "...\n...\n",
    "-----BEGIN X-----\nAA==\n-----END X-----\n",
    " ",
    "trailing ",
    " leading",
    "\xE5\xA7\x91\xE8\x8B\x8F",
    "\xE5\xA7\x91\n\xE8\x8B\x8F\n",
    "\xC2\x85",
    "a\xE2\x80\xA8"
    "b\nc",
    "\xEF\xBB\xBF",
    "\xF0\x9F\x98\x80",
    "\x7F",
    "\x01\x1b",
    std::string("a\0b", 3),
    "a,b",
    "a]",
    "key=value",
    "/path/to x",
    "?",
    "? a",
    "|",
    ">",
};

// Fills a message with values that are hard to write down.
class RandomMessage {
public:
    explicit RandomMessage(std::uint64_t seed) : random_(seed) {}

    void fill(Message& message, int depth) {
        for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
            const FieldDescriptor& field = *message.GetDescriptor()->field(i);
            if (field.is_map()) {
                fill_map(message, field, depth);
            } else if (field.is_repeated()) {
                for (std::uint64_t left = below(4); left > 0; --left) {
                    put(message, field, depth);
                }
            } else if (below(2) == 0) {
                put(message, field, depth);
            }
        }
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    std::string text() {
        if (below(4) != 0) {
            return kHard[below(std::size(kHard))];
        }
        std::string made;
        for (std::uint64_t left = below(12); left > 0; --left) {
            made += "ab \n\t:#-'\"\\{}[],&*!|>%@0?\x01"[below(25)];
        }
        return made;
    }

    double real() {
        while (true) {
            const auto value = std::bit_cast<double>(random_());
            if (std::isfinite(value)) {
                return below(2) == 0 ? value : static_cast<double>(below(100)) / 8;
            }
        }
    }

    struct Slot {
        Message& message;
        const FieldDescriptor& field;
    };

    template <typename T>
    void put_as(const Slot& slot, T value,
                void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
                void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
        const Reflection& reflection = *slot.message.GetReflection();
        (reflection.*(slot.field.is_repeated() ? add : set))(&slot.message, &slot.field,
                                                             std::move(value));
    }

    void put(Message& message, const FieldDescriptor& field, int depth) {
        using R = Reflection;
        switch (field.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                return put_as({message, field}, static_cast<std::int32_t>(random_()), &R::SetInt32,
                              &R::AddInt32);
            case FieldDescriptor::CPPTYPE_INT64: {
                const std::uint64_t bytes =
                    below(3) == 0 ? below(1U << 20) << 30 : below(1ULL << 50);
                const auto value = is_in_bytes(field) ? bytes : random_();
                return put_as({message, field}, static_cast<std::int64_t>(value), &R::SetInt64,
                              &R::AddInt64);
            }
            case FieldDescriptor::CPPTYPE_UINT32:
                return put_as({message, field}, static_cast<std::uint32_t>(random_()),
                              &R::SetUInt32, &R::AddUInt32);
            case FieldDescriptor::CPPTYPE_UINT64:
                return put_as({message, field}, std::uint64_t{random_()}, &R::SetUInt64,
                              &R::AddUInt64);
            case FieldDescriptor::CPPTYPE_DOUBLE:
                return put_as({message, field}, real(), &R::SetDouble, &R::AddDouble);
            case FieldDescriptor::CPPTYPE_FLOAT:
                return put_as({message, field}, static_cast<float>(below(1000)) / 3, &R::SetFloat,
                              &R::AddFloat);
            case FieldDescriptor::CPPTYPE_BOOL:
                return put_as({message, field}, below(2) == 0, &R::SetBool, &R::AddBool);
            case FieldDescriptor::CPPTYPE_ENUM: {
                const auto& type = *field.enum_type();
                const int count = type.value_count();
                const int chosen = static_cast<int>(below(static_cast<std::uint64_t>(count)));
                return put_as({message, field}, type.value(chosen), &R::SetEnum, &R::AddEnum);
            }
            case FieldDescriptor::CPPTYPE_STRING:
                return put_as({message, field}, text(), &R::SetString, &R::AddString);
            case FieldDescriptor::CPPTYPE_MESSAGE:
                return put_message(message, field, depth);
        }
    }

    void put_message(Message& message, const FieldDescriptor& field, int depth) {
        const Reflection& reflection = *message.GetReflection();
        Message& sub = field.is_repeated() ? *reflection.AddMessage(&message, &field)
                                           : *reflection.MutableMessage(&message, &field);
        if (is_duration(*sub.GetDescriptor())) {
            set_duration(sub, Duration(static_cast<std::int64_t>(below(3650ULL * 86'400'000))));
        } else if (is_timestamp(*sub.GetDescriptor())) {
            set_timestamp(sub, from_milliseconds(static_cast<std::int64_t>(below(1ULL << 47))));
        } else if (depth > 0) {
            fill(sub, depth - 1);
        }
    }

    void fill_map(Message& message, const FieldDescriptor& field, int depth) {
        const auto& type = *field.message_type();
        std::set<std::string> keys;
        for (std::uint64_t left = below(4); left > 0; --left) {
            const std::string key = text();
            if (!keys.insert(key).second) {
                continue;
            }
            Message& entry = *message.GetReflection()->AddMessage(&message, &field);
            entry.GetReflection()->SetString(&entry, type.map_key(), key);
            put(entry, *type.map_value(), depth);
        }
    }

    std::mt19937_64 random_;
};

template <typename T>
void expect_round_trip(std::uint64_t seed) {
    T written;
    RandomMessage(seed).fill(written, 3);
    const std::string yaml = write_yaml(written);
    T read;
    const Status status = read_yaml(yaml, "f.yaml", read);
    if (!status.ok()) {
        RC_FAIL(status.error().message + "\n" + yaml);
    }
    if (!google::protobuf::util::MessageDifferencer::Equals(written, read)) {
        RC_FAIL(yaml + "\n" + written.DebugString() + "\n" + read.DebugString());
    }
}

RC_GTEST_PROP(YamlRoundTrip, JobSpec, (std::uint64_t seed)) {
    expect_round_trip<v1::JobSpec>(seed);
}

RC_GTEST_PROP(YamlRoundTrip, Job, (std::uint64_t seed)) { expect_round_trip<v1::Job>(seed); }

RC_GTEST_PROP(YamlRoundTrip, SchedulerConfig, (std::uint64_t seed)) {
    expect_round_trip<config::v1::SchedulerConfig>(seed);
}

RC_GTEST_PROP(YamlRoundTrip, AgentConfig, (std::uint64_t seed)) {
    expect_round_trip<config::v1::AgentConfig>(seed);
}

RC_GTEST_PROP(YamlRoundTrip, Optionals, (std::uint64_t seed)) {
    expect_round_trip<v1::SetQuotaRequest>(seed);
}

RC_GTEST_PROP(YamlRoundTrip, Oneofs, (std::uint64_t seed)) { expect_round_trip<v1::Desired>(seed); }

TEST(WriteYaml, ReadsWell) {
    v1::JobSpec job;
    job.set_name("train");
    job.set_script("#!/bin/sh\nexec \"$@\"\n");
    auto& group = *job.add_groups();
    group.set_tasks(2);
    group.mutable_resources()->set_gpus(0.5);
    group.mutable_resources()->set_memory(std::int64_t{16} << 30);
    job.add_groups();
    job.add_command("python3");
    job.add_command("a b");
    (*job.mutable_env())["Z"] = "1";
    (*job.mutable_env())["A"] = "yes";
    job.mutable_time_limit()->set_seconds(3600);
    job.set_priority(v1::PRIORITY_HIGH);
    job.mutable_retry();
    job.mutable_begin()->set_seconds(0);
    EXPECT_EQ(write_yaml(job),
              "name: train\n"
              "groups:\n"
              "  - tasks: 2\n"
              "    resources:\n"
              "      gpus: 0.5\n"
              "      memory: 16GiB\n"
              "  - {}\n"
              "command:\n"
              "  - python3\n"
              "  - \"a b\"\n"
              "script: |\n"
              "  #!/bin/sh\n"
              "  exec \"$@\"\n"
              "env:\n"
              "  A: \"yes\"\n"
              "  Z: \"1\"\n"
              "time_limit: 3600s\n"
              "priority: HIGH\n"
              "retry: {}\n"
              "begin: 1970-01-01T00:00:00Z\n");
    EXPECT_EQ(write_yaml(v1::JobSpec()), "");
}

}  // namespace
}  // namespace gusu::text
