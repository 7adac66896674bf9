#include "agent/supervisor/task_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gusu::agent {

Result<Descriptor> listen_at(const std::string& path, int backlog) {
    sockaddr_un address = {};
    if (path.size() >= sizeof address.sun_path) {
        return Error{ErrorCode::InvalidArgument, path +
                                                     " is too long for a socket, which may have " +
                                                     std::to_string(sizeof address.sun_path - 1) +
                                                     " bytes; give the agent a shorter state_dir"};
    }
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    Descriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    unlink(path.c_str());
    const mode_t mask = umask(0);
    const bool bound =
        listener.open() &&
        bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    const int cause = errno;
    umask(mask);
    if (!bound || listen(listener.get(), backlog) != 0) {
        return Error{ErrorCode::Internal,
                     "cannot listen on " + path + ": " + std::strerror(bound ? errno : cause)};
    }
    return listener;
}

}  // namespace gusu::agent
