#include "agent/cgroup/device_filter.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "agent/cgroup/cgroup.h"
#include "agent/cgroup/cgroup_files.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

constexpr unsigned int kMostDeviceNumber = (1U << 20) - 1;
constexpr unsigned int kFirstTerminal = 136;
constexpr unsigned int kLastTerminal = 143;
constexpr int kRemovalTries = 1'000;  // milliseconds

Error no_rule(const std::string& text) {
    return {ErrorCode::InvalidArgument,
            quote(text) + " names no device; write type, major and minor, as \"c 195:0\""};
}

// --- the program of version 2

bpf_insn load(int to, std::size_t offset) {
    return {.code = BPF_LDX | BPF_MEM | BPF_W,
            .dst_reg = static_cast<std::uint8_t>(to & 0xf),
            .src_reg = BPF_REG_1,
            .off = static_cast<std::int16_t>(offset),
            .imm = 0};
}

bpf_insn with_number(int operation, int on, unsigned int number) {
    return {.code = static_cast<std::uint8_t>(operation | BPF_K),
            .dst_reg = static_cast<std::uint8_t>(on & 0xf),
            .src_reg = 0,
            .off = 0,
            .imm = static_cast<std::int32_t>(number)};
}

bpf_insn skip_unless_equal(int field, unsigned int number, int skipped) {
    bpf_insn jump = with_number(BPF_JMP | BPF_JNE, field, number);
    jump.off = static_cast<std::int16_t>(skipped);
    return jump;
}

void give(std::vector<bpf_insn>& program, unsigned int answer) {
    program.push_back(with_number(BPF_ALU64 | BPF_MOV, BPF_REG_0, answer));
    program.push_back({.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0});
}

int call_bpf(bpf_cmd command, bpf_attr& attributes) {
    return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

Error kernel_refuses(const std::string& what) {
    return {ErrorCode::Unavailable, what + ": " + std::strerror(errno)};
}

Result<int> load_program(const std::vector<bpf_insn>& program) {
    static constexpr char kLicence[] = "Apache-2.0";
    bpf_attr attributes = {};
    attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.insn_cnt = static_cast<std::uint32_t>(program.size());
    attributes.license = reinterpret_cast<std::uintptr_t>(kLicence);
    const int loaded = call_bpf(BPF_PROG_LOAD, attributes);
    if (loaded < 0) {
        return kernel_refuses("the kernel takes no BPF program for devices");
    }
    return loaded;
}

// --- the trial

// 0 if the kernel refuses what is not on the (empty) list.
int try_as_child(const Cgroup& group) {
    if (!group.enter()) {
        return 1;
    }
    return open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM ? 0 : 2;
}

Status try_kind(const CgroupLayout& layout, const std::string& name, DeviceFilterKind kind) {
    const Result<Cgroup> group =
        Cgroup::create(layout, name, {.devices = {.kind = kind, .allowed = {}}});
    if (!group) {
        return group.error();
    }
    const pid_t child = fork();
    if (child == 0) {
        _exit(try_as_child(*group));
    }
    int status = -1;
    waitpid(child, &status, 0);
    for (int tries = 0; !group->remove() && tries < kRemovalTries; ++tries) {
        poll(nullptr, 0, 1);
    }
    if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return Error{ErrorCode::Unavailable,
                     "a process opens devices that the filter of its control group (" +
                         to_text(kind) + ") does not allow"};
    }
    return Done{};
}

}  // namespace

std::string to_text(const DeviceRule& rule) {
    return std::string(1, rule.type) + " " + std::to_string(rule.major) + ":" +
           (rule.minor ? std::to_string(*rule.minor) : "*");
}

Result<DeviceRule> parse_device_rule(const std::string& text) {
    const std::size_t colon = text.find(':');
    const bool typed = text.starts_with("c ") || text.starts_with("b ");
    if (!typed || colon == std::string::npos) {
        return no_rule(text);
    }
    const auto major = parse_integer(text.substr(2, colon - 2), 0, kMostDeviceNumber);
    const auto minor = parse_integer(text.substr(colon + 1), 0, kMostDeviceNumber);
    const bool all = text.substr(colon + 1) == "*";
    if (!major || (!minor && !all)) {
        return no_rule(text);
    }
    DeviceRule rule{.type = text.front(), .major = static_cast<unsigned int>(*major), .minor = {}};
    if (!all) {
        rule.minor = static_cast<unsigned int>(*minor);
    }
    return rule;
}

Result<DeviceRule> rule_of_file(const std::string& path) {
    struct stat found = {};
    if (stat(path.c_str(), &found) != 0) {
        return Error{ErrorCode::NotFound,
                     "the device file " + quote(path) + ": " + std::strerror(errno)};
    }
    if (!S_ISCHR(found.st_mode) && !S_ISBLK(found.st_mode)) {
        return Error{ErrorCode::NotFound, quote(path) + " is no device file"};
    }
    return DeviceRule{.type = S_ISCHR(found.st_mode) ? 'c' : 'b',
                      .major = major(found.st_rdev),
                      .minor = minor(found.st_rdev)};
}

std::vector<DeviceRule> common_devices() {
    std::vector<DeviceRule> rules;
    constexpr std::pair<unsigned int, unsigned int> kCommon[] = {
        {1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9},  // null, zero, full, random, urandom
        {5, 0}, {5, 2},                          // tty, ptmx
    };
    for (const auto& [first, second] : kCommon) {
        rules.push_back({.type = 'c', .major = first, .minor = second});
    }
    for (unsigned int terminal = kFirstTerminal; terminal <= kLastTerminal; ++terminal) {
        rules.push_back({.type = 'c', .major = terminal, .minor = {}});
    }
    return rules;
}

std::string to_text(DeviceFilterKind kind) {
    switch (kind) {
        case DeviceFilterKind::None:
            return "";
        case DeviceFilterKind::Controller:
            return "controller";
        case DeviceFilterKind::Bpf:
            return "bpf";
    }
    return "";
}

Result<DeviceFilterKind> parse_device_filter_kind(const std::string& text) {
    for (const DeviceFilterKind kind :
         {DeviceFilterKind::None, DeviceFilterKind::Controller, DeviceFilterKind::Bpf}) {
        if (to_text(kind) == text) {
            return kind;
        }
    }
    return Error{ErrorCode::InvalidArgument, quote(text) + " is no kind of device filter"};
}

Status set_devices_controller(const std::string& group, const std::vector<DeviceRule>& allowed) {
    if (Status closed = cgroup_files::write(group + "/devices.deny", "a"); !closed) {
        return closed;
    }
    for (const DeviceRule& rule : allowed) {
        (void)cgroup_files::write(group + "/devices.allow", to_text(rule) + " rw");
    }
    return Done{};
}

// The kernel hands the program what is asked for: the type in the lower half of the first word, the
// kind of access in its upper half, then major and minor. Of every rule four or five steps: where
// one does not fit, to the next rule.
std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& allowed) {
    std::vector<bpf_insn> program = {
        load(BPF_REG_2, offsetof(bpf_cgroup_dev_ctx, access_type)),
        load(BPF_REG_3, offsetof(bpf_cgroup_dev_ctx, access_type)),
        load(BPF_REG_4, offsetof(bpf_cgroup_dev_ctx, major)),
        load(BPF_REG_5, offsetof(bpf_cgroup_dev_ctx, minor)),
        with_number(BPF_ALU64 | BPF_AND, BPF_REG_2, 0xffff),
        with_number(BPF_ALU64 | BPF_RSH, BPF_REG_3, 16),
        // Making device files is allowed to nobody.
        with_number(BPF_ALU64 | BPF_AND, BPF_REG_3, BPF_DEVCG_ACC_MKNOD),
        skip_unless_equal(BPF_REG_3, BPF_DEVCG_ACC_MKNOD, 2),
    };
    give(program, 0);
    for (const DeviceRule& rule : allowed) {
        const unsigned int type = rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        const int minors = rule.minor ? 1 : 0;
        program.push_back(skip_unless_equal(BPF_REG_2, type, minors + 3));
        program.push_back(skip_unless_equal(BPF_REG_4, rule.major, minors + 2));
        if (rule.minor) {
            program.push_back(skip_unless_equal(BPF_REG_5, *rule.minor, 2));
        }
        give(program, 1);
    }
    give(program, 0);
    return program;
}

Status attach_device_program(const std::string& group, const std::vector<DeviceRule>& allowed) {
    const Result<int> program = load_program(device_program(allowed));
    if (!program) {
        return program.error();
    }
    const int directory = open(group.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bpf_attr attributes = {};
    attributes.target_fd = static_cast<std::uint32_t>(directory);
    attributes.attach_bpf_fd = static_cast<std::uint32_t>(*program);
    attributes.attach_type = BPF_CGROUP_DEVICE;
    // Whatever systemd or a container has attached above goes on to hold too.
    attributes.attach_flags = BPF_F_ALLOW_MULTI;
    const int attached = directory < 0 ? -1 : call_bpf(BPF_PROG_ATTACH, attributes);
    Status done = Done{};
    if (attached != 0) {
        done = kernel_refuses("no BPF program can be attached to the control group " + group);
    }
    close(*program);
    if (directory >= 0) {
        close(directory);
    }
    return done;
}

Result<DeviceFilterKind> usable_device_filter(const CgroupLayout& layout, const std::string& name) {
    std::string reasons;
    for (const DeviceFilterKind kind : {DeviceFilterKind::Controller, DeviceFilterKind::Bpf}) {
        const Status works = try_kind(layout, name, kind);
        if (works) {
            return kind;
        }
        reasons += (reasons.empty() ? "" : "; ") + works.error().message;
    }
    return Error{ErrorCode::Unavailable, reasons};
}

}  // namespace gusu::agent
