#include "tools/gusu/session.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <ostream>

#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/text/json.h"
#include "proto/text/yaml.h"
#include "tools/gusu/catalogue.h"

namespace gusu::cli {

int exit_code(const Error& error) {
    switch (error.code) {
        case ErrorCode::NotFound:
            return kNotFound;
        case ErrorCode::Unavailable:
            return kUnreachable;
        case ErrorCode::NotAllowed:
        case ErrorCode::Unauthenticated:
            return kNotAllowed;
        case ErrorCode::InvalidArgument:
        case ErrorCode::AlreadyExists:
        case ErrorCode::QuotaExceeded:
        case ErrorCode::FailedPrecondition:
        case ErrorCode::Internal:
            return kRefused;
    }
    return kRefused;
}

std::filesystem::path Session::credentials_file() const {
    return settings.config.empty() ? rpc::credentials_file() : settings.config;
}

Client Session::open_client() {
    const std::filesystem::path file = credentials_file();
    const Result<config::v1::Credentials> credentials = rpc::read_credentials(file);
    if (!credentials) {
        return Client(Error{ErrorCode::Unauthenticated, credentials.error().message});
    }
    rpc::Endpoint endpoint = rpc::to_endpoint(*credentials);
    if (!settings.scheduler.empty()) {
        endpoint.target = settings.scheduler;
    }
    return Client(ClientOptions{.target = endpoint.target,
                                .open = rpc::opener(endpoint),
                                .patience = {},
                                .note = [this](std::string_view text) { note(say(text)); }});
}

Client& Session::client() {
    if (!client_) {
        client_.emplace(open_client());
    }
    return *client_;
}

void Session::write(std::string_view text) { out_ << text << std::flush; }

void Session::print(std::string_view line) { out_ << line << '\n' << std::flush; }

void Session::note(std::string_view line) { err_ << "gusu: " << line << '\n' << std::flush; }

int Session::fail(const Error& error) {
    note(error.message);
    return exit_code(error);
}

int Session::misuse(const std::string& message) {
    note(message);
    return kWrongWords;
}

int Session::show(const google::protobuf::Message& message,
                  const std::function<std::string()>& table) {
    std::string text;
    switch (settings.format) {
        case Format::Json:
            text = text::write_json(message);
            break;
        case Format::Yaml:
            text = text::write_yaml(message);
            break;
        case Format::Table:
        case Format::Wide:
            text = table();
            break;
    }
    if (!text.empty() && !text.ends_with('\n')) {
        text += '\n';
    }
    write(text);
    return kDone;
}

int Session::terminal_width() {
    winsize size{};
    if (isatty(STDOUT_FILENO) == 0) {
        return 0;
    }
    constexpr int kUsualWidth = 80;
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : kUsualWidth;
}

bool Session::has_colour() {
    const char* refused = std::getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) != 0 && (refused == nullptr || *refused == '\0');
}

}  // namespace gusu::cli
