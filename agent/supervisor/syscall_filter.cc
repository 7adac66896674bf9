#include "agent/supervisor/syscall_filter.h"

#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace gusu::agent {
namespace {

// What a program that may be built for another kernel does without, if it hears that it is not
// there.
constexpr int kAbsent[] = {
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(fanotify_mark),
    SCMP_SYS(memfd_secret),
    // Its flags stand in memory, where a filter cannot look; everybody then calls clone.
    SCMP_SYS(clone3),
};

constexpr int kRefused[] = {
    // The view of the files.
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(umount),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(quotactl),
    SCMP_SYS(quotactl_fd),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    // The kernel itself.
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(create_module),
    SCMP_SYS(reboot),
    SCMP_SYS(syslog),
    SCMP_SYS(lookup_dcookie),
    SCMP_SYS(uselib),
    SCMP_SYS(sysfs),
    SCMP_SYS(_sysctl),
    SCMP_SYS(nfsservctl),
    SCMP_SYS(vhangup),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(modify_ldt),
    // Clock and name of the machine.
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(stime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
};

constexpr scmp_datum_t kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
                                        CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// The first that fails counts; those of another architecture are none.
class Rules {
public:
    explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

    void add(int error, int call) {
        note(seccomp_rule_add(filter_, SCMP_ACT_ERRNO(error), call, 0));
    }
    void add(int error, int call, scmp_arg_cmp argument) {
        note(seccomp_rule_add(filter_, SCMP_ACT_ERRNO(error), call, 1, argument));
    }
    int failure() const { return failure_; }

private:
    void note(int result) {
        if (result != 0 && result != -EDOM && failure_ == 0) {
            failure_ = -result;
        }
    }

    scmp_filter_ctx filter_;
    int failure_ = 0;
};

// One rule for each bit, as a rule asks for equality after a mask.
void refuse_namespaces(Rules& rules) {
    for (scmp_datum_t bit = 1; bit != 0 && bit <= kNewNamespaces; bit <<= 1) {
        if ((bit & kNewNamespaces) != 0) {
            rules.add(EPERM, SCMP_SYS(unshare), SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
            rules.add(EPERM, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
        }
    }
    rules.add(EPERM, SCMP_SYS(unshare), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWTIME, CLONE_NEWTIME));
}

void refuse_device_files(Rules& rules) {
    for (const scmp_datum_t kind : {S_IFCHR, S_IFBLK}) {
        rules.add(EPERM, SCMP_SYS(mknod), SCMP_A1(SCMP_CMP_MASKED_EQ, S_IFMT, kind));
        rules.add(EPERM, SCMP_SYS(mknodat), SCMP_A2(SCMP_CMP_MASKED_EQ, S_IFMT, kind));
    }
}

// Words put into a terminal that another reads from; the kernel looks at 32 bits.
void refuse_terminal_tricks(Rules& rules) {
    for (const scmp_datum_t request : {TIOCSTI, TIOCLINUX}) {
        rules.add(EPERM, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffU, request));
    }
}

void refuse_sockets(Rules& rules) {
    for (const scmp_datum_t family : {AF_ALG, AF_VSOCK, AF_PACKET, AF_KEY, AF_BLUETOOTH}) {
        rules.add(EAFNOSUPPORT, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffU, family));
    }
}

}  // namespace

std::string filter_syscalls() {
    const Filter filter(seccomp_init(SCMP_ACT_ALLOW), &seccomp_release);
    if (filter == nullptr) {
        return "cannot make a filter of system calls";
    }
    Rules rules(filter.get());
    seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
    for (const int call : kAbsent) {
        rules.add(ENOSYS, call);
    }
    for (const int call : kRefused) {
        rules.add(EPERM, call);
    }
    refuse_namespaces(rules);
    refuse_device_files(rules);
    refuse_terminal_tricks(rules);
    refuse_sockets(rules);
    const int failure = rules.failure() != 0 ? rules.failure() : -seccomp_load(filter.get());
    return failure == 0 ? "" : std::string("cannot filter system calls: ") + std::strerror(failure);
}

}  // namespace gusu::agent
