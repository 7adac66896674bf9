#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/gusu/access_commands.h"
#include "tools/gusu/program.h"
#include "tools/gusu/verbs.h"

namespace gusu::cli {
namespace {

constexpr const char* kGroup = "Access";

void add_login(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("login", "Keep where the scheduler is and who you are");
    const auto words = std::make_shared<Login>();
    verb.group(kGroup)
        ->add_option("--scheduler", words->scheduler, "Where it listens")
        ->type_name("HOST:PORT");
    verb.add_option("--authority", words->authority_file,
                    "Certificate of the authority that vouches for the scheduler, PEM")
        ->type_name("FILE");
    verb.add_option("--token-file", words->token_file, "Your token; else it is read from stdin")
        ->type_name("FILE");
    add_format(verb, invocation);
    verb.footer(
        "The credentials are kept in $XDG_CONFIG_HOME/gusu/credentials.yaml (or "
        "$GUSU_CREDENTIALS),\nreadable by you alone, once the scheduler has accepted them.\n"
        "Example:\n  gusu login --scheduler gusu.example.org:7070 --authority ca.pem < token");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return login(session, *words); };
    });
}

void add_whoami(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("whoami", "Who you are to the scheduler, your roles");
    add_format(*verb.group(kGroup), invocation);
    verb.callback([&invocation] { invocation.action = whoami; });
}

void add_token_create(CLI::App& token, Invocation& invocation) {
    CLI::App& verb = *token.add_subcommand("create", "A new token; its secret alone on stdout");
    const auto words = std::make_shared<NewToken>();
    verb.add_option("--user", words->user, "For somebody else")->type_name("USER");
    verb.add_option("--node", words->node, "One-time token by which this node's agent enrols")
        ->type_name("NODE");
    verb.add_option("--lifetime", words->lifetime, "At most 90d; else 30d, for nodes 1h")
        ->type_name("TIME");
    add_format(verb, invocation);
    verb.footer("Example:\n  gusu token create --node gpu-017 > enrolment.token");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) { return create_token(session, *words); };
    });
}

void add_token(CLI::App& root, Invocation& invocation) {
    CLI::App& token = *root.add_subcommand("token", "Create, list and revoke tokens");
    token.group(kGroup)->require_subcommand(1);
    add_token_create(token, invocation);
    CLI::App& list = *token.add_subcommand("list", "Tokens, without their secrets");
    add_format(list, invocation);
    list.callback([&invocation] { invocation.action = tokens; });
    CLI::App& revoke = *token.add_subcommand("revoke", "End a token at once");
    const auto id = std::make_shared<std::string>();
    revoke.add_option("ID", *id, "As `gusu token list` shows it")->required()->type_name("");
    add_format(revoke, invocation);
    revoke.callback([&invocation, id] {
        invocation.action = [id](Session& session) { return revoke_token(session, *id); };
    });
}

using GrantFunction = int (*)(Session&, const GrantWords&);

void add_grant(CLI::App& verb, Invocation& invocation, GrantFunction function) {
    const auto words = std::make_shared<GrantWords>();
    verb.add_option("USER", words->user)->required()->type_name("");
    verb.add_option("ROLE", words->role,
                    "researcher, tenant_admin, operator, system_admin, security_admin, auditor")
        ->required()
        ->type_name("");
    verb.add_option("--tenant", words->tenant, "Of this tenant (researcher, tenant_admin)")
        ->type_name("PATH");
    add_format(verb, invocation);
    verb.callback([&invocation, words, function] {
        invocation.action = [words, function](Session& session) {
            return function(session, *words);
        };
    });
}

void add_user(CLI::App& root, Invocation& invocation) {
    CLI::App& user = *root.add_subcommand("user", "Grant, revoke and list roles of users");
    user.group(kGroup)->require_subcommand(1);
    add_grant(*user.add_subcommand("grant", "Give a user a role"), invocation, grant_role);
    add_grant(*user.add_subcommand("revoke", "Take a role from a user"), invocation, revoke_role);
    CLI::App& list = *user.add_subcommand("list", "Who has which role");
    const auto name = std::make_shared<std::string>();
    list.add_option("USER", *name, "Only this one")->type_name("");
    add_format(list, invocation);
    list.callback([&invocation, name] {
        invocation.action = [name](Session& session) { return grants(session, *name); };
    });
}

void add_completion(CLI::App& root, Invocation& invocation) {
    CLI::App& verb = *root.add_subcommand("completion", "Print completions for your shell");
    const auto shell = std::make_shared<std::string>();
    verb.group("This program")
        ->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->type_name("");
    verb.footer(
        "Examples:\n  source <(gusu completion bash)\n"
        "  gusu completion fish > ~/.config/fish/completions/gusu.fish");
    verb.callback([&invocation, shell] {
        invocation.action = [shell](Session& session) {
            const Result<std::string> script = completion_script(command_tree(), *shell);
            if (!script) {
                return session.misuse(script.error().message);
            }
            session.write(*script);
            return kDone;
        };
    });
}

}  // namespace

void add_access_verbs(CLI::App& root, Invocation& invocation) {
    add_login(root, invocation);
    add_whoami(root, invocation);
    add_token(root, invocation);
    add_user(root, invocation);
    add_completion(root, invocation);
}

}  // namespace gusu::cli
