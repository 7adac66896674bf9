// What every verb shares: where to write, in which form, and how to reach the scheduler.
#pragma once

#include <google/protobuf/message.h>

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/base/result.h"
#include "tools/gusu/client.h"

namespace gusu::cli {

enum class Format { Table, Wide, Json, Yaml };

// The exit codes users may rely on.
inline constexpr int kDone = 0;
inline constexpr int kRefused = 1;
inline constexpr int kWrongWords = 2;
inline constexpr int kNotFound = 3;
inline constexpr int kUnreachable = 4;
inline constexpr int kNotAllowed = 5;
inline constexpr int kTimeRanOut = 124;
inline constexpr int kInterrupted = 130;
inline constexpr int kSignalBase = 128;

int exit_code(const Error& error);

struct Settings {
    Format format = Format::Table;
    // Of the credentials; empty: the usual place.
    std::filesystem::path config;
    // Instead of the one in the credentials.
    std::string scheduler;
};

class Session {
public:
    // Both streams outlive the session.
    Session(std::ostream& out, std::ostream& err) : out_(out), err_(err) {}

    Settings settings;

    // Reads the credentials and opens the channel when first asked. Tests bring a client of their
    // own.
    Client& client();
    void use(Client client) { client_.emplace(std::move(client)); }

    std::filesystem::path credentials_file() const;

    // To stdout: as it is, or one line.
    void write(std::string_view text);
    void print(std::string_view line);
    // To stderr.
    void note(std::string_view line);

    // "gusu: message" on stderr; gives the exit code.
    int fail(const Error& error);
    // The words of the command are wrong: exit code 2.
    int misuse(const std::string& message);

    // The message as JSON or YAML, or what `table` makes of it. Gives exit code 0.
    int show(const google::protobuf::Message& message, const std::function<std::string()>& table);

    bool is_wide() const { return settings.format == Format::Wide; }
    bool is_for_people() const {
        return settings.format == Format::Table || settings.format == Format::Wide;
    }
    // Columns of the terminal on stdout; 0: not a terminal, no limit.
    static int terminal_width();
    // Colours are for terminals whose owner has not set NO_COLOR.
    static bool has_colour();

private:
    Client open_client();

    std::ostream& out_;
    std::ostream& err_;
    std::optional<Client> client_;
};

// Asks for page after page and joins their lists into one response.
template <typename Request>
auto all_pages(Client& client, Request request) -> decltype(client.call(request)) {
    auto all = client.call(request);
    while (all && !all->next_page_token().empty()) {
        request.set_page_token(all->next_page_token());
        auto next = client.call(request);
        if (!next) {
            return next;
        }
        all->clear_next_page_token();
        all->MergeFrom(*next);
    }
    return all;
}

}  // namespace gusu::cli
