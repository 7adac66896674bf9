// What the CLI says, in the user's language. English is the key, so that a sentence without a
// translation is still a sentence. Errors of the scheduler stay as they are.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gusu::cli {

enum class Language { English, Chinese };

// GUSU_LANG if it is set, else LC_ALL, LC_MESSAGES, LANG: whatever begins with "zh" is Chinese.
Language language_of_environment();

// For the whole process; English until it is called.
void speak(Language language);

// `english` in the language spoken.
std::string say(std::string_view english);

struct Translation {
    std::string_view english;
    std::string_view chinese;
};
std::span<const Translation> translations();

}  // namespace gusu::cli
