#include "agent/daemon/say_saved.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "agent/supervisor/descriptor.h"

namespace gusu::agent {
namespace {

constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};
constexpr std::string_view kWord = "saved\n";

Error socket_error(const std::string& socket) {
    return {ErrorCode::Unavailable, socket + ": " + std::strerror(errno)};
}

Result<Descriptor> connect_to(const std::string& path) {
    sockaddr_un address = {};
    if (path.size() >= sizeof address.sun_path) {
        return Error{ErrorCode::InvalidArgument, path + ": too long for a socket"};
    }
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    Descriptor connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
        return socket_error(path);
    }
    return connection;
}

}  // namespace

Status say_saved(const std::string& socket) {
    if (socket.empty()) {
        return Error{ErrorCode::FailedPrecondition,
                     "GUSU_CHECKPOINT_SOCKET is not set; this is for programs of a job"};
    }
    const Result<Descriptor> connection = connect_to(socket);
    if (!connection) {
        return connection.error();
    }
    if (::send(connection->get(), kWord.data(), kWord.size(), MSG_NOSIGNAL) < 0) {
        return socket_error(socket);
    }
    char buffer[512];
    const ssize_t got = ::recv(connection->get(), buffer, sizeof buffer, 0);
    if (got < 0) {
        return socket_error(socket);
    }
    const std::string answer(buffer, static_cast<std::size_t>(got));
    if (answer != "ok\n") {
        return Error{ErrorCode::FailedPrecondition, answer.substr(0, answer.find('\n'))};
    }
    return Done{};
}

}  // namespace gusu::agent
