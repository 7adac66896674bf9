#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gusu/v1/job.pb.h"
#include "proto/text/yaml.h"

namespace gusu::text {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) {
        all += text;
    }
    return all;
}

std::string refusal(std::string_view yaml) {
    v1::JobSpec job;
    const Status read = read_yaml(yaml, "f.yaml", job);
    return read.ok() ? "accepted" : read.error().message;
}

TEST(YamlLimits, WhatOnlyYamlHas) {
    struct Case {
        const char* yaml;
        const char* error;
    };
    const Case cases[] = {
        {"name: &a x", "f.yaml:1:7: anchors (\"&name\") are not allowed"},
        {"a: *b", "f.yaml:1:4: the referenced anchor is not defined"},
        {"env: &e {A: 1}\nlabels: *e", "f.yaml:1:6: anchors (\"&name\") are not allowed"},
        {"name: !!str 5",
         "f.yaml:1:7: tags (\"tag:yaml.org,2002:str\") are not allowed; the field decides the "
         "type"},
        {"name: a\n---\nname: b",
         "f.yaml:3:1: the document has ended (a file holds one, and \"---\" begins another)"},
        {"<<: {name: a}", "f.yaml:1:1: \"<<\": no such field"},
    };
    for (const Case& expected : cases) {
        SCOPED_TRACE(expected.yaml);
        EXPECT_EQ(refusal(expected.yaml), expected.error);
    }
}

TEST(YamlLimits, BrokenYamlNamesItsPlace) {
    for (const char* yaml : {"name: [a", "name: \"a", "a: b: c", "{a: 1", "\tname: x", "name: @x",
                             "'", "a: |x", "? [", "- a\nb: c", "name: \"\\q\""}) {
        SCOPED_TRACE(yaml);
        EXPECT_THAT(refusal(yaml), testing::MatchesRegex("f\\.yaml:[1-9][0-9]*:[1-9][0-9]*: .+"));
    }
}

TEST(YamlLimits, BytesThatAreNoText) {
    EXPECT_EQ(refusal("name: a\ntenant: \xFFz"), "f.yaml:2:9: byte 16 is not valid UTF-8");
    EXPECT_EQ(refusal("name: \xED\xA0\x80"), "f.yaml:1:7: byte 6 is not valid UTF-8");
    EXPECT_EQ(refusal(std::string("name: a\0b", 9)),
              "f.yaml:1:8: byte 7 is a control character (\"\\x00\")");
    EXPECT_EQ(refusal("name: \x1b[31m"), "f.yaml:1:7: byte 6 is a control character (\"\\x1b\")");
}

TEST(YamlLimits, Size) {
    const std::size_t most = std::size_t{4} << 20;
    EXPECT_EQ(refusal(std::string(most, '\n')), "accepted");
    EXPECT_EQ(refusal(std::string(most + 1, '\n')),
              "f.yaml:1:1: the file has 4194305 bytes; at most 4194304 (4 MiB) are read");
}

TEST(YamlLimits, Depth) {
    EXPECT_THAT(refusal("name: " + repeat("[", 31) + repeat("]", 31)), HasSubstr("found a list"));
    EXPECT_EQ(refusal("name: " + repeat("[", 32) + repeat("]", 32)),
              "f.yaml:1:38: more than 32 levels deep");
    EXPECT_THAT(refusal(repeat("[", 100'000)), HasSubstr("more than 32 levels deep"));
    EXPECT_THAT(refusal(repeat("{a: ", 100'000)), HasSubstr("more than 32 levels deep"));
    EXPECT_THAT(refusal(repeat("- ", 10'000)), HasSubstr("more than 32 levels deep"));
}

TEST(YamlLimits, Values) {
    EXPECT_EQ(refusal("command: [" + repeat("a,", 199'000) + "a]"), "accepted");
    EXPECT_THAT(refusal("command: [" + repeat("a,", 200'000) + "a]"),
                HasSubstr("more than 200000 values in one file"));
}

TEST(YamlLimits, Files) {
    std::string folder = testing::TempDir() + "yaml_limits_XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::filesystem::path file = std::filesystem::path(folder) / "job.yaml";
    v1::JobSpec job;
    const Status missing = read_yaml_file(file, job);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_EQ(missing.error().message,
              file.string() + ": cannot be read: No such file or directory");
    const Status no_file = read_yaml_file(folder, job);
    ASSERT_FALSE(no_file.ok());
    EXPECT_EQ(no_file.error().message, folder + ": cannot be read: Is a directory");
    std::ofstream(file) << "name: a\nnmae: b\n";
    const Status wrong = read_yaml_file(file, job);
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().message,
              file.string() + ":2:1: nmae: no such field; did you mean \"name\"?");
    std::ofstream(file) << "name: a\n";
    EXPECT_TRUE(read_yaml_file(file, job).ok());
    EXPECT_EQ(job.name(), "a");
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace gusu::text
