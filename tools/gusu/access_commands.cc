#include "tools/gusu/access_commands.h"

#include <google/protobuf/util/time_util.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "proto/rpc/channel.h"
#include "proto/rpc/credentials.h"
#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/cluster_view.h"
#include "tools/gusu/job_commands.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

using google::protobuf::util::TimeUtil;

View view_of(const Session& session) {
    return View{session.is_wide(), Session::terminal_width(), wall_now()};
}

Result<std::string> read_text(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        return Error{ErrorCode::InvalidArgument, "cannot read \"" + file + "\""};
    }
    return std::string(std::istreambuf_iterator<char>(stream), {});
}

std::string without_space(std::string text) {
    std::erase_if(text, [](unsigned char c) { return std::isspace(c) != 0; });
    return text;
}

// What is typed at a terminal does not show.
class HiddenInput {
public:
    HiddenInput() : terminal_(isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &before_) == 0) {
        if (terminal_) {
            termios hidden = before_;
            hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
        }
    }
    ~HiddenInput() {
        if (terminal_) {
            tcsetattr(STDIN_FILENO, TCSANOW, &before_);
            std::cerr << '\n';
        }
    }
    HiddenInput(const HiddenInput&) = delete;
    HiddenInput& operator=(const HiddenInput&) = delete;

private:
    termios before_{};
    bool terminal_;
};

Result<std::string> read_token(const std::string& file) {
    if (!file.empty()) {
        const Result<std::string> text = read_text(file);
        return text ? Result<std::string>(without_space(*text)) : text;
    }
    if (isatty(STDIN_FILENO) != 0) {
        std::cerr << "Token: " << std::flush;
    }
    const HiddenInput hidden;
    std::string line;
    std::getline(std::cin, line);
    return without_space(line);
}

Result<config::v1::Credentials> read_login(const Session& session, const Login& words) {
    config::v1::Credentials credentials;
    const Result<config::v1::Credentials> before =
        rpc::read_credentials(session.credentials_file());
    if (before) {
        credentials = *before;
    }
    const char* usual = std::getenv("GUSU_SCHEDULER");
    std::string scheduler = words.scheduler.empty() ? session.settings.scheduler : words.scheduler;
    if (scheduler.empty() && usual != nullptr) {
        scheduler = usual;
    }
    if (!scheduler.empty()) {
        credentials.set_scheduler(scheduler);
    }
    if (!words.authority_file.empty()) {
        const Result<std::string> authority = read_text(words.authority_file);
        if (!authority) {
            return Error{ErrorCode::InvalidArgument, "--authority: " + authority.error().message};
        }
        credentials.set_authority(*authority);
    }
    if (credentials.scheduler().empty() || credentials.authority().empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "login needs --scheduler HOST:PORT and --authority FILE (the certificate of "
                     "the authority, given by your administrator) the first time"};
    }
    const Result<std::string> token = read_token(words.token_file);
    if (!token) {
        return Error{ErrorCode::InvalidArgument, "--token-file: " + token.error().message};
    }
    if (token->empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "there is no token: give --token-file FILE, or the token on stdin"};
    }
    credentials.set_token(*token);
    return credentials;
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

Result<v1::Role> parse_role(const std::string& word) {
    std::vector<std::string> names;
    std::string allowed;
    for (int i = 1; i < v1::Role_descriptor()->value_count(); ++i) {
        const auto& value = *v1::Role_descriptor()->value(i);
        names.push_back(lower(text::enum_text(value)));
        if (names.back() == lower(word)) {
            return static_cast<v1::Role>(value.number());
        }
        allowed += (allowed.empty() ? "" : ", ") + names.back();
    }
    const std::string near = nearest_name(lower(word), names);
    return Error{ErrorCode::InvalidArgument,
                 "there is no role \"" + word + "\"" +
                     (near.empty() ? "" : "; did you mean " + near + "?") + " (" + allowed + ")"};
}

template <typename Request>
int change_role(Session& session, const GrantWords& words) {
    const Result<v1::Role> role = parse_role(words.role);
    if (!role) {
        return session.misuse(role.error().message);
    }
    Request request;
    request.mutable_grant()->set_user(words.user);
    request.mutable_grant()->set_role(*role);
    request.mutable_grant()->set_tenant(words.tenant);
    const auto done = session.client().call(request);
    return done ? session.show(*done, [] { return std::string(); }) : session.fail(done.error());
}

}  // namespace

int login(Session& session, const Login& words) {
    const Result<config::v1::Credentials> credentials = read_login(session, words);
    if (!credentials) {
        return session.misuse(credentials.error().message);
    }
    const rpc::Endpoint endpoint{.target = credentials->scheduler(),
                                 .authority = credentials->authority(),
                                 .certificate = "",
                                 .key = "",
                                 .token = credentials->token()};
    session.use(Client(
        ClientOptions{.target = endpoint.target, .open = rpc::opener(endpoint), .patience = {}}));
    const Result<v1::WhoAmIResponse> me = session.client().call(v1::WhoAmIRequest());
    if (!me) {
        return session.fail(me.error());
    }
    const Status written = rpc::write_credentials(session.credentials_file(), *credentials);
    if (!written) {
        return session.fail(written.error());
    }
    session.note(say("logged in") + ": " + session.credentials_file().string());
    return session.show(*me, [&] { return identity_details(*me); });
}

int whoami(Session& session) {
    const Result<v1::WhoAmIResponse> me = session.client().call(v1::WhoAmIRequest());
    if (!me) {
        return session.fail(me.error());
    }
    return session.show(*me, [&] { return identity_details(*me); });
}

int create_token(Session& session, const NewToken& words) {
    v1::CreateTokenRequest request;
    request.set_user(words.user);
    request.set_node(words.node);
    if (!words.lifetime.empty()) {
        const Result<Duration> lifetime = parse_duration(words.lifetime);
        if (!lifetime) {
            return session.misuse("--lifetime: " + lifetime.error().message);
        }
        *request.mutable_lifetime() = TimeUtil::MillisecondsToDuration(lifetime->count());
    }
    const Result<v1::CreateTokenResponse> made = session.client().call(request);
    if (!made) {
        return session.fail(made.error());
    }
    if (session.is_for_people()) {
        session.note("token " + made->token().id() + ", until " +
                     local_time(made->token().expires_at()) + "; it is shown only now");
    }
    return session.show(*made, [&] { return made->secret(); });
}

int tokens(Session& session) {
    const Result<v1::ListTokensResponse> found =
        all_pages(session.client(), v1::ListTokensRequest());
    if (!found) {
        return session.fail(found.error());
    }
    return session.show(*found, [&] { return token_table(*found, view_of(session)); });
}

int revoke_token(Session& session, const std::string& id) {
    v1::RevokeTokenRequest request;
    request.set_id(id);
    const Result<v1::RevokeTokenResponse> done = session.client().call(request);
    return done ? session.show(*done, [] { return std::string(); }) : session.fail(done.error());
}

int grant_role(Session& session, const GrantWords& words) {
    return change_role<v1::GrantRoleRequest>(session, words);
}

int revoke_role(Session& session, const GrantWords& words) {
    return change_role<v1::RevokeRoleRequest>(session, words);
}

int grants(Session& session, const std::string& user) {
    v1::ListGrantsRequest request;
    request.set_user(user);
    const Result<v1::ListGrantsResponse> found = all_pages(session.client(), request);
    if (!found) {
        return session.fail(found.error());
    }
    return session.show(*found, [&] { return grant_table(*found, view_of(session)); });
}

}  // namespace gusu::cli
