#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>

#include "agent/daemon/config.h"
#include "agent/daemon/device/names.h"
#include "agent/daemon/enrolment.h"
#include "agent/daemon/environment.h"
#include "agent/daemon/files.h"
#include "agent/daemon/log_reader.h"
#include "proto/rpc/node_key.h"
#include "tests/unit/agent/task_machine.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

constexpr TaskKey kOne{.incarnation = 1, .task = 0};
constexpr TaskKey kTwo{.incarnation = 2, .task = 0};

struct ReconcileCase {
    const char* name;
    KnownPhases known;
    // "run 1", "stop 1", "removed 1", "full", "epoch 1"; the epoch is 5 if none is given.
    std::vector<std::string> message;
    std::string actions;
};

v1::Desired message_of(const std::vector<std::string>& words) {
    v1::Desired desired;
    desired.set_epoch(5);
    for (const std::string& word : words) {
        const auto number =
            word.find(' ') == std::string::npos ? 0ULL : std::stoull(word.substr(word.find(' ')));
        if (word == "full") {
            desired.set_full(true);
        } else if (word.starts_with("epoch")) {
            desired.set_epoch(number);
        } else if (word.starts_with("removed")) {
            desired.add_removed()->set_incarnation(number);
        } else {
            v1::DesiredTask& task = *desired.add_tasks();
            task.mutable_key()->set_incarnation(number);
            word.starts_with("run") ? (void)task.mutable_run() : (void)task.mutable_stop();
        }
    }
    return desired;
}

std::string text_of(const std::optional<Actions>& actions) {
    if (!actions) {
        return "ignored";
    }
    std::string text;
    const auto add = [&](const char* what, std::uint64_t incarnation) {
        text += (text.empty() ? "" : ", ") + std::string(what) + " " + std::to_string(incarnation);
    };
    for (const auto* task : actions->start) {
        add("start", task->key().incarnation());
    }
    for (const TaskKey& key : actions->never_start) {
        add("never", key.incarnation);
    }
    for (const StopTask& stop : actions->stop) {
        add("stop", stop.key.incarnation);
    }
    for (const TaskKey& key : actions->forget) {
        add("forget", key.incarnation);
    }
    for (const TaskKey& key : actions->kill) {
        add("kill", key.incarnation);
    }
    return text;
}

TEST(Reconcile, Table) {
    using enum TaskPhase;
    const ReconcileCase cases[] = {
        {"new ones start", {}, {"run 1", "run 2"}, "start 1, start 2"},
        {"once in a message", {}, {"run 1", "run 1"}, "start 1"},
        {"known ones do not", {{kOne, Starting}}, {"run 1"}, ""},
        {"not even ended ones", {{kOne, Exited}}, {"run 1", "full"}, ""},
        {"running ones are stopped", {{kOne, Running}}, {"stop 1"}, "stop 1"},
        {"starting ones too", {{kOne, Starting}}, {"stop 1"}, "stop 1"},
        {"an ended one keeps its record", {{kOne, Exited}}, {"stop 1", "full"}, ""},
        {"unknown ones are never started", {}, {"stop 1"}, "never 1"},
        {"nor are those stopped at once", {}, {"run 1", "stop 1"}, "never 1"},
        {"what is removed and ended goes", {{kOne, Exited}}, {"removed 1"}, "forget 1"},
        {"what runs is killed first", {{kOne, Running}}, {"removed 1"}, "kill 1"},
        {"unknown removals are nothing", {}, {"removed 1"}, ""},
        {"run and removed at once", {}, {"run 1", "removed 1"}, ""},
        {"a full one removes the rest",
         {{kOne, Running}, {kTwo, Exited}},
         {"full"},
         "forget 2, kill 1"},
        {"a partial one does not", {{kOne, Running}}, {"run 2"}, "start 2"},
        {"an earlier leader", {{kOne, Running}}, {"epoch 4", "full"}, "ignored"},
        {"a later leader", {{kOne, Running}}, {"epoch 6", "stop 1"}, "stop 1"},
    };
    for (const ReconcileCase& c : cases) {
        const v1::Desired desired = message_of(c.message);
        EXPECT_EQ(text_of(reconcile(c.known, desired, 5)), c.actions) << c.name;
    }
}

v1::Launch launch_of_gang() {
    v1::Launch launch;
    launch.set_job_id(1042);
    launch.set_job_id_text("1042_7");
    launch.set_job_name("train");
    launch.set_tenant("suda/nlp");
    launch.set_attempt(2);
    launch.set_workdir("/data");
    launch.add_node_list("a");
    launch.add_node_list("b");
    launch.set_node_rank(1);
    launch.set_local_rank(1);
    launch.set_tasks_on_node(2);
    launch.set_task_count(4);
    launch.set_milli_cpus(2500);
    launch.set_master_address("10.0.0.1");
    launch.set_master_port(20017);
    launch.set_is_array(true);
    launch.set_array_id(1042);
    launch.set_array_index(7);
    launch.set_array_size(10);
    launch.add_devices(0);
    launch.add_devices(1);
    return launch;
}

std::vector<v1::Device> two_devices(bool simulated) {
    std::vector<v1::Device> devices(2);
    for (int i = 0; i < 2; ++i) {
        devices[static_cast<std::size_t>(i)].set_index(i);
        devices[static_cast<std::size_t>(i)].set_uuid("GPU-" + std::to_string(i));
        devices[static_cast<std::size_t>(i)].set_simulated(simulated);
    }
    return devices;
}

const TaskPlace kPlace{.rank = 3,
                       .user = "nobody",
                       .scratch = "/s",
                       .checkpoints = "/c/1042_7",
                       .checkpoint_socket = "/s/.checkpoint",
                       .programs = "/opt/gusu",
                       .step_socket = "/s/.step",
                       .hosts = "/s/.hosts"};

TEST(Environment, HoldsWhatIsPromised) {
    const std::map<std::string, std::string> promised{
        {"CUDA_VISIBLE_DEVICES", "GPU-0,GPU-1"},
        {"GUSU_ARRAY_TASK_ID", "7"},
        {"GUSU_ATTEMPT", "2"},
        {"GUSU_CHECKPOINT_DIR", "/c/1042_7"},
        {"GUSU_CHECKPOINT_SOCKET", "/s/.checkpoint"},
        {"GUSU_GPUS_PER_NODE", "4"},
        {"GUSU_JOB_ID", "1042_7"},
        {"GUSU_JOB_NAME", "train"},
        {"GUSU_NNODES", "2"},
        {"GUSU_NODELIST", "a,b"},
        {"GUSU_NODE_RANK", "1"},
        {"GUSU_SCRATCH_DIR", "/s"},
        {"GUSU_STEP_SOCKET", "/s/.step"},
        {"GUSU_TENANT", "suda/nlp"},
        {"HOME", "/s"},
        {"LANG", "C.UTF-8"},
        {"LOCAL_RANK", "1"},
        {"LOGNAME", "nobody"},
        {"MASTER_ADDR", "10.0.0.1"},
        {"MASTER_PORT", "20017"},
        {"NNODES", "2"},
        {"NODE_RANK", "1"},
        {"OMPI_MCA_orte_default_hostfile", "/s/.hosts"},
        {"OMPI_MCA_plm_rsh_agent", "/opt/gusu/gusu-step --rsh"},
        {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/gusu"},
        {"PRTE_MCA_plm_ssh_agent", "/opt/gusu/gusu-step --rsh"},
        {"PRTE_MCA_prte_default_hostfile", "/s/.hosts"},
        {"RANK", "3"},
        {"SLURM_ARRAY_JOB_ID", "1042"},
        {"SLURM_ARRAY_TASK_COUNT", "10"},
        {"SLURM_ARRAY_TASK_ID", "7"},
        {"SLURM_CPUS_PER_TASK", "2"},
        {"SLURM_GPUS_ON_NODE", "4"},
        {"SLURM_JOB_ID", "1042"},
        {"SLURM_JOB_NAME", "train"},
        {"SLURM_JOB_NODELIST", "a,b"},
        {"SLURM_JOB_NUM_NODES", "2"},
        {"SLURM_LOCALID", "1"},
        {"SLURM_NNODES", "2"},
        {"SLURM_NODEID", "1"},
        {"SLURM_NTASKS", "4"},
        {"SLURM_PROCID", "3"},
        {"SLURM_RESTART_COUNT", "1"},
        {"SLURM_SUBMIT_DIR", "/data"},
        {"TMPDIR", "/s"},
        {"USER", "nobody"},
        {"WORLD_SIZE", "4"},
    };
    EXPECT_EQ(task_environment(launch_of_gang(), kPlace, two_devices(false)), promised);
}

TEST(Environment, SimulatedDevicesAreNotShownToCuda) {
    auto environment = task_environment(launch_of_gang(), kPlace, two_devices(true));
    EXPECT_EQ(environment["CUDA_VISIBLE_DEVICES"], "");
    EXPECT_EQ(environment["GUSU_SIMULATED_DEVICES"], "0,1");
}

TEST(Environment, DevicesOfOtherVendorsAreNoneOfCudas) {
    auto devices = two_devices(false);
    devices[0].set_uuid("Ascend910-0");
    devices[1].set_uuid("Ascend910-1");
    EXPECT_EQ(task_environment(launch_of_gang(), kPlace, devices)["CUDA_VISIBLE_DEVICES"], "");
}

TEST(Environment, AJobSetsItsOwnButNotOurs) {
    v1::Launch launch = launch_of_gang();
    auto& env = *launch.mutable_env();
    env["LR"] = "0.1";
    env["PATH"] = "/opt/bin";
    env["CUDA_VISIBLE_DEVICES"] = "all";
    env["GUSU_JOB_ID"] = "1";
    env["SLURM_SUBMIT_DIR"] = "/home/someone";
    auto environment = task_environment(launch, kPlace, two_devices(false));
    EXPECT_EQ(environment["LR"], "0.1");
    EXPECT_EQ(environment["PATH"], "/opt/bin");
    EXPECT_EQ(environment["CUDA_VISIBLE_DEVICES"], "GPU-0,GPU-1");
    EXPECT_EQ(environment["GUSU_JOB_ID"], "1042_7");
    EXPECT_EQ(environment["SLURM_SUBMIT_DIR"], "/home/someone");
}

TEST(Environment, PatternsAreExpanded) {
    EXPECT_EQ(expand_pattern("%j/%t-%a.%%x%", launch_of_gang(), 3), "1042_7/3-7.%x%");
}

TEST(TaskStore, RemembersOverARestart) {
    const Folder folder;
    const fs::path file = folder.path() / "tasks.sqlite";
    Task task{.key = kOne, .launch = launch_of_gang(), .phase = TaskPhase::Exited, .exit = {}};
    task.exit = {.exit_code = 3,
                 .signal = 9,
                 .out_of_memory = true,
                 .timed_out = true,
                 .launch_error = "none",
                 .ran_for = Duration{1234}};
    {
        const auto store = std::move(*TaskStore::open(file, "boot-1"));
        ASSERT_TRUE(store
                        ->commit({.put = {&task}, .forget = {}, .highest_epoch = 4},
                                 TaskStore::Durability::Machine)
                        .ok());
        ASSERT_TRUE(store->note({.heard_at = Duration{50}, .lease = Duration{60}}).ok());
    }
    {
        const auto store = std::move(*TaskStore::open(file, "boot-1"));
        const auto tasks = store->tasks();
        ASSERT_TRUE(tasks.ok());
        ASSERT_EQ(tasks->size(), 1U);
        EXPECT_EQ(tasks->front().exit, task.exit);
        EXPECT_EQ(tasks->front().launch.job_id_text(), "1042_7");
        EXPECT_EQ(store->highest_epoch(), 4U);
        EXPECT_EQ(store->contact().lease, Duration{60});
    }
    const auto store = std::move(*TaskStore::open(file, "boot-2"));
    EXPECT_TRUE(store->tasks()->empty());
    EXPECT_EQ(store->highest_epoch(), 4U);
    EXPECT_EQ(store->contact().lease, Duration{0});
}

TEST(Enrolment, TheRequestNamesTheNodeAndIsSigned) {
    const auto key = rpc::make_node_key();
    ASSERT_TRUE(key.ok());
    EXPECT_THAT(*key, HasSubstr("PRIVATE KEY"));
    const auto text = rpc::certificate_request(*key, "n1");
    ASSERT_TRUE(text.ok());
    BIO* bio = BIO_new_mem_buf(text->data(), static_cast<int>(text->size()));
    X509_REQ* request = PEM_read_bio_X509_REQ(bio, nullptr, nullptr, nullptr);
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, name,
                              sizeof name);
    EXPECT_STREQ(name, "n1");
    X509_REQ_free(request);
    BIO_free(bio);
}

// Nobody answers at the port of a machine that keeps that one free.
config::v1::AgentConfig agent_without_scheduler(const fs::path& folder) {
    EXPECT_TRUE(create_file(folder / "token", "gusu_secret\n", 0600));
    EXPECT_TRUE(create_file(folder / "authority.pem", "", 0600));
    config::v1::AgentConfig config;
    config.set_node("n1");
    config.set_state_dir(folder);
    config.set_authority(folder / "authority.pem");
    config.set_enrolment_token_file(folder / "token");
    config.add_schedulers("127.0.0.1:1");
    return config;
}

TEST(Enrolment, TheKeyIsKeptBeforeItIsAskedWithAndAskedWithAgain) {
    const Folder folder;
    const auto config = agent_without_scheduler(folder.path());
    const fs::path kept = folder.path() / "identity/node.key";
    for (int i = 0; i < 2; ++i) {
        const auto identity = identity_of(config);
        ASSERT_FALSE(identity.ok());
        EXPECT_EQ(identity.error().code, ErrorCode::Unavailable);
    }
    const auto first = read_file(kept);
    ASSERT_TRUE(first.ok());
    EXPECT_FALSE(identity_of(config).ok());
    EXPECT_EQ(*read_file(kept), *first);
    EXPECT_EQ(fs::status(kept).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Enrolment, ACertificateWithoutItsKeyIsNotTakenForTheNewKeys) {
    const Folder folder;
    const auto config = agent_without_scheduler(folder.path());
    fs::create_directory(folder.path() / "identity");
    ASSERT_TRUE(create_file(folder.path() / "identity/node.pem", "an old one", 0600));
    EXPECT_FALSE(identity_of(config).ok());
    EXPECT_FALSE(fs::exists(folder.path() / "identity/node.pem"));
}

TEST(Enrolment, AKeyThatIsNoneIsNamed) {
    const Folder folder;
    const auto config = agent_without_scheduler(folder.path());
    fs::create_directory(folder.path() / "identity");
    ASSERT_TRUE(create_file(folder.path() / "identity/node.key", "half a k", 0600));
    const auto identity = identity_of(config);
    ASSERT_FALSE(identity.ok());
    EXPECT_THAT(identity.error().message,
                AllOf(HasSubstr("identity/node.key"), HasSubstr("remove it")));
}

TEST(Devices, NamesAreThoseOfTheCatalogue) {
    const std::pair<const char*, const char*> cases[] = {
        {"NVIDIA H200", "nvidia-h200"},
        {"NVIDIA H100 80GB HBM3", "nvidia-h100"},
        {"NVIDIA H100 PCIe", "nvidia-h100"},
        {"NVIDIA A100-SXM4-80GB", "nvidia-a100"},
        {"NVIDIA A100 80GB PCIe", "nvidia-a100"},
        {"NVIDIA A100-SXM4-40GB", "nvidia-a100-40g"},
        {"NVIDIA A100-PCIE-40GB", "nvidia-a100-40g"},
        {"Tesla V100-SXM2-32GB", "nvidia-v100"},
        {"Tesla T4", "nvidia-t4"},
        {"NVIDIA L40S", "nvidia-l40s"},
        {"NVIDIA GeForce RTX 4090", "nvidia-rtx-4090"},
        {"NVIDIA GeForce RTX 4090 D", "nvidia-rtx-4090d"},
    };
    const auto known = read_file(GUSU_SOURCE_DIR "/deploy/catalogue.yaml");
    ASSERT_TRUE(known.ok());
    for (const auto& [vendor, catalogue] : cases) {
        EXPECT_EQ(accelerator_of(vendor), catalogue);
        const std::string entry = std::string("name: ") + catalogue;
        EXPECT_THAT(*known, AnyOf(HasSubstr(entry + ","), HasSubstr(entry + "\n")));
    }
}

class LogReaderTest : public testing::Test {
protected:
    LogReaderTest()
        : loop_(std::move(*EventLoop::open())),
          reader_(
              *loop_, folder_.path(), [this](const LogName&) { return state_; },
              [this](v1::LogChunk chunk, EventLoop::Callback sent) {
                  chunks_.push_back(std::move(chunk));
                  sent_.push_back(std::move(sent));
              }) {}

    fs::path log() const {
        return log_file(folder_.path(), {.job_id = 3, .attempt = 1, .task = 0},
                        v1::LOG_STREAM_OUTPUT);
    }
    void write(const std::string& text) {
        fs::create_directories(log().parent_path());
        std::ofstream(log(), std::ios::app) << text;
    }
    static v1::LogRead request() {
        v1::LogRead read;
        read.set_read_id(9);
        read.set_job_id(3);
        read.set_attempt(1);
        return read;
    }
    // All chunks till the end, as their bytes.
    std::string text_until_end() {
        const auto deadline = EventLoop::Clock::now() + kSoon;
        while ((chunks_.empty() || !chunks_.back().end()) && EventLoop::Clock::now() < deadline) {
            loop_->run_once(std::chrono::milliseconds(20));
        }
        std::string text;
        for (const v1::LogChunk& chunk : chunks_) {
            text += chunk.data();
        }
        return text;
    }

    Folder folder_;
    std::unique_ptr<EventLoop> loop_;
    Tasks::LogState state_ = Tasks::LogState::Whole;
    std::vector<v1::LogChunk> chunks_;
    std::vector<EventLoop::Callback> sent_;
    LogReader reader_;
};

TEST_F(LogReaderTest, FromAnOffset) {
    write("hello world\n");
    v1::LogRead read = request();
    read.set_offset(6);
    reader_.read(read);
    EXPECT_EQ(text_until_end(), "world\n");
    EXPECT_EQ(chunks_.front().offset(), 6);
}

TEST_F(LogReaderTest, TheLastLines) {
    write("1\n2\n3\n4");
    v1::LogRead read = request();
    read.set_tail_lines(2);
    reader_.read(read);
    EXPECT_EQ(text_until_end(), "3\n4");
}

TEST_F(LogReaderTest, FollowsUntilTheTaskIsOver) {
    state_ = Tasks::LogState::Growing;
    v1::LogRead read = request();
    read.set_follow(true);
    reader_.read(read);
    EXPECT_TRUE(chunks_.empty());
    write("one\n");
    loop_->after(std::chrono::milliseconds(1), [this] {
        write("two\n");
        state_ = Tasks::LogState::Whole;
    });
    EXPECT_EQ(text_until_end(), "one\ntwo\n");
}

TEST_F(LogReaderTest, WaitsForTheStreamToTakeChunks) {
    write(std::string(10 << 16, 'x'));
    reader_.read(request());
    EXPECT_EQ(chunks_.size(), 4U);
    for (std::size_t i = 0; i < sent_.size(); ++i) {
        const auto sent = sent_[i];
        if (sent) {
            sent();
        }
    }
    EXPECT_EQ(text_until_end().size(), std::size_t{10 << 16});
}

TEST_F(LogReaderTest, AnUnknownTaskIsAnError) {
    state_ = Tasks::LogState::Unknown;
    reader_.read(request());
    ASSERT_EQ(chunks_.size(), 1U);
    EXPECT_TRUE(chunks_.front().end());
    EXPECT_THAT(chunks_.front().error(), HasSubstr("job 3"));
}

TEST(Config, SaysWhatIsWrong) {
    const Folder folder;
    const fs::path file = folder.path() / "agent.yaml";
    std::ofstream(file) << "node: n1\nschedulers: [here]\nauthority: ca.pem\n";
    const auto wrong = load_agent_config(file);
    ASSERT_FALSE(wrong.ok());
    EXPECT_THAT(wrong.error().message, HasSubstr("\"here\" is no address"));
    std::ofstream(file) << "node: n1\nschedulers: [127.0.0.1:7077]\nauthority: ca.pem\n"
                           "keep_scratch_for: 0s\n";
    const auto right = load_agent_config(file);
    ASSERT_TRUE(right.ok()) << right.error().message;
    EXPECT_EQ(right->authority(), (folder.path() / "ca.pem").string());
    EXPECT_EQ(right->keep_scratch_for().seconds(), 0);
    EXPECT_EQ(right->checkpoint_root(), "/var/lib/gusu/agent/checkpoints");
    EXPECT_EQ(right->device_filter(), config::v1::DEVICE_FILTER_PREFERRED);
    EXPECT_EQ(right->task_devices(0), "/dev/infiniband/*");
}

struct ConfigCase {
    const char* line;
    const char* complaint;  // "" if it is right
};

TEST(Config, TellsHowMetricsMayBeServedAndDevicesBeKept) {
    const ConfigCase cases[] = {
        {"http_listen: 127.0.0.1:0\nhttp_insecure: loopback-only", ""},
        {"http_listen: 0.0.0.0:7079", ""},
        {"http_listen: 7079", "http_listen: \"7079\" has no port"},
        {"http_listen: 0.0.0.0:7079\nhttp_insecure: loopback-only",
         "http_insecure: loopback-only serves plain HTTP on 127.0.0.1 or ::1 alone, and "
         "http_listen names \"0.0.0.0\""},
        {"http_listen: 127.0.0.1:0\nhttp_insecure: yes", "http_insecure: \"yes\" is not allowed"},
        {"device_filter: required", ""},
        {"device_filter: maybe", "write one of PREFERRED, REQUIRED"},
        {"task_devices: [/dev/fuse, '/dev/infiniband/*']", ""},
        {"task_devices: [fuse]", "task_devices: \"fuse\" is no device file; write /dev/NAME"},
    };
    const Folder folder;
    const fs::path file = folder.path() / "agent.yaml";
    for (const ConfigCase& one : cases) {
        std::ofstream(file) << "node: n1\nschedulers: [127.0.0.1:7077]\nauthority: ca.pem\n"
                            << one.line << "\n";
        const auto config = load_agent_config(file);
        EXPECT_EQ(config.ok(), *one.complaint == '\0') << one.line;
        EXPECT_THAT(config ? "" : config.error().message, HasSubstr(one.complaint)) << one.line;
    }
}

}  // namespace
}  // namespace gusu::agent
