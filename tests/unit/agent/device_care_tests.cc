// Quarantine, diagnosis and scrub of devices. In place of gusu-gpucheck stands a script that notes
// how it was called and ends as the test wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "agent/daemon/device/device_care.h"
#include "agent/daemon/device/device_holders.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kPassed =
    R"({"cards": [{"checks": [{"name": "tensor_gemm", "verdict": "passed", "value": 512.4, "unit": "TFLOPS"}]}]})";
constexpr const char* kFaulty =
    R"({"cards": [{"checks": [{"name": "memory", "verdict": "failed", "detail": "3 wrong words"}]}]})";

class Shelf final : public DeviceShelf {
public:
    bool take_device(int index) override { return holders.reserve(index); }
    void give_back_device(int index) override { holders.give_back(index); }
    void device_failed(int index, DeviceFailure how, const std::string& why) override {
        failures += std::to_string(index) +
                    (how == DeviceFailure::Lost ? " lost: " : " suspect: ") + why + "\n";
    }
    DeviceHolders holders;
    std::string failures;
};

v1::Device card(int index, const std::string& uuid) {
    v1::Device device;
    device.set_index(index);
    device.set_uuid(uuid);
    device.set_accelerator("nvidia-h100");
    device.set_healthy(true);
    return device;
}

Task task_of(const std::string& tenant, int device) {
    Task task{.key = {.incarnation = 17, .task = 0}, .launch = {}, .exit = {}};
    task.launch.set_tenant(tenant);
    task.launch.add_devices(device);
    return task;
}

class DeviceCareTest : public testing::Test {
protected:
    DeviceCareTest() {
        gpucheck_says(0, kPassed);
        begin();
    }

    // From now on.
    void gpucheck_says(int exit_code, const std::string& json) {
        const auto file = folder_.path() / "gpucheck";
        std::ofstream(file) << "#!/bin/sh\necho \"$*\" >>" << (folder_.path() / "calls").string()
                            << "\ncat <<'END'\n"
                            << json << "\nEND\nexit " << exit_code << "\n";
        ::chmod(file.c_str(), 0755);
    }

    void begin() {
        CareOptions options;
        options.program = folder_.path() / "gpucheck";
        options.memory = folder_.path() / "device-care.json";
        options.try_again = std::chrono::milliseconds(20);
        care_ = std::make_unique<DeviceCare>(options, *loop_, devices_, [] {});
        care_->use(shelf_);
    }

    // "healthy", or "quarantined: why".
    std::string seen(int index) const {
        auto devices = devices_;
        care_->describe(devices);
        const v1::Device& device = devices[static_cast<std::size_t>(index)];
        const char* const health =
            device.healthy() ? "healthy" : (device.quarantined() ? "quarantined" : "unhealthy");
        return health + (device.health_detail().empty() ? "" : ": " + device.health_detail());
    }
    std::string turn_until_seen(int index, const std::string& wanted) {
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while (seen(index).find(wanted) == std::string::npos &&
               EventLoop::Clock::now() < deadline) {
            loop_->run_once(std::chrono::milliseconds(20));
        }
        return seen(index);
    }

    void order(const std::string& name, const std::vector<int>& indexes) {
        v1::CheckDevices order;
        order.set_check(name);
        order.mutable_devices()->Add(indexes.begin(), indexes.end());
        care_->check(order, devices_);
    }

    // What comes of preparing; "" if there was nothing to do.
    std::string prepare(const std::string& tenant, const std::vector<int>& indexes) {
        std::string outcome;
        const bool waits = care_->prepare(tenant, indexes, [&](const Status& done) {
            outcome = done ? "scrubbed" : done.error().message;
        });
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while (waits && outcome.empty() && EventLoop::Clock::now() < deadline) {
            loop_->run_once(std::chrono::milliseconds(20));
        }
        return outcome;
    }

    std::vector<std::string> calls() const {
        std::vector<std::string> lines;
        std::ifstream file(folder_.path() / "calls");
        for (std::string line; std::getline(file, line);) {
            lines.push_back(line);
        }
        return lines;
    }

    const Folder folder_;
    const std::unique_ptr<EventLoop> loop_ = std::move(*EventLoop::open());
    const std::vector<v1::Device> devices_{card(0, "GPU-aa"), card(1, "GPU-bb"), [] {
                                               v1::Device simulated = card(2, "simulated-n1-2");
                                               simulated.set_simulated(true);
                                               return simulated;
                                           }()};
    Shelf shelf_;
    std::unique_ptr<DeviceCare> care_;
};

// --- suspects

TEST(Xids, AskForWhatTheyMean) {
    const std::pair<unsigned long long, XidAction> cases[] = {
        {13, XidAction::Nothing},   {31, XidAction::Nothing},    {48, XidAction::CheckCard},
        {63, XidAction::Nothing},   {74, XidAction::CheckCard},  {79, XidAction::CardIsLost},
        {94, XidAction::Nothing},   {95, XidAction::CheckCard},  {119, XidAction::CheckCard},
        {54, XidAction::CheckNode}, {4711, XidAction::CheckCard}};
    for (const auto& [xid, action] : cases) {
        EXPECT_EQ(action_of_xid(xid), action) << xid;
    }
}

TEST_F(DeviceCareTest, AFaultOfAProgramLeavesTheCardAlone) {
    care_->xid(0, 13);
    EXPECT_EQ(seen(0), "healthy");
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(DeviceCareTest, ASuspectIsInQuarantineUntilItHasProvedItself) {
    care_->xid(0, 48);
    EXPECT_EQ(seen(0), "quarantined: check suspect-1 runs");
    EXPECT_EQ(seen(1), "healthy");
    EXPECT_EQ(turn_until_seen(0, "healthy"),
              "healthy: check suspect-1 passed: tensor_gemm 512 TFLOPS");
    ASSERT_EQ(calls().size(), 1U);
    EXPECT_THAT(calls().front(), HasSubstr("--gpu GPU-aa --timeout 600"));
}

TEST_F(DeviceCareTest, AFaultyCardStaysInQuarantineAlsoOverARestartOfTheAgent) {
    gpucheck_says(1, kFaulty);
    care_->xid(0, 48);
    EXPECT_EQ(turn_until_seen(0, "failed"),
              "quarantined: check suspect-1 failed: memory: 3 wrong words (XID 48)");
    begin();
    EXPECT_THAT(seen(0), HasSubstr("quarantined"));
    EXPECT_THAT(turn_until_seen(0, "failed"), HasSubstr("3 wrong words (XID 48)"));
    gpucheck_says(0, kPassed);
    order("mended", {0});
    EXPECT_THAT(turn_until_seen(0, "healthy"), HasSubstr("healthy: check mended passed"));
}

TEST_F(DeviceCareTest, AHangOfTheDiagnosisIsAFault) {
    gpucheck_says(4, "");
    care_->xid(0, 48);
    EXPECT_THAT(turn_until_seen(0, "failed"), HasSubstr("the card or its driver hung"));
}

TEST_F(DeviceCareTest, ASuspectThatATaskHoldsIsCheckedAfterwards) {
    const Task task = task_of("physics", 0);
    shelf_.holders.take(task);
    care_->xid(0, 48);
    EXPECT_EQ(seen(0), "quarantined: XID 48");
    EXPECT_THAT(calls(), IsEmpty());
    shelf_.holders.leave(task.key);
    EXPECT_THAT(turn_until_seen(0, "passed"), HasSubstr("healthy"));
}

TEST_F(DeviceCareTest, ACardThatFellOffTheBusIsLost) {
    care_->xid(1, 79);
    EXPECT_THAT(seen(1), HasSubstr("unhealthy: XID 79: fallen off the bus"));
    EXPECT_EQ(shelf_.failures, "1 lost: XID 79: fallen off the bus\n") << "who holds it hears";
    order("7", {1});
    EXPECT_THAT(seen(1), HasSubstr("check 7 failed: the card is lost"));
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(DeviceCareTest, ATroubleOfTheNodeHasAllCardsChecked) {
    care_->xid(0, 54);
    EXPECT_THAT(seen(1), HasSubstr("quarantined"));
    EXPECT_THAT(turn_until_seen(0, "passed"), HasSubstr("healthy"));
    EXPECT_THAT(turn_until_seen(1, "passed"), HasSubstr("healthy"));
}

// --- checks that people order

TEST_F(DeviceCareTest, AnOrderedCheckTellsWhatCameOfItUnderItsName) {
    order("17", {});
    EXPECT_EQ(seen(0), "quarantined: check 17 runs");
    EXPECT_EQ(turn_until_seen(0, "passed"), "healthy: check 17 passed: tensor_gemm 512 TFLOPS");
    EXPECT_EQ(turn_until_seen(1, "passed"), "healthy: check 17 passed: tensor_gemm 512 TFLOPS");
    EXPECT_EQ(seen(2), "healthy: check 17 not run: only NVIDIA's cards can be diagnosed");
}

TEST_F(DeviceCareTest, AnOrderedCheckDisturbsNoTask) {
    shelf_.holders.take(task_of("physics", 0));
    order("17", {0});
    EXPECT_EQ(seen(0), "healthy: check 17 not run: a task holds the card");
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(DeviceCareTest, NoTaskGetsACardThatIsBeingChecked) {
    order("17", {0});
    EXPECT_FALSE(shelf_.holders.have_room(task_of("physics", 0)));
    turn_until_seen(0, "passed");
    EXPECT_TRUE(shelf_.holders.have_room(task_of("physics", 0)));
}

// --- scrub

TEST_F(DeviceCareTest, MemoryIsScrubbedWhenTheTenantChanges) {
    EXPECT_EQ(prepare("physics", {0}), "scrubbed");
    EXPECT_EQ(prepare("physics", {0}), "");
    EXPECT_EQ(prepare("biology", {0, 1}), "scrubbed");
    EXPECT_EQ(calls().size(), 3U);
    EXPECT_THAT(calls().front(), HasSubstr("--scrub --json --gpu GPU-aa"));
    begin();  // the agent starts anew
    EXPECT_EQ(prepare("biology", {1}), "");
    EXPECT_EQ(prepare("physics", {1}), "scrubbed");
}

TEST_F(DeviceCareTest, ACardThatCannotBeScrubbedIsGivenToNobody) {
    gpucheck_says(1, kFaulty);
    EXPECT_THAT(prepare("physics", {0}),
                HasSubstr("device 0: its memory cannot be scrubbed for another tenant"));
    EXPECT_THAT(seen(0), HasSubstr("quarantined"));
}

TEST_F(DeviceCareTest, SimulatedDevicesHaveNothingToScrub) {
    EXPECT_EQ(prepare("physics", {2}), "");
}

// --- what gusu-gpucheck says

TEST(Gpucheck, ThatSaysNothingHasProvedNothing) {
    EXPECT_EQ(read_findings(0, "").verdict, CheckVerdict::NotJudged);
    EXPECT_EQ(read_findings(0, "[]").verdict, CheckVerdict::NotJudged);
    EXPECT_EQ(read_findings(127, "").verdict, CheckVerdict::NotJudged);
    EXPECT_EQ(read_findings(5, R"({"error": "the card is in use"})").verdict,
              CheckVerdict::NotJudged);
    EXPECT_EQ(read_findings(5, R"({"error": "the card is in use"})").detail, "the card is in use");
    EXPECT_EQ(read_findings(1, "{").verdict, CheckVerdict::Faulty);
}

}  // namespace
}  // namespace gusu::agent
