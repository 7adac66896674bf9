// Parts of gusu-container that need no podman; with it, see tests/end_to_end/test_containers.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/container/docker.h"
#include "agent/container/engine_answers.h"
#include "agent/container/frames.h"
#include "agent/container/order.h"
#include "agent/container/podman.h"

namespace gusu::agent {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string frame(char stream, const std::string& text) {
    return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(text.size())} + text;
}

TEST(Frames, AreHeardWhereverTheyAreCut) {
    const std::string said = frame(1, "hello\n") + frame(2, "oh") + frame(1, "") + frame(1, "bye");
    for (std::size_t cut = 1; cut < said.size(); ++cut) {
        std::string output;
        std::string error;
        Frames frames([&](Stream stream, std::string_view piece) {
            (stream == Stream::Error ? error : output) += piece;
        });
        for (std::size_t at = 0; at < said.size(); at += cut) {
            frames.add(std::string_view(said).substr(at, cut));
        }
        EXPECT_EQ(output, "hello\nbye") << cut;
        EXPECT_EQ(error, "oh") << cut;
    }
}

ContainerOrder order() {
    return {.socket = "/run/podman.sock",
            .name = "gusu-n1-17.0",
            .node = "n1",
            .image = "registry.example/train:2",
            .command = {"python3", "train.py"},
            .environment = {{"A", "1"}},
            .workdir = "/scratch/17.0",
            .uid = 1'900'000'005,
            .gid = 1'900'000'005,
            .mounts = {{.source = "/srv/data", .target = "/data", .read_only = true}},
            .devices = {"nvidia.com/gpu=GPU-1"},
            .cgroup_parent = "/gusu/n1/17.0/box",
            .milli_cpus = 2500,
            .memory = std::int64_t{4} << 30,
            .processes = 100};
}

TEST(ContainerOrder, ArrivesAsItWasWritten) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "container-order";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / kContainerOrder) << to_json(order());
    const auto read = read_container_order(folder);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, order());
    std::ofstream(folder / kContainerOrder) << "{";
    EXPECT_FALSE(read_container_order(folder).ok());
    std::filesystem::remove_all(folder);
}

// Whatever the image says: whose the program is, and that it may nothing.
TEST(ContainerRequest, GivesNoPrivileges) {
    const json request = json::parse(create_request(order()));
    EXPECT_EQ(request["user"], "1900000005:1900000005");
    EXPECT_EQ(request["cap_drop"], json::array({"ALL"}));
    EXPECT_EQ(request["no_new_privileges"], true);
    EXPECT_EQ(request["image_volume_mode"], "ignore");
    EXPECT_FALSE(request.contains("privileged"));
    EXPECT_EQ(request["mounts"][0]["options"], json::array({"rbind", "nosuid", "nodev", "ro"}));
}

TEST(ContainerRequest, HasTheLimitsAndDevicesOfTheTask) {
    const json request = json::parse(create_request(order()));
    EXPECT_EQ(request["resource_limits"]["memory"]["limit"], std::int64_t{4} << 30);
    EXPECT_EQ(request["resource_limits"]["cpu"]["quota"], 250'000);
    EXPECT_EQ(request["resource_limits"]["pids"]["limit"], 100);
    EXPECT_EQ(request["devices"][0]["path"], "nvidia.com/gpu=GPU-1");
    EXPECT_EQ(request["cgroup_parent"], "/gusu/n1/17.0/box");
    ContainerOrder images_own = order();
    images_own.command.clear();
    EXPECT_FALSE(json::parse(create_request(images_own)).contains("command"));
}

TEST(DockerRequest, GivesNoPrivilegesAndTheLimitsOfTheTask) {
    ContainerOrder asked = order();
    asked.devices.emplace_back("/dev/davinci0");
    const json request = json::parse(docker_create_request(asked));
    const json& host = request["HostConfig"];
    EXPECT_EQ(request["User"], "1900000005:1900000005");
    EXPECT_EQ(request["Env"], json::array({"A=1"}));
    EXPECT_EQ(request["Entrypoint"], json::array({""})) << "none, whatever the image says";
    EXPECT_EQ(request["Cmd"], json::array({"python3", "train.py"}));
    EXPECT_EQ(host["CapDrop"], json::array({"ALL"}));
    EXPECT_EQ(host["SecurityOpt"], json::array({"no-new-privileges"}));
    EXPECT_FALSE(host.contains("Privileged"));
    EXPECT_EQ(host["Memory"], std::int64_t{4} << 30);
    EXPECT_EQ(host["MemorySwap"], host["Memory"]);
    EXPECT_EQ(host["NanoCpus"], 2'500'000'000);
    EXPECT_EQ(host["PidsLimit"], 100);
    EXPECT_EQ(host["CgroupParent"], "/gusu/n1/17.0/box");
    EXPECT_EQ(host["Mounts"][0]["ReadOnly"], true);
    EXPECT_EQ(host["DeviceRequests"][0]["DeviceIDs"], json::array({"nvidia.com/gpu=GPU-1"}));
    EXPECT_EQ(host["Devices"][0]["PathOnHost"], "/dev/davinci0");
}

TEST(DockerRequest, AnImageWithoutATagIsTheLatest) {
    for (const auto& [image, pulled] :
         {std::pair("debian", "debian:latest"),
          {"debian:12", "debian:12"},
          {"localhost:5000/a", "localhost:5000/a:latest"},
          {"localhost:5000/a@sha256:1", "localhost:5000/a@sha256:1"}}) {
        EXPECT_EQ(with_tag(image), pulled);
    }
}

TEST(ContainerImage, WhatIsWrongIsToldApart) {
    const struct {
        const char* podman;
        const char* ours;
        ErrorCode code;
    } cases[] = {
        {"dial tcp: lookup registry.example: no such host", "the registry of image \"a:1\" cannot",
         ErrorCode::Unavailable},
        {"dial tcp 127.0.0.1:1: connect: connection refused", "cannot be reached",
         ErrorCode::Unavailable},
        {"reading manifest 1 in docker.io/a: manifest unknown", "image \"a:1\" cannot be had",
         ErrorCode::NotFound},
        {"requested access to the resource is denied", "podman login", ErrorCode::NotFound},
    };
    for (const auto& each : cases) {
        const Error told = pull_failed("a:1", each.podman);
        EXPECT_THAT(told.message, HasSubstr(each.ours));
        EXPECT_THAT(told.message, HasSubstr(each.podman));
        EXPECT_EQ(told.code, each.code);
    }
}

TEST(Engine, WhoIsNotThereIsNamedWithTheRemedy) {
    const auto there = find_engine("/nowhere/podman.sock");
    ASSERT_FALSE(there.ok());
    EXPECT_THAT(there.error().message, HasSubstr("/nowhere/podman.sock"));
    EXPECT_THAT(there.error().message, HasSubstr("podman.socket"));
}

}  // namespace
}  // namespace gusu::agent
