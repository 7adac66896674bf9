#include "tools/gusu/sbatch_script.h"

#include <optional>

#include "scheduler/base/text.h"

namespace gusu::cli {
namespace {

struct Line {
    std::string_view text;
    std::string where;  // "train.sh:3"
};

std::vector<std::string> words_of(const SettingWord& setting) {
    std::vector<std::string> words;
    std::string_view rest = setting.words;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        words.emplace_back(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return words;
}

const SettingWord* find_setting(std::string_view word) {
    for (const SettingWord& setting : setting_words()) {
        for (const std::string& one : words_of(setting)) {
            if (one == word) {
                return &setting;
            }
        }
    }
    return nullptr;
}

Error unknown_directive(const std::string& where, const std::string& word) {
    std::vector<std::string> names;
    for (const SettingWord& setting : setting_words()) {
        for (std::string& one : words_of(setting)) {
            names.push_back(std::move(one));
        }
    }
    const std::string near = word.starts_with("--") ? nearest_name(word, names) : "";
    return Error{ErrorCode::InvalidArgument,
                 where + ": unknown directive \"" + word + "\"" +
                     (near.empty() ? "; `gusu submit --help` lists what is known"
                                   : "; did you mean \"" + near + "\"?")};
}

struct Directive {
    std::string word;
    std::optional<std::string> value;
};

// "--time=1h", "-N2", or a word whose value is the next one.
Directive split_directive(const std::string& word) {
    if (word.starts_with("--")) {
        const std::size_t equals = word.find('=');
        if (equals == std::string::npos) {
            return {word, std::nullopt};
        }
        return {word.substr(0, equals), word.substr(equals + 1)};
    }
    if (word.size() > 2 && word.starts_with('-')) {
        return {word.substr(0, 2), word.substr(word[2] == '=' ? 3 : 2)};
    }
    return {word, std::nullopt};
}

Status read_directives(const Line& line, SubmitOptions& options) {
    const std::vector<std::string> words = split_words(line.text);
    for (std::size_t i = 0; i < words.size(); ++i) {
        Directive directive = split_directive(words[i]);
        const SettingWord* setting = find_setting(directive.word);
        if (setting == nullptr) {
            return unknown_directive(line.where, directive.word);
        }
        const std::string where = line.where + ": " + directive.word;
        const bool flag = setting->takes == Takes::Nothing;
        if (!flag && !directive.value && i + 1 < words.size()) {
            directive.value = words[++i];
        }
        if (!flag && !directive.value) {
            return Error{ErrorCode::InvalidArgument,
                         where + " needs a value: " + std::string(setting->placeholder)};
        }
        options.add(
            setting->setting,
            Given{.text = directive.value.value_or(""), .where = where, .from_script = true});
    }
    return Done{};
}

std::string_view next_line(std::string_view& rest) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return line;
}

std::optional<std::string_view> directive_text(std::string_view line) {
    for (const std::string_view mark : {"#SBATCH", "#GUSU"}) {
        if (line.starts_with(mark) && line.size() > mark.size() &&
            (line[mark.size()] == ' ' || line[mark.size()] == '\t')) {
            return line.substr(mark.size());
        }
    }
    return std::nullopt;
}

bool is_command(std::string_view line) {
    const std::size_t first = line.find_first_not_of(" \t");
    return first != std::string_view::npos && line[first] != '#';
}

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool inside = false;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (quote != 0 && c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '"' || c == '\'')) {
            quote = c;
            inside = true;
        } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
            word += line[++i];
            inside = true;
        } else if (quote == 0 && c == '#' && !inside) {
            break;  // a remark after the options
        } else if (quote == 0 && (c == ' ' || c == '\t')) {
            if (inside) {
                words.push_back(std::move(word));
            }
            word.clear();
            inside = false;
        } else {
            word += c;
            inside = true;
        }
    }
    if (inside) {
        words.push_back(std::move(word));
    }
    return words;
}

Result<SubmitOptions> read_script_options(std::string_view script, std::string_view file_name) {
    SubmitOptions options;
    std::string_view rest = script;
    for (int number = 1; !rest.empty(); ++number) {
        const std::string_view line = next_line(rest);
        if (is_command(line)) {
            break;
        }
        const std::optional<std::string_view> directives = directive_text(line);
        if (!directives) {
            continue;
        }
        const Status read = read_directives(
            {*directives, std::string(file_name) + ":" + std::to_string(number)}, options);
        if (!read) {
            return read.error();
        }
    }
    return options;
}

}  // namespace gusu::cli
