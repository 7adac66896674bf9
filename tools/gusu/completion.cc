#include "tools/gusu/completion.h"

#include <algorithm>
#include <functional>

namespace gusu::cli {
namespace {

// Calls `visit` with each command and its path, as "gusu node drain".
void walk(const Command& command, const std::string& path,
          const std::function<void(const Command&, const std::string&)>& visit) {
    visit(command, path);
    for (const Command& child : command.commands) {
        walk(child, path + " " + child.name, visit);
    }
}

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

// "gusu submit"|"gusu run"|...: for a case in bash and zsh.
std::string paths_pattern(const Command& root) {
    std::string pattern;
    walk(root, root.name, [&](const Command&, const std::string& path) {
        if (path != root.name) {
            pattern += (pattern.empty() ? "\"" : "|\"") + path + "\"";
        }
    });
    return pattern;
}

std::string option_names(const Command& command) {
    std::string names;
    for (const CommandOption& option : command.options) {
        for (const std::string& name : option.names) {
            names += (names.empty() ? "" : " ") + name;
        }
    }
    return names;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : std::string(separator)) + word;
    }
    return text;
}

std::string bash_cases(const CommandOption& option, const std::string& path) {
    std::string cases;
    if (option.choices.empty()) {
        return cases;
    }
    const std::string words = joined(option.choices, " ");
    for (const std::string& name : option.names) {
        cases += "        \"" + path + " " + name + "\") words=\"" + words + "\" ;;\n";
    }
    return cases;
}

std::string bash_choices(const Command& root) {
    std::string cases;
    walk(root, root.name, [&](const Command& command, const std::string& path) {
        for (const CommandOption& option : command.options) {
            cases += bash_cases(option, path);
        }
    });
    return cases;
}

std::string bash_script(const Command& root) {
    std::string script =
        "# bash completion of gusu: source <(gusu completion bash)\n"
        "_gusu() {\n"
        "    local at=gusu current=${COMP_WORDS[COMP_CWORD]} i words=\n"
        "    local before=${COMP_WORDS[COMP_CWORD-1]}\n"
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        [ \"${COMP_WORDS[i]}\" = -- ] && return\n"
        "        case \"$at ${COMP_WORDS[i]}\" in\n"
        "        " +
        paths_pattern(root) +
        ") at=\"$at ${COMP_WORDS[i]}\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$at $before\" in\n" +
        bash_choices(root) +
        "    esac\n"
        "    if [ -z \"$words\" ]; then\n"
        "        case \"$at\" in\n";
    walk(root, root.name, [&](const Command& command, const std::string& path) {
        script += "        \"" + path + "\") words=\"";
        for (const Command& child : command.commands) {
            script += child.name + " ";
        }
        script += option_names(command) + "\" ;;\n";
    });
    script +=
        "        esac\n"
        "    fi\n"
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
        "}\n"
        "complete -o default -F _gusu gusu\n";
    return script;
}

// "name:help" for _describe, where a colon in the name would end it.
std::string zsh_entry(const std::string& name, const std::string& help) {
    return quoted(name + ":" + help);
}

std::string zsh_script(const Command& root) {
    std::string script =
        "#compdef gusu\n"
        "# zsh completion of gusu: source <(gusu completion zsh)\n"
        "_gusu() {\n"
        "    local at=gusu word\n"
        "    local -a verbs options\n"
        "    for word in \"${(@)words[2,CURRENT-1]}\"; do\n"
        "        case \"$at $word\" in\n"
        "        " +
        paths_pattern(root) +
        ") at=\"$at $word\" ;;\n"
        "        esac\n"
        "    done\n"
        "    case \"$at\" in\n";
    walk(root, root.name, [&](const Command& command, const std::string& path) {
        script += "    \"" + path + "\")\n        verbs=(";
        for (const Command& child : command.commands) {
            script += " " + zsh_entry(child.name, child.help);
        }
        script += " )\n        options=(";
        for (const CommandOption& option : command.options) {
            for (const std::string& name : option.names) {
                script += " " + zsh_entry(name, option.help);
            }
        }
        script += " )\n        ;;\n";
    });
    script +=
        "    esac\n"
        "    (( $#verbs )) && _describe verb verbs\n"
        "    [[ $PREFIX == -* ]] && _describe option options\n"
        "    (( $#verbs )) || _files\n"
        "}\n"
        "compdef _gusu gusu\n";
    return script;
}

std::string fish_option(const CommandOption& option) {
    std::string words;
    for (const std::string& name : option.names) {
        words += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    }
    if (option.takes_value) {
        words += " -r";
    }
    if (!option.choices.empty()) {
        words += " -f -a " + quoted(joined(option.choices, " "));
    }
    return words + " -d " + quoted(option.help);
}

std::string fish_script(const Command& root) {
    std::string script =
        "# fish completion of gusu: gusu completion fish | source\n"
        "set -g __gusu_commands";
    walk(root, root.name, [&](const Command&, const std::string& path) {
        if (path != root.name) {
            script += " " + quoted(path);
        }
    });
    script +=
        "\nfunction __gusu_at\n"
        "    set -l at gusu\n"
        "    for word in (commandline -opc)[2..-1]\n"
        "        if contains -- \"$at $word\" $__gusu_commands\n"
        "            set at \"$at $word\"\n"
        "        end\n"
        "    end\n"
        "    test \"$at\" = \"$argv[1]\"\n"
        "end\n";
    walk(root, root.name, [&](const Command& command, const std::string& path) {
        const std::string here = "complete -c gusu -n " + quoted("__gusu_at \"" + path + "\"");
        for (const Command& child : command.commands) {
            script += here + " -f -a " + child.name + " -d " + quoted(child.help) + "\n";
        }
        for (const CommandOption& option : command.options) {
            script += here + fish_option(option) + "\n";
        }
    });
    return script;
}

}  // namespace

Result<std::string> completion_script(const Command& root, std::string_view shell) {
    if (shell == "bash") {
        return bash_script(root);
    }
    if (shell == "zsh") {
        return zsh_script(root);
    }
    if (shell == "fish") {
        return fish_script(root);
    }
    return Error{ErrorCode::InvalidArgument,
                 "no completion for \"" + std::string(shell) + "\"; there are bash, zsh and fish"};
}

}  // namespace gusu::cli
