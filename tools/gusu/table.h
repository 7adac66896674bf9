// Tables that fit a terminal.
#pragma once

#include <string>
#include <vector>

namespace gusu::cli {

enum class Align { Left, Right };

struct Column {
    std::string title;
    Align align = Align::Left;
    // A column that may be cut with "…" gives way down to so many columns; 0: never cut.
    int shrinks_to = 0;
};

class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    // One cell for each column.
    void add(std::vector<std::string> cells);
    std::size_t size() const { return rows_.size(); }

    // Titles and rows, two spaces between columns. No line is wider than `width`; 0: no limit.
    std::string to_text(int width) const;

private:
    std::vector<int> fitted_widths(int width) const;
    std::string line(const std::vector<std::string>& cells, const std::vector<int>& widths) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace gusu::cli
