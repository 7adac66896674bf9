#include "agent/supervisor/before_exec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "scheduler/base/text.h"

namespace gusu::agent {

Result<Words> make_words() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return Error{ErrorCode::Internal,
                     std::string("cannot make a socket pair: ") + std::strerror(errno)};
    }
    return Words{.parent = Descriptor(ends[0]), .child = Descriptor(ends[1])};
}

void tell(const Descriptor& socket, const std::string& text, int carried) {
    iovec part = {const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (carried >= 0) {
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &carried, sizeof carried);
    }
    (void)sendmsg(socket.get(), &message, MSG_NOSIGNAL);
}

std::string hear(const Descriptor& socket, Descriptor& carried) {
    std::vector<char> text(4096);
    iovec part = {text.data(), text.size()};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    ssize_t got = 0;
    do {
        got = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); got > 0 && header != nullptr) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(header), sizeof number);
        carried = Descriptor(number);
    }
    return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

std::string enter_directory(const std::string& workdir) {
    if (chdir(workdir.c_str()) == 0) {
        return "";
    }
    if (errno == ENOENT) {
        return "the working directory " + quote(workdir) + " does not exist";
    }
    return "the working directory " + quote(workdir) +
           " cannot be entered: " + std::strerror(errno);
}

void be_no_better_than_others() {
    const Descriptor score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    (void)!write(score.get(), "0", 1);
    const rlimit none = {0, 0};
    for (const auto limit : {RLIMIT_CORE, RLIMIT_RTPRIO}) {
        setrlimit(limit, &none);
    }
}

// Also the two that the C library keeps for itself, which signal() refuses to touch.
void reset_signals() {
    const unsigned long defaults[8] = {};  // the kernel's sigaction, all zero
    for (int number = 1; number < NSIG; ++number) {
        syscall(SYS_rt_sigaction, number, defaults, nullptr, sizeof(unsigned long));
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace gusu::agent
