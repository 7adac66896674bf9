#include "agent/daemon/device/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

namespace gusu::agent {
namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words(1);
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        } else if (!words.back().empty()) {
            words.emplace_back();
        }
    }
    if (words.back().empty()) {
        words.pop_back();
    }
    return words;
}

// "80gb", "96g"
bool is_size(const std::string& word) {
    const std::size_t digits = word.find_first_not_of("0123456789");
    return digits != 0 && digits != std::string::npos &&
           (word.substr(digits) == "gb" || word.substr(digits) == "g");
}

bool is_form(const std::string& word) {
    constexpr std::array<std::string_view, 9> kForms{"pcie", "nvl",   "hbm", "hbm2",      "hbm2e",
                                                     "hbm3", "hbm3e", "mig", "generation"};
    return word.starts_with("sxm") || std::ranges::find(kForms, word) != kForms.end();
}

// Of a brand, in front of the model.
bool is_brand(const std::string& word) {
    return word == "geforce" || word == "tesla" || word == "graphics";
}

// The one size that tells two models apart for those who ask for one of them.
bool is_small_a100(const std::string& name, const std::vector<std::string>& words) {
    return name == "nvidia-a100" && std::ranges::find(words, "40gb") != words.end();
}

}  // namespace

std::string accelerator_of(std::string_view vendor_name) {
    const std::vector<std::string> words = words_of(vendor_name);
    std::string name = words.empty() || words.front() != "nvidia" ? "nvidia" : "";
    for (const std::string& word : words) {
        if (is_size(word) || is_form(word) || is_brand(word)) {
            continue;
        }
        const bool is_suffix = word == "d";  // "RTX 4090 D"
        name += (name.empty() || is_suffix ? "" : "-") + word;
    }
    return is_small_a100(name, words) ? name + "-40g" : name;
}

}  // namespace gusu::agent
