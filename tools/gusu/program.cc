#include "tools/gusu/program.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <ostream>

#include "proto/rpc/credentials.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/job_spec.h"
#include "tools/gusu/verbs.h"

namespace gusu::cli {
namespace {

constexpr const char* kVersion = "gusu 0.1.0";

std::string full_name(const CLI::App& app) {
    return app.get_parent() == nullptr ? app.get_name()
                                       : full_name(*app.get_parent()) + " " + app.get_name();
}

// The two verbs that end in somebody else's words say so in their usage.
class HelpFormatter : public CLI::Formatter {
public:
    std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
        if (app->get_name() == "submit") {
            return "Usage: gusu submit [OPTIONS] -- COMMAND...\n"
                   "       gusu submit [OPTIONS] SCRIPT [ARGUMENTS...]\n"
                   "       gusu submit [OPTIONS] -f JOB.yaml\n";
        }
        if (app->get_name() == "run") {
            return "Usage: gusu run [OPTIONS] [--] COMMAND...\n";
        }
        return CLI::Formatter::make_usage(app, full_name(*app));
    }
};

void add_global_options(CLI::App& root, Invocation& invocation) {
    root.add_option("--config", invocation.settings.config,
                    "Credentials to use instead of $GUSU_CREDENTIALS")
        ->type_name("FILE");
    root.add_option("--scheduler", invocation.settings.scheduler,
                    "Scheduler to talk to instead of the one logged in to")
        ->type_name("HOST:PORT");
    root.add_flag_callback(
        "--check-config",
        [&invocation] {
            invocation.action = [](Session& session) {
                const auto read = rpc::read_credentials(session.credentials_file());
                return read ? kDone : session.misuse(read.error().message);
            };
        },
        "Read the credentials, say what is wrong with them, do nothing");
    root.set_version_flag("--version", kVersion);
}

std::unique_ptr<CLI::App> make_root(Invocation& invocation) {
    auto root = std::make_unique<CLI::App>("Gusu: GPU jobs, from submission to GPU-hours", "gusu");
    const auto formatter = std::make_shared<HelpFormatter>();
    constexpr std::size_t kColumn = 36;
    formatter->column_width(kColumn);
    root->formatter(formatter);
    root->fallthrough();
    root->set_help_flag("-h,--help", "This help");
    root->require_subcommand(0, 1);
    add_global_options(*root, invocation);
    add_job_verbs(*root, invocation);
    add_cluster_verbs(*root, invocation);
    add_reservation_verbs(*root, invocation);
    add_tenant_verbs(*root, invocation);
    add_access_verbs(*root, invocation);
    add_admin_verbs(*root, invocation);
    root->footer(
        "Examples:\n"
        "  gusu login --scheduler HOST:PORT --authority ca.pem --token-file token\n"
        "  gusu run --gpus 1 -- nvidia-smi\n"
        "  gusu submit --nodes 2 --gpus-per-node 8 --time 4h train.sh\n"
        "  gusu explain 1042\n\n"
        "`gusu VERB --help` tells more. Exit codes: 0 done, 1 refused, 2 wrong words, 3 not "
        "found,\n"
        "4 scheduler unreachable, 5 not allowed, 124 time ran out; wait, run and exec: as the "
        "job.");
    return root;
}

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

// Whether the word after this option is its value.
bool takes_next_word(const CLI::App& app, const std::string& word) {
    if (word.find('=') != std::string::npos) {
        return false;
    }
    const bool is_long = word.starts_with("--");
    const CLI::Option* option = app.get_option_no_throw(
        is_long ? word : word.substr(0, std::min<std::size_t>(2, word.size())));
    if (option == nullptr && app.get_parent() != nullptr) {
        return takes_next_word(*app.get_parent(), word);
    }
    const bool attached = !is_long && word.size() > 2;
    return option != nullptr && option->get_items_expected_max() > 0 && !attached;
}

CLI::App* find_verb(CLI::App& app, const std::string& word) {
    const auto found =
        app.get_subcommands([&](CLI::App* child) { return child->check_name(word); });
    return found.empty() ? nullptr : found.front();
}

std::vector<std::string> verb_names(CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* child : app.get_subcommands([](CLI::App*) { return true; })) {
        names.push_back(child->get_name());
        names.insert(names.end(), child->get_aliases().begin(), child->get_aliases().end());
    }
    return names;
}

// "help node drain" is "node drain --help".
std::vector<std::string> with_help_as_option(std::vector<std::string> words) {
    if (!words.empty() && words.front() == "help") {
        words.erase(words.begin());
        words.emplace_back("--help");
    }
    return words;
}

// The words of a command line, cut where its own end and those of the job begin.
struct Words {
    CLI::App* verb = nullptr;
    std::vector<std::string> own = {};
    std::vector<std::string> job = {};
    bool after_dashes = false;
};

// Whether this word, and everything after it, belongs to the job, whatever it looks like: of submit
// and run, from the first word that is no option, of exec from the second; or after "--".
bool begins_job_words(const CLI::App& verb, const std::string& word, std::size_t own_words) {
    const std::string& name = verb.get_name();
    if (name != "submit" && name != "run" && name != "exec") {
        return false;
    }
    return word == "--" || (!is_option(word) && (name != "exec" || own_words > 0));
}

// Walks down to the verb.
Result<Words> cut(CLI::App& root, const std::vector<std::string>& given) {
    Words words{.verb = &root};
    std::size_t own_words = 0;  // of the verb, besides options
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string& word = given[i];
        if (begins_job_words(*words.verb, word, own_words)) {
            words.after_dashes = word == "--";
            words.job.assign(
                given.begin() + static_cast<std::ptrdiff_t>(words.after_dashes ? i + 1 : i),
                given.end());
            return words;
        }
        words.own.push_back(word);
        if (is_option(word)) {
            if (takes_next_word(*words.verb, word) && i + 1 < given.size()) {
                words.own.push_back(given[++i]);
            }
            continue;
        }
        const std::vector<std::string> names = verb_names(*words.verb);
        if (names.empty()) {
            ++own_words;
            continue;
        }
        CLI::App* const verb = find_verb(*words.verb, word);
        if (verb == nullptr) {
            const std::string near = nearest_name(word, names);
            return Error{ErrorCode::InvalidArgument,
                         full_name(*words.verb) + " has no \"" + word + "\"" +
                             (near.empty() ? "" : "; did you mean \"" + near + "\"?") + " (`" +
                             full_name(*words.verb) + " --help` lists what there is)"};
        }
        words.verb = verb;
    }
    return words;
}

std::vector<std::string> option_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

// Of a ParseError: what is wrong, and where help is.
std::string explain_error(const CLI::App& root, const CLI::App& verb,
                          const CLI::ParseError& error) {
    std::string text = error.what();
    for (const std::string& word : root.remaining(/*recurse=*/true)) {
        if (is_option(word)) {
            const std::string near =
                nearest_name(word.substr(0, word.find('=')), option_names(verb));
            text = full_name(verb) + " has no option " + word +
                   (near.empty() ? "" : "; did you mean " + near + "?");
            break;
        }
    }
    std::ranges::replace(text, '\n', ' ');
    return text + " (`" + full_name(verb) + " --help`)";
}

// A parsed command line, or the exit code it comes to without one.
struct Parsed {
    bool is_over = false;
    int exit_code = kDone;
};

Parsed parse(CLI::App& root, Words words, Session& session) {
    std::ranges::reverse(words.own);
    try {
        root.parse(std::move(words.own));
        return {};
    } catch (const CLI::CallForHelp&) {
        session.write(words.verb->help());
        return {true, kDone};
    } catch (const CLI::CallForVersion&) {
        session.print(kVersion);
        return {true, kDone};
    } catch (const CLI::ParseError& error) {
        return {true, session.misuse(explain_error(root, *words.verb, error))};
    }
}

void give_job_words(Words& words, Invocation& invocation) {
    if (words.job.empty()) {
        return;
    }
    if (!words.after_dashes) {
        invocation.script_file = words.job.front();
        words.job.erase(words.job.begin());
    }
    invocation.command = std::move(words.job);
}

std::vector<std::string> choices_of(const std::string& placeholder) {
    return placeholder.find('|') == std::string::npos ? std::vector<std::string>()
                                                      : split(placeholder, '|');
}

Command tree_of(const CLI::App& app) {
    Command command{
        .name = app.get_name(), .help = app.get_description(), .options = {}, .commands = {}};
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty() || option->get_positional()) {
            continue;
        }
        CommandOption words{.names = {}, .help = option->get_description()};
        for (const std::string& name : option->get_lnames()) {
            words.names.push_back("--" + name);
        }
        for (const std::string& name : option->get_snames()) {
            words.names.push_back("-" + name);
        }
        words.takes_value = option->get_items_expected_max() > 0;
        words.choices =
            words.takes_value ? choices_of(option->get_type_name()) : std::vector<std::string>();
        command.options.push_back(std::move(words));
    }
    for (const CLI::App* child : app.get_subcommands([](const CLI::App*) { return true; })) {
        command.commands.push_back(tree_of(*child));
    }
    return command;
}

}  // namespace

void add_format(CLI::App& verb, Invocation& invocation) {
    verb.add_option_function<std::string>(
            "-o,--output",
            [&invocation](const std::string& word) {
                invocation.settings.format = word == "json"   ? Format::Json
                                             : word == "yaml" ? Format::Yaml
                                             : word == "wide" ? Format::Wide
                                                              : Format::Table;
            },
            "How to show it")
        ->type_name("table|wide|json|yaml")
        ->check([](const std::string& word) {
            return word == "table" || word == "wide" || word == "json" || word == "yaml"
                       ? std::string()
                       : "\"" + word + "\" is none of table, wide, json, yaml";
        });
    verb.add_flag_callback(
        "--json", [&invocation] { invocation.settings.format = Format::Json; }, "As -o json");
}

Command command_tree() {
    Invocation unused;
    return tree_of(*make_root(unused));
}

Result<Submission> parse_submission(const std::vector<std::string>& given) {
    Invocation invocation;
    const std::unique_ptr<CLI::App> root = make_root(invocation);
    Result<Words> words = cut(*root, given);
    if (!words) {
        return words.error();
    }
    give_job_words(*words, invocation);
    std::ranges::reverse(words->own);
    try {
        root->parse(std::move(words->own));
    } catch (const CLI::ParseError& error) {
        return Error{ErrorCode::InvalidArgument, explain_error(*root, *words->verb, error)};
    }
    if (!invocation.submission) {
        return Error{ErrorCode::InvalidArgument, "neither submit nor run"};
    }
    return *invocation.submission;
}

int run_program(const std::vector<std::string>& given, std::ostream& out, std::ostream& err) {
    Session session(out, err);
    Invocation invocation;
    const std::unique_ptr<CLI::App> root = make_root(invocation);
    Result<Words> words = cut(*root, with_help_as_option(given));
    if (!words) {
        return session.misuse(words.error().message);
    }
    give_job_words(*words, invocation);
    const Parsed parsed = parse(*root, std::move(*words), session);
    if (parsed.is_over) {
        return parsed.exit_code;
    }
    if (!invocation.action) {
        session.write(root->help());
        return kDone;
    }
    session.settings = invocation.settings;
    return invocation.action(session);
}

}  // namespace gusu::cli
