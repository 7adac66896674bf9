// Slices of a GPU in MIG mode, as the fake library has them: fake_nvml_mig.cc beside this file.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "agent/daemon/device/gpu_slicer.h"
#include "agent/daemon/device/nvidia.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

template <typename Function>
Function* fake(const char* name) {
    static void* const library = ::dlopen(GUSU_FAKE_MIG_NVML, RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<Function*>(::dlsym(library, name));
}

int instances() { return fake<int()>("fake_mig_instances")(); }
void be_busy(bool whether) { fake<void(int)>("fake_mig_busy")(whether ? 1 : 0); }

// The kernel's files for the first instances that are made.
void tell_capabilities(const fs::path& folder) {
    for (int id = 1; id <= 40; ++id) {
        const fs::path instance = folder / "gpu3" / "mig" / ("gi" + std::to_string(id));
        fs::create_directories(instance / "ci0");
        std::ofstream(instance / "access") << "DeviceFileMinor: " << 10 * id << "\n";
        std::ofstream(instance / "ci0" / "access")
            << "DeviceFileMode: 256\nDeviceFileMinor: " << 10 * id + 1 << "\n";
    }
}

class Slicer : public testing::Test {
protected:
    Slicer() {
        tell_capabilities(folder_.path());
        auto opened = GpuSlicer::open(GUSU_FAKE_MIG_NVML, folder_.path());
        EXPECT_TRUE(opened.ok());
        slicer_ = std::move(*opened);
    }
    ~Slicer() override {
        be_busy(false);
        slicer_->remove_others(0, {});
    }

    Folder folder_;
    std::unique_ptr<GpuSlicer> slicer_;
};

TEST(CutDevices, TheDriverTellsIntoHowManySlices) {
    const auto devices = nvidia_devices(GUSU_FAKE_MIG_NVML);
    EXPECT_EQ(devices.devices.at(0).slices(), 8);
    EXPECT_EQ(nvidia_devices(GUSU_FAKE_NVML).devices.at(0).slices(), 0);
}

TEST(CutDevices, AnOlderDriverCannotCut) {
    const auto slicer = GpuSlicer::open(GUSU_FAKE_NVML);
    ASSERT_FALSE(slicer.ok());
    EXPECT_THAT(slicer.error().message, HasSubstr("version 510 or later"));
}

TEST_F(Slicer, AnInstanceIsMadeWhereItIsAskedFor) {
    const auto made = slicer_->cut({.device = 0, .first = 4, .slices = 4}, "3g.40gb");
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(made->uuid, HasSubstr("MIG-0000-"));
    const int id = std::stoi(made->uuid.substr(std::string("MIG-0000-").size()));
    EXPECT_THAT(made->files,
                ElementsAre("/dev/nvidia-caps/nvidia-cap" + std::to_string(10 * id),
                            "/dev/nvidia-caps/nvidia-cap" + std::to_string(10 * id + 1)));
    EXPECT_EQ(instances(), 1);
    EXPECT_TRUE(slicer_->remove({.device = 0, .first = 4, .slices = 4}).ok());
    EXPECT_EQ(instances(), 0);
}

TEST_F(Slicer, WhatIsLeftThereOfBeforeIsReplaced) {
    const GpuSlice slice{.device = 0, .first = 0, .slices = 1};
    const auto first = slicer_->cut(slice, "1g.10gb");
    const auto second = slicer_->cut(slice, "1g.10gb");
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_NE(first->uuid, second->uuid);
    EXPECT_EQ(instances(), 1);
}

TEST_F(Slicer, OneThatIsInUseStays) {
    const GpuSlice slice{.device = 0, .first = 0, .slices = 1};
    ASSERT_TRUE(slicer_->cut(slice, "1g.10gb").ok());
    be_busy(true);
    const Status removed = slicer_->remove(slice);
    ASSERT_FALSE(removed.ok());
    EXPECT_THAT(removed.error().message, HasSubstr("GPU 0"));
    EXPECT_EQ(instances(), 1);
}

TEST_F(Slicer, AnUnknownProfileNamesTheRemedy) {
    const auto made = slicer_->cut({.device = 0, .first = 0, .slices = 2}, "2g.20gb");
    ASSERT_FALSE(made.ok());
    EXPECT_THAT(made.error().message, HasSubstr("no profile \"2g.20gb\"; mend the catalogue"));
    EXPECT_EQ(instances(), 0);
}

TEST_F(Slicer, AnAgentThatStartsKeepsThoseOfItsTasksAlone) {
    ASSERT_TRUE(slicer_->cut({.device = 0, .first = 0, .slices = 1}, "1g.10gb").ok());
    ASSERT_TRUE(slicer_->cut({.device = 0, .first = 4, .slices = 4}, "3g.40gb").ok());
    slicer_->remove_others(0, {{.device = 0, .first = 4, .slices = 4}});
    EXPECT_EQ(instances(), 1);
    EXPECT_TRUE(slicer_->remove({.device = 0, .first = 0, .slices = 4}).ok());
    EXPECT_EQ(instances(), 1);
}

// From the order to the end, with a supervisor that runs.
class TaskWithASlice : public Slicer {
protected:
    TaskWithASlice() : machine_(tasks_.path()) {
        v1::Device device;
        device.set_slices(8);
        device.set_uuid("GPU-1");
        machine_.settings().devices = {device};
        machine_.settings().slicer = std::move(slicer_);
        auto opened = GpuSlicer::open(GUSU_FAKE_MIG_NVML, folder_.path());
        slicer_ = std::move(*opened);
    }

    static v1::Desired order(const TaskKey& key, const std::vector<std::string>& command) {
        v1::Desired desired = run_order(key, command);
        v1::Launch& launch = *desired.mutable_tasks(0)->mutable_run();
        launch.add_devices(0);
        launch.set_milli_gpus_per_device(125);
        launch.set_gpu_slice("1g.10gb");
        launch.set_first_slice(6);
        launch.set_slices(1);
        return desired;
    }

    void obey(const v1::Desired& desired) {
        const Status done = machine_.tasks().obey(desired);
        EXPECT_TRUE(done.ok()) << done.error().message;
    }

    Folder tasks_;
    TaskMachine machine_;
};

TEST_F(TaskWithASlice, SeesItsInstanceAloneAndLeavesNone) {
    const TaskKey key{.incarnation = 17, .task = 0};
    machine_.start();
    obey(order(key, {"/bin/sh", "-c",
                     "test \"${CUDA_VISIBLE_DEVICES#MIG-0000-}\" != \"$CUDA_VISIBLE_DEVICES\""}));
    const auto seen = machine_.wait_for(key, v1::TASK_PHASE_EXITED);
    EXPECT_EQ(seen.exit_code(), 0);
    EXPECT_EQ(instances(), 0);
}

TEST_F(TaskWithASlice, ItsInstanceIsFoundAgainByTheNextAgent) {
    const TaskKey key{.incarnation = 18, .task = 0};
    machine_.start();
    obey(order(key, {"/bin/sleep", "600"}));
    machine_.wait_for(key, v1::TASK_PHASE_RUNNING);
    ASSERT_TRUE(slicer_->cut({.device = 0, .first = 0, .slices = 4}, "3g.40gb").ok());
    ASSERT_EQ(instances(), 2);
    machine_.stop();
    machine_.start();
    EXPECT_EQ(instances(), 1);
    obey(stop_order(key));
    machine_.wait_for(key, v1::TASK_PHASE_EXITED);
    EXPECT_EQ(instances(), 0);
}

}  // namespace
}  // namespace gusu::agent
