#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "scheduler/base/host_port.h"
#include "scheduler/service/config/scheduler_config.h"
#include "scheduler/service/identity/tls_files.h"
#include "tests/unit/service/scratch_folder.h"

namespace gusu::service {
namespace {

using config::v1::SchedulerConfig;
using testing::HasSubstr;

struct AddressCase {
    const char* text;
    const char* host;
    int port;
};

TEST(HostPort, WhatIsRead) {
    const AddressCase cases[] = {
        {"127.0.0.1:7077", "127.0.0.1", 7077},
        {"[::1]:0", "::1", 0},
        {"[fe80::1]:65535", "fe80::1", 65535},
        {"0.0.0.0:1", "0.0.0.0", 1},
        {"node-1.suda.edu.cn:7077", "node-1.suda.edu.cn", 7077},
        {"localhost:80", "localhost", 80},
    };
    for (const AddressCase& one : cases) {
        const Result<HostPort> read = parse_host_port(one.text);
        ASSERT_TRUE(read.ok()) << one.text;
        EXPECT_EQ(read->host, one.host);
        EXPECT_EQ(read->port, one.port);
        EXPECT_EQ(format_host_port(*read), one.text);
    }
}

TEST(HostPort, WhatIsRefused) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "\"\" has no port"},
        {"localhost", "\"localhost\" has no port"},
        {":7077", "\":7077\" has no host (0.0.0.0 and [::] stand for all addresses)"},
        {"[]:7077", "\"[]:7077\" has no host"},
        {"::1:7077", "\"::1:7077\" has an IPv6 address without brackets"},
        {"[127.0.0.1]:1",
         "\"[127.0.0.1]:1\" has neither a host name nor an address before its port"},
        {"256.0.0.1:1", "\"256.0.0.1:1\" has neither a host name nor an address"},
        {"a b:1", "\"a b:1\" has neither"},
        {"http://x:1", "\"http://x:1\" has an IPv6 address without brackets"},
        {"localhost:", "\"localhost:\" has no port from 0 to 65535"},
        {"localhost:65536", "\"localhost:65536\" has no port from 0 to 65535"},
        {"localhost:-1", "\"localhost:-1\" has no port from 0 to 65535"},
        {"localhost:+1", "\"localhost:+1\" has no port from 0 to 65535"},
        {"localhost:80x", "\"localhost:80x\" has no port from 0 to 65535"},
    };
    for (const auto& [text, refusal] : cases) {
        const Result<HostPort> read = parse_host_port(text);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_THAT(read.error().message, testing::StartsWith(refusal));
        EXPECT_THAT(read.error().message,
                    testing::EndsWith("; write \"host:port\", as 127.0.0.1:7077 or [::1]:7077"));
    }
}

TEST(HostPort, Loopback) {
    for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "0:0::1", "localhost"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
    }
    for (const char* host :
         {"0.0.0.0", "::", "10.0.0.1", "example.org", "127.example.org", "::2", ""}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
}

class Config : public testing::Test {
protected:
    const ScratchFolder scratch;

    Result<SchedulerConfig> load(const std::string& yaml) const {
        return load_scheduler_config(scratch.write("scheduler.yaml", yaml));
    }
    // The error without the folder's name.
    std::string refusal(const std::string& yaml) const {
        const Result<SchedulerConfig> loaded = load(yaml);
        return loaded ? "" : without_folder(loaded.error().message);
    }
    std::string without_folder(std::string text) const {
        const std::string folder = scratch.path().string() + "/";
        for (std::size_t at = 0; (at = text.find(folder, at)) != std::string::npos;) {
            text.erase(at, folder.size());
        }
        return text;
    }
};

TEST_F(Config, EmptyMeansTheDefaults) {
    const Result<SchedulerConfig> config = load("{}\n");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->listen(), "127.0.0.1:7077");
    EXPECT_EQ(config->http().listen(), "127.0.0.1:7078");
    EXPECT_EQ(config->http().insecure(), "");
    EXPECT_EQ(config->state_dir(), "/var/lib/gusu");
    EXPECT_EQ(config->log_level(), "info");
    EXPECT_EQ(config->agent_lease().seconds(), 60);
    EXPECT_EQ(config->keep_ended_for().seconds(), 3600);
    EXPECT_EQ(config->keep_ended_jobs(), 10'000);
    EXPECT_EQ(config->ready_file(), "");
    EXPECT_EQ(config->store().postgresql(), "");
    EXPECT_EQ(config->store().lease().seconds(), 4);
    EXPECT_EQ(config->store().keep_tasks_for().seconds(), 300);
    EXPECT_EQ(config->accelerators_size(), 0);
    EXPECT_EQ(to_policy(config->policy()), core::Policy{});
}

TEST_F(Config, WhatIsSetStays) {
    const Result<SchedulerConfig> config = load(
        "listen: '[::1]:0'\n"
        "http: {listen: '127.0.0.1:0', insecure: loopback-only}\n"
        "state_dir: state\n"
        "tls: {names: [head.suda.edu.cn, 10.0.0.1]}\n"
        "accelerators:\n"
        "  - {name: nvidia-h200, vendor: nvidia, memory: 141G, fp16_tflops: 989}\n"
        "  - {name: ascend-910b, vendor: huawei, memory: 64G, domestic: true, gpu_equivalents: "
        "0.4}\n"
        "log_level: debug\n"
        "agent_lease: 90s\n"
        "keep_ended_for: 2h\n"
        "keep_ended_jobs: 5\n"
        "ready_file: /run/gusu/ready.json\n");
    ASSERT_TRUE(config.ok()) << config.error().message;
    EXPECT_EQ(config->listen(), "[::1]:0");
    EXPECT_EQ(config->http().insecure(), "loopback-only");
    EXPECT_EQ(config->state_dir(), (scratch.path() / "state").string());
    EXPECT_EQ(config->ready_file(), "/run/gusu/ready.json");
    EXPECT_EQ(config->agent_lease().seconds(), 90);
    EXPECT_EQ(config->keep_ended_for().seconds(), 7200);
    EXPECT_EQ(config->keep_ended_jobs(), 5);
    ASSERT_EQ(config->accelerators_size(), 2);
    EXPECT_EQ(config->accelerators(0).memory(), std::int64_t{141} << 30);
    EXPECT_EQ(config->accelerators(0).gpu_equivalents(), 1);
    EXPECT_EQ(config->accelerators(1).gpu_equivalents(), 0.4);
}

TEST_F(Config, RulesOfTheQueue) {
    const Result<SchedulerConfig> config = load(
        "policy:\n"
        "  run_at_least: 1m\n"
        "  black_hole: {jobs: 0, users: 3, within: 90s, most_share: 0.25}\n");
    ASSERT_TRUE(config.ok()) << config.error().message;
    core::Policy expected;
    expected.runs_at_least = std::chrono::minutes(1);
    expected.black_hole = {
        .jobs = 0, .users = 3, .within = std::chrono::seconds(90), .most_milli = 250};
    EXPECT_EQ(to_policy(config->policy()), expected);
}

struct BadCase {
    const char* yaml;
    const char* refusal;
};

constexpr const char* kWriteAddress = "; write \"host:port\", as 127.0.0.1:7077 or [::1]:7077";

TEST_F(Config, WrongValues) {
    const std::pair<const char*, std::string> cases[] = {
        {"listen: localhost",
         "scheduler.yaml: listen: \"localhost\" has no port" + std::string(kWriteAddress)},
        {"http: {listen: '::1:80'}",
         "scheduler.yaml: http.listen: \"::1:80\" has an IPv6 address without brackets" +
             std::string(kWriteAddress)},
        {"listen: '127.0.0.1:7078'",
         "scheduler.yaml: http.listen: \"127.0.0.1:7078\" is what listen names for gRPC; choose "
         "another "
         "port"},
        {"http: {insecure: yes}",
         "scheduler.yaml: http.insecure: \"yes\" is not allowed; leave it out for TLS, or write "
         "loopback-only"},
        {"http: {listen: '0.0.0.0:80', insecure: loopback-only}",
         "scheduler.yaml: http.insecure: loopback-only serves plain HTTP on 127.0.0.1 or ::1 "
         "alone, and "
         "http.listen names \"0.0.0.0\"; leave http.insecure out to serve TLS there"},
        {"log_level: inof",
         "scheduler.yaml: log_level: \"inof\" is not allowed; one of trace, debug, info, warn, "
         "error; "
         "did you mean \"info\"?"},
        {"agent_lease: 4s", "scheduler.yaml: agent_lease: 4s is not allowed; from 5s to 1h"},
        {"agent_lease: 2h", "scheduler.yaml: agent_lease: 7200s is not allowed; from 5s to 1h"},
        {"agent_lease: 0s", "scheduler.yaml: agent_lease: 0s is not allowed; from 5s to 1h"},
        {"keep_ended_for: 400d",
         "scheduler.yaml: keep_ended_for: 34560000s is not allowed; from 0s to 365d"},
        {"store: {lease: 100ms}",
         "scheduler.yaml: store.lease: 0.100s is not allowed; from 1s to 60s"},
        {"store: {keep_tasks_for: 25h}",
         "scheduler.yaml: store.keep_tasks_for: 90000s is not allowed; from 0s to 24h"},
        {"store: {postgresql: hots=db}",
         "scheduler.yaml: store.postgresql: invalid connection option \"hots\""},
        {"{store: {postgresql: host=db}, listen: '0.0.0.0:7077'}",
         "scheduler.yaml: address: is not set, and listen (0.0.0.0:7077) names all addresses; set "
         "the host and port by which others reach this scheduler"},
        {"address: '0.0.0.0:7077'",
         "scheduler.yaml: address: \"0.0.0.0:7077\" is not allowed; the host and port by which "
         "others reach this scheduler"},
        {"policy: {black_hole: {jobs: 17}}",
         "scheduler.yaml: policy.black_hole.jobs: 17 is not allowed; from 0, which is off, to 16"},
        {"policy: {black_hole: {users: 0}}",
         "scheduler.yaml: policy.black_hole.users: 0 is not allowed; from 1 to 16"},
        {"policy: {black_hole: {within: 0s}}",
         "scheduler.yaml: policy.black_hole.within: 0s is not allowed; from 1s to 1h"},
        {"policy: {black_hole: {most_share: 2}}",
         "scheduler.yaml: policy.black_hole.most_share: 2 is not allowed; a number from 0 to 1"},
        {"keep_ended_jobs: -1",
         "scheduler.yaml: keep_ended_jobs: -1 is not allowed; from 1 to 10000000"},
        {"tls: {names: ['a b']}",
         "scheduler.yaml: tls.names[0]: \"a b\" is not allowed; a host name or an IPv4 or IPv6 "
         "address"},
        {"tls: {certificate: a.pem, key: a.key}",
         "scheduler.yaml: tls.authority: names no file; name tls.certificate, tls.key and "
         "tls.authority, "
         "or none of them to have them made"},
        {"tls: {certificate: a, key: b, authority: c, names: [x]}",
         "scheduler.yaml: tls.names: are for a certificate the scheduler makes itself; remove "
         "them, "
         "since tls.certificate names a file"},
    };
    for (const auto& [yaml, expected] : cases) {
        EXPECT_EQ(refusal(yaml), expected);
    }
}

TEST_F(Config, WrongAccelerators) {
    const std::string name_rule =
        " is not allowed; 1 to 63 of a-z, 0-9, \".\" and \"-\", a letter or digit first, and not "
        "\"any\", which stands for all models";
    const std::pair<const char*, std::string> cases[] = {
        {"{name: any, memory: 1G}", "[0].name: \"any\"" + name_rule},
        {"{name: Nvidia, memory: 1G}", "[0].name: \"Nvidia\"" + name_rule},
        {"{name: -a, memory: 1G}", "[0].name: \"-a\"" + name_rule},
        {"{name: a/b, memory: 1G}", "[0].name: \"a/b\"" + name_rule},
        {"{memory: 1G}", "[0].name: \"\"" + name_rule},
        {"{name: a}", "[0].memory: 0 is not allowed; the bytes of one card, as 80G, at most 1 PiB"},
        {"{name: a, memory: 1G, fp16_tflops: -1}",
         "[0].fp16_tflops: -1 is not allowed; a number from 0 to 1000000"},
        {"{name: a, memory: 1G, fp16_tflops: 2000000}",
         "[0].fp16_tflops: 2000000 is not allowed; a number from 0 to 1000000"},
        {"{name: a, memory: 1G, gpu_equivalents: -0.5}",
         "[0].gpu_equivalents: -0.5 is not allowed; a number from 0 to 1000000"},
        {"{name: a, memory: 1G, slices: 7}",
         "[0].slices: 7 is not allowed; 0 if one cannot be cut, else 1, 2, 4, 5 or 8"},
        {"{name: a, memory: 1G, profiles: [{name: p, slices: 1, starts: [0]}]}",
         "[0].profiles[0].slices: 1 is not allowed; 1 to the slices of the accelerator, 0"},
        {"{name: a, memory: 1G, slices: 8, profiles: [{name: p, slices: 4, starts: [0, 5]}]}",
         "[0].profiles[0].starts: 5 is not allowed; 0 to 4, so that it ends on the device"},
        {"{name: a, memory: 1G, slices: 8, profiles: [{name: p, slices: 4}]}",
         "[0].profiles[0].starts: nothing is not allowed; the slices it may begin with, from 0"},
        {"{name: a, memory: 1G}, {name: a, memory: 2G}",
         "[1].name: \"a\" is listed twice; every model has one entry"},
    };
    for (const auto& [entries, expected] : cases) {
        EXPECT_EQ(refusal("accelerators: [" + std::string(entries) + "]"),
                  "scheduler.yaml: accelerators" + expected);
    }
    EXPECT_THAT(refusal("accelerators: [{name: a, memory: 1G, fp16_tflops: nan}]"),
                HasSubstr("accelerators[0].fp16_tflops: "));
    const std::string longest(63, 'a');
    EXPECT_EQ(refusal("accelerators: [{name: " + longest + ", memory: 1}]"), "");
    EXPECT_THAT(refusal("accelerators: [{name: a" + longest + ", memory: 1}]"),
                HasSubstr(name_rule));
}

TEST_F(Config, AllThatIsWrongIsToldAtOnce) {
    EXPECT_EQ(
        refusal("log_level: loud\nagent_lease: 1s\n"),
        "scheduler.yaml: log_level: \"loud\" is not allowed; one of trace, debug, info, warn, "
        "error\n"
        "scheduler.yaml: agent_lease: 1s is not allowed; from 5s to 1h");
}

TEST_F(Config, TheReaderTellsLineAndColumn) {
    EXPECT_THAT(refusal("log_level: info\nagent_leese: 60s\n"),
                testing::AllOf(testing::StartsWith("scheduler.yaml:2:1: agent_leese: "),
                               HasSubstr("agent_lease")));
    const Result<SchedulerConfig> none = load_scheduler_config(scratch.path() / "none.yaml");
    ASSERT_FALSE(none.ok());
    EXPECT_THAT(none.error().message, HasSubstr("none.yaml"));
}

TEST_F(Config, ACatalogueIsReadBesideTheFile) {
    scratch.write("catalogue.yaml", "accelerators: [{name: nvidia-h200, memory: 141G}]\n");
    const Result<SchedulerConfig> config = load("catalogue_file: catalogue.yaml\n");
    ASSERT_TRUE(config.ok()) << config.error().message;
    ASSERT_EQ(config->accelerators_size(), 1);
    EXPECT_EQ(config->accelerators(0).name(), "nvidia-h200");
    EXPECT_EQ(config->accelerators(0).gpu_equivalents(), 1);
}

TEST_F(Config, WrongCatalogues) {
    const BadCase cases[] = {
        {"{}",
         "catalogue.yaml: accelerators: is empty; list at least one, or leave catalogue_file out"},
        {"{accelerators: [{name: a, memory: 1}], log_level: info}",
         "catalogue.yaml: log_level: is no part of a catalogue, which holds accelerators alone; "
         "set it "
         "in the scheduler's own file"},
        {"accelerators: [{name: a, memory: 1}, {name: a, memory: 1}]",
         "catalogue.yaml: accelerators[1].name: \"a\" is listed twice; every model has one entry"},
    };
    for (const BadCase& one : cases) {
        scratch.write("catalogue.yaml", one.yaml);
        EXPECT_EQ(refusal("catalogue_file: catalogue.yaml"), one.refusal);
    }
    EXPECT_EQ(
        refusal("catalogue_file: x.yaml\naccelerators: [{name: a, memory: 1}]"),
        "scheduler.yaml: catalogue_file: \"x.yaml\" stands beside accelerators; use one of the "
        "two");
    EXPECT_THAT(refusal("catalogue_file: gone.yaml"),
                testing::AllOf(testing::StartsWith("catalogue_file: "), HasSubstr("gone.yaml")));
}

TEST_F(Config, CheckReadsCertificateFilesToo) {
    EXPECT_TRUE(check_scheduler_config(scratch.write("scheduler.yaml", "{}")).ok());
    const auto file =
        scratch.write("scheduler.yaml", "tls: {certificate: server.pem, key: k, authority: a}");
    const Status missing = check_scheduler_config(file);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(
        without_folder(missing.error().message),
        "scheduler.yaml: tls.certificate: server.pem: cannot be read: No such file or directory");
    ASSERT_TRUE(provide_tls({}, scratch.path()).ok());
    const Status right = check_scheduler_config(scratch.write(
        "scheduler.yaml",
        "tls: {certificate: tls/server.pem, key: tls/server.key, authority: tls/authority.pem}"));
    EXPECT_TRUE(right.ok()) << (right ? "" : right.error().message);
}

}  // namespace
}  // namespace gusu::service
