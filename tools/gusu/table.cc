#include "tools/gusu/table.h"

#include <algorithm>
#include <numeric>

#include "scheduler/base/check.h"
#include "tools/gusu/display_width.h"

namespace gusu::cli {
namespace {

constexpr int kGap = 2;

std::string padded(const std::string& text, int width, Align align) {
    const int missing = std::max(width - display_width(text), 0);
    const std::string space(static_cast<std::size_t>(missing), ' ');
    return align == Align::Right ? space + text : text + space;
}

}  // namespace

void Table::add(std::vector<std::string> cells) {
    check(cells.size() == columns_.size(), "a row of a table has one cell for each column");
    for (std::string& cell : cells) {
        cell = printable(cell);
    }
    rows_.push_back(std::move(cells));
}

std::vector<int> Table::fitted_widths(int width) const {
    std::vector<int> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        int widest = display_width(columns_[i].title);
        for (const auto& row : rows_) {
            widest = std::max(widest, display_width(row[i]));
        }
        widths.push_back(widest);
    }
    const int gaps = kGap * (static_cast<int>(columns_.size()) - 1);
    int excess = width == 0 ? 0 : std::accumulate(widths.begin(), widths.end(), gaps) - width;
    while (excess > 0) {
        // The widest of those that can give way gives one column.
        int* widest = nullptr;
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const bool can = columns_[i].shrinks_to > 0 && widths[i] > columns_[i].shrinks_to;
            if (can && (widest == nullptr || widths[i] > *widest)) {
                widest = &widths[i];
            }
        }
        if (widest == nullptr) {
            break;
        }
        --*widest;
        --excess;
    }
    return widths;
}

std::string Table::line(const std::vector<std::string>& cells,
                        const std::vector<int>& widths) const {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        text += padded(cut_to_width(cells[i], widths[i]), widths[i], columns_[i].align);
        text += std::string(kGap, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

std::string Table::to_text(int width) const {
    const std::vector<int> widths = fitted_widths(width);
    std::vector<std::string> titles;
    for (const Column& column : columns_) {
        titles.push_back(column.title);
    }
    const auto fitted = [&](const std::vector<std::string>& cells) {
        const std::string whole = line(cells, widths);
        return (width == 0 ? whole : cut_to_width(whole, width)) + "\n";
    };
    std::string text = fitted(titles);
    for (const auto& row : rows_) {
        text += fitted(row);
    }
    return text;
}

}  // namespace gusu::cli
