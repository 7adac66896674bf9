#include "tools/sim/table.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/scratch_file.h"
#include "tools/sim/cluster.h"
#include "tools/sim/trace.h"

namespace gusu::sim {
namespace {

constexpr const char* kHeader = "job_id,submit_s,duration_s,gpus,gpu_fraction_milli\n";

TEST(Table, SaysFileLineAndColumnOfWhatIsWrong) {
    const struct {
        const char* name;
        std::string text;
        const char* message;
    } cases[] = {
        {"no number", "0,1,2,1,\n1,1,2,x,\n", "jobs.csv:3:4: gpus: \"x\" is not a whole number"},
        {"half a number", "0,1,2x,1,\n", "jobs.csv:2:3: duration_s: \"2x\" is not a number"},
        {"half a GPU", "0,1,2,1.5,\n", "jobs.csv:2:4: gpus: \"1.5\" is not a whole number"},
        {"not finite", "0,inf,2,1,\n", "jobs.csv:2:2: submit_s: \"inf\" is not a number"},
        {"a line too short", "0,1,2\n",
         "jobs.csv:2:3: the line has 3 fields, the first line names 5"},
        {"a line too long", "0,1,2,1,,7\n",
         "jobs.csv:2:5: the line has 6 fields, the first line names 5"},
        {"nothing where a number must be", "0,1,,1,\n", "jobs.csv:2:3: duration_s: is missing"},
        {"no submission", "0,,1,1,\n", "jobs.csv:2:2: submit_s: is missing"},
        {"below zero", "0,1,-2,1,\n", "jobs.csv:2:3: duration_s: \"-2\" is below zero"},
        {"too long", "0,1,1e11,1,\n", "jobs.csv:2:3: duration_s: \"1e11\" is above 10000000000"},
        {"too many GPUs", "0,1,2,1000001,\n",
         "jobs.csv:2:4: gpus: \"1000001\" is not a number of GPUs: 0 to a million"},
        {"a share of two", "0,1,2,2,500\n",
         "jobs.csv:2:5: gpu_fraction_milli: \"500\" of 2 GPUs: 1 to 1000 thousandths, below 1000 "
         "only of one GPU"},
        {"empty lines count", "\n\r\n0,1,2,y,\r\n",
         "jobs.csv:4:4: gpus: \"y\" is not a whole number"},
    };
    for (const auto& each : cases) {
        const ScratchFile file(kHeader + each.text);
        const auto read = read_jobs(file.path(), {});
        ASSERT_FALSE(read.ok()) << each.name;
        EXPECT_EQ(file.without_folder(read.error().message), each.message) << each.name;
    }
}

TEST(Table, SaysWhatAFileLacks) {
    const ScratchFile columns("job_id,submit_s\n");
    EXPECT_EQ(columns.without_folder(read_jobs(columns.path(), {}).error().message),
              "jobs.csv:1: no column \"duration_s\"; it has job_id, submit_s");
    const ScratchFile empty("");
    EXPECT_EQ(empty.without_folder(read_jobs(empty.path(), {}).error().message),
              "jobs.csv: the file is empty; a line of column names is expected first");
    EXPECT_EQ(read_jobs("/no/such.csv", {}).error().message,
              "/no/such.csv: No such file or directory");
}

TEST(Table, ReadsGzipAsItReadsText) {
    std::string text = kHeader;
    for (int i = 0; i < 20'000; ++i) {
        text += std::to_string(i) + "," + std::to_string(i) + ",7.5,4,\n";
    }
    for (const char* name : {"jobs.csv", "jobs.csv.gz"}) {
        const ScratchFile file(text, name);
        const auto trace = read_jobs(file.path(), {});
        ASSERT_TRUE(trace.ok()) << trace.error().message;
        ASSERT_EQ(trace->jobs.size(), 20'000U);
        EXPECT_EQ(trace->jobs.back().submit, Duration(19'999'000));
        EXPECT_EQ(trace->jobs.back().duration, Duration(7'500));
    }
}

TEST(Table, SaysThatGzipEndsTooEarly) {
    std::string text = kHeader;
    for (int i = 0; i < 50'000; ++i) {
        text += std::to_string(i * 7919 % 100'003) + ",1,2,1,\n";
    }
    const ScratchFile file(text, "jobs.csv.gz");
    std::filesystem::resize_file(file.path(), std::filesystem::file_size(file.path()) / 2);
    const auto trace = read_jobs(file.path(), {});
    ASSERT_FALSE(trace.ok());
    EXPECT_NE(trace.error().message.find("the gzip data ends too early"), std::string::npos)
        << trace.error().message;
}

TEST(Table, ReadsNodes) {
    const ScratchFile file("node,gpus,gpu_model,cpus,mem_gib\na,8,V100,92,520\nb,2,,,\n");
    const auto cluster = read_nodes(file.path());
    ASSERT_TRUE(cluster.ok()) << cluster.error().message;
    EXPECT_EQ(cluster->gpus(), 10);
    EXPECT_EQ(cluster->gpus_per_node, 8);
    EXPECT_EQ(cluster->nodes[0].milli_cpus, 92'000);
    EXPECT_EQ(cluster->nodes[0].memory, std::int64_t{520} << 30);
    EXPECT_EQ(cluster->nodes[1].model, kUnnamedModel);
    EXPECT_EQ(cluster->nodes[1].memory, kPlentyMemory);
}

TEST(Table, ANodeIsListedOnce) {
    const ScratchFile file("node,gpus\na,8\nb,8\na,8\n");
    EXPECT_EQ(file.without_folder(read_nodes(file.path()).error().message),
              "jobs.csv:4:1: node: \"a\" is listed twice");
}

TEST(Table, ReadsWhatTenantsOwn) {
    const ScratchFile file("tenant,nodes_a,nodes_b,gpus_per_node\nx,1,2,8\ny,3,4,8\n");
    const auto tenants = read_tenant_nodes(file.path(), "nodes_b");
    ASSERT_TRUE(tenants.ok()) << tenants.error().message;
    EXPECT_EQ((*tenants)[1].tenant, "y");
    EXPECT_EQ((*tenants)[1].nodes, 4);
    const auto wrong = read_tenant_nodes(file.path(), "nodes_c");
    EXPECT_EQ(file.without_folder(wrong.error().message),
              "jobs.csv:1: no column \"nodes_c\"; it has tenant, nodes_a, nodes_b, gpus_per_node");
}

}  // namespace
}  // namespace gusu::sim
