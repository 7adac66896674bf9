#include "tools/sim/import.h"

#include <gtest/gtest.h>

#include "tests/unit/sim/scratch_file.h"
#include "tools/sim/job_list.h"
#include "tools/sim/trace.h"

namespace gusu::sim {
namespace {

constexpr const char* kHeader =
    "job_id,submit_s,duration_s,gpus,cpus,mem_gib,gpu_model,tenant,user,kind,priority,"
    "gpu_fraction_milli\n";

TEST(Import, MakesTheSameFormatOfAll) {
    const struct {
        const char* format;
        const char* file;
        const char* text;
        const char* expected;
        std::size_t left_out;
    } cases[] = {
        {"philly", "cluster_job_log",
         R"([{"status":"Pass","vc":"ee9e8c","jobid":"application_1","user":"ce2f4c",
              "submitted_time":"2017-10-01 00:01:00","attempts":[
               {"start_time":"2017-10-01 00:02:00","end_time":"2017-10-01 00:03:00",
                "detail":[{"ip":"m1","gpus":["gpu0","gpu1"]},{"ip":"m2","gpus":["gpu4"]}]},
               {"start_time":"2017-10-01 00:04:00","end_time":null,"detail":[]}]},
             {"status":"Killed","vc":"ee9e8c","jobid":"application_2","user":"u",
              "submitted_time":"2017-10-01 00:00:00","attempts":[]}])",
         "application_1,60,60,3,,,,ee9e8c,ce2f4c,train,,1000\n", 1},
        {"openb", "pods.csv",
         "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,"
         "deletion_time,scheduled_time\n"
         "openb-pod-1,6000,12288,1,460,V100M16|V100M32,LS,Running,5,30,10.0\n"
         "openb-pod-0,2500,1024,0,0,,BE,Pending,0,,\n",
         "openb-pod-0,0,,0,2.5,1,,,,batch,,0\n"
         "openb-pod-1,5,20,1,6,12,V100M16|V100M32,,,inference,,460\n",
         0},
        {"itp", "c02.csv", "job_id,num_gpu,submit_time,duration\nuuid,16,12.5,100\n",
         "0,12.5,100,16,,,,c02,,train,,1000\n", 0},
        {"swf", "log.swf",
         "; Version: 2.2\n  1 0 3 100 4 -1 -1 8 200 -1 1 7 2 -1 1 -1 -1 -1\n"
         "2 5 3 -1 4 -1 -1 8 200 -1 1 7 2 -1 1 -1 -1 -1\n"
         "3 9 3 10 -1 -1 -1 8 200 -1 1 7 -1 -1 1 -1 -1 -1\n",
         "1,0,100,4,,,,group2,user7,batch,,1000\n3,9,10,8,,,,,user7,batch,,1000\n", 1},
    };
    for (const auto& each : cases) {
        const ScratchFile file(each.text, each.file);
        const auto made = import_trace(each.format, {file.path()});
        ASSERT_TRUE(made.ok()) << each.format << ": " << made.error().message;
        EXPECT_EQ(made->csv, std::string(kHeader) + each.expected) << each.format;
        EXPECT_EQ(made->left_out, each.left_out) << each.format;
        const ScratchFile again(made->csv);
        EXPECT_TRUE(read_jobs(again.path(), {.durations = Durations::Unused}).ok()) << each.format;
    }
}

TEST(Import, ListsNodesToo) {
    const ScratchFile file("sn,cpu_milli,memory_mib,gpu,model\nopenb-node-0,64000,262144,2,P100\n");
    EXPECT_EQ(import_openb({file.path()})->csv,
              "node,gpus,gpu_model,cpus,mem_gib,rack,gpu_mem_mib\n"
              "openb-node-0,2,P100,64,256,,\n");
}

TEST(Import, SaysWhereAFileIsWrong) {
    const struct {
        const char* format;
        const char* text;
        const char* message;
    } cases[] = {
        {"swf", ";\n1 0 3 x 4\n", "jobs.csv:2:4: \"x\" is not a number"},
        {"swf", "1 0 3\n", "jobs.csv:1:4: \"\" is not a number"},
        {"itp", "job_id,submit_time,duration\n1,2,3\n",
         "jobs.csv:1: no column \"num_gpu\"; it has job_id, submit_time, duration"},
        {"philly", "{}", "jobs.csv: not a JSON list of jobs; give cluster_job_log as published"},
        {"slurm", "", "\"slurm\" is no format; known: philly, openb, itp, swf"},
    };
    for (const auto& each : cases) {
        const ScratchFile file(each.text);
        const auto made = import_trace(each.format, {file.path()});
        ASSERT_FALSE(made.ok()) << each.format;
        EXPECT_EQ(file.without_folder(made.error().message), each.message);
    }
}

TEST(Import, WritesNumbersWithoutZerosAtTheirEnd) {
    EXPECT_EQ(decimal(12'500), "12.5");
    EXPECT_EQ(decimal(-1'050), "-1.05");
    EXPECT_EQ(decimal(7'000), "7");
    EXPECT_EQ(decimal(-1), "-0.001");
}

}  // namespace
}  // namespace gusu::sim
