#include "tools/gusu/display_width.h"

#include <clocale>
#include <cstdint>
#include <cwchar>

namespace gusu::cli {
namespace {

struct Character {
    char32_t code = 0;
    std::size_t bytes = 1;
};

constexpr char32_t kReplacement = 0xFFFD;

Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 1;
    if (bytes == 1 || bytes > text.size()) {
        return {kReplacement, 1};
    }
    char32_t code = lead & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80) {
            return {kReplacement, 1};
        }
        code = (code << 6U) | (next & 0x3FU);
    }
    return {code, bytes};
}

// The C library's own table, whatever locale the user has.
class WidthTable {
public:
    WidthTable() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}
    ~WidthTable() {
        if (locale_ != nullptr) {
            freelocale(locale_);
        }
    }
    WidthTable(const WidthTable&) = delete;
    WidthTable& operator=(const WidthTable&) = delete;

    int width(char32_t code) const {
        if (code < 0x7F) {
            return code < 0x20 ? 0 : 1;
        }
        if (locale_ == nullptr) {
            return 1;
        }
        const locale_t before = uselocale(locale_);
        const int width = wcwidth(static_cast<wchar_t>(code));
        uselocale(before);
        return width < 0 ? 1 : width;
    }

private:
    locale_t locale_;
};

int width_of(char32_t code) {
    static const WidthTable table;
    return table.width(code);
}

}  // namespace

int display_width(std::string_view text) {
    int width = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        width += width_of(character.code);
        text.remove_prefix(character.bytes);
    }
    return width;
}

std::string cut_to_width(std::string_view text, int width) {
    if (display_width(text) <= width) {
        return std::string(text);
    }
    std::string cut;
    int used = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        used += width_of(character.code);
        if (used > width - 1) {
            break;
        }
        cut += text.substr(0, character.bytes);
        text.remove_prefix(character.bytes);
    }
    return width > 0 ? cut + "…" : cut;
}

std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& c : clean) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            c = ' ';
        }
    }
    return clean;
}

}  // namespace gusu::cli
