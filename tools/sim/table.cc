#include "tools/sim/table.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

#include "scheduler/base/text.h"

namespace gusu::sim {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr std::size_t kLongestLine = 1 << 20;
// Numbers beyond this are no time, size or count of any trace.
constexpr double kLargest = 1e12;

Error unreadable(const std::string& path, const std::string& why) {
    return Error{ErrorCode::NotFound, path + ": " + why};
}

std::optional<double> to_number(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number) ||
        std::fabs(number) > kLargest) {
        return std::nullopt;
    }
    return number;
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

}  // namespace

Result<LineReader> LineReader::open(const std::string& path) {
    errno = 0;
    const gzFile file = gzopen(path.c_str(), "rb");
    if (file == nullptr) {
        return unreadable(path, errno == 0 ? "not enough memory" : std::strerror(errno));
    }
    return LineReader(path, file);
}

// More of the file behind what is left of the buffer. False at its end.
Result<bool> LineReader::fill() {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    const std::size_t kept = buffer_.size();
    if (kept > kLongestLine) {
        return Error{ErrorCode::InvalidArgument, path_ + ":" + std::to_string(line_number_ + 1) +
                                                     ": the line is longer than a mebibyte; is "
                                                     "this a table?"};
    }
    buffer_.resize(kept + kChunk);
    const int got = gzread(file_.get(), buffer_.data() + kept, kChunk);
    buffer_.resize(kept + static_cast<std::size_t>(std::max(got, 0)));
    int code = Z_OK;
    const char* why = gzerror(file_.get(), &code);
    if (got < 0 || code == Z_BUF_ERROR) {
        const std::string reason = code == Z_ERRNO       ? std::strerror(errno)
                                   : code == Z_BUF_ERROR ? "the gzip data ends too early"
                                                         : std::string("broken gzip data: ") + why;
        return unreadable(path_ + ":" + std::to_string(line_number_ + 1), reason);
    }
    return got > 0;
}

Result<bool> LineReader::next() {
    std::size_t searched = 0;
    for (;;) {
        const auto begin = buffer_.begin() + static_cast<std::ptrdiff_t>(begin_);
        const auto end =
            std::find(begin + static_cast<std::ptrdiff_t>(searched), buffer_.end(), '\n');
        if (end != buffer_.end()) {
            line_.assign(begin, end);
            begin_ += line_.size() + 1;
            break;
        }
        searched = buffer_.size() - begin_;
        const auto more = fill();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            if (searched == 0) {
                return false;
            }
            line_.assign(buffer_.begin(), buffer_.end());
            buffer_.clear();
            break;
        }
    }
    if (!line_.empty() && line_.back() == '\r') {
        line_.pop_back();
    }
    ++line_number_;
    return true;
}

Result<std::string> read_all(const std::string& path) {
    auto lines = LineReader::open(path);
    if (!lines) {
        return lines.error();
    }
    std::string all;
    for (;;) {
        const auto more = lines->next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return all;
        }
        all += lines->line();
        all += '\n';
    }
}

Result<Table> Table::open(const std::string& path) {
    auto lines = LineReader::open(path);
    if (!lines) {
        return lines.error();
    }
    Table table(std::move(*lines));
    const auto header = table.lines_.next();
    if (!header) {
        return header.error();
    }
    if (!*header) {
        return unreadable(path, "the file is empty; a line of column names is expected first");
    }
    table.split();
    for (std::string_view name : table.fields_) {
        if (table.names_.empty() && name.starts_with("\xEF\xBB\xBF")) {
            name.remove_prefix(3);  // the mark some editors put before UTF-8
        }
        table.names_.emplace_back(name);
    }
    return table;
}

int Table::find(std::string_view name) const {
    const auto found = std::ranges::find(names_, name);
    return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

Result<int> Table::require(std::string_view name) const {
    const int column = find(name);
    if (column >= 0) {
        return column;
    }
    return Error{
        ErrorCode::InvalidArgument,
        lines_.path() + ":1: no column \"" + std::string(name) + "\"; it has " + joined(names_)};
}

void Table::split() {
    fields_.clear();
    std::string_view rest = lines_.line();
    for (;;) {
        const std::size_t comma = rest.find(',');
        fields_.push_back(rest.substr(0, comma));
        if (comma == std::string_view::npos) {
            return;
        }
        rest.remove_prefix(comma + 1);
    }
}

Result<bool> Table::next() {
    for (;;) {
        const auto more = lines_.next();
        if (!more || !*more) {
            return more;
        }
        if (lines_.line().empty()) {
            continue;
        }
        split();
        if (fields_.size() != names_.size()) {
            const std::size_t odd = std::min(fields_.size(), names_.size());
            return Error{ErrorCode::InvalidArgument,
                         lines_.path() + ":" + std::to_string(lines_.line_number()) + ":" +
                             std::to_string(odd) + ": the line has " +
                             std::to_string(fields_.size()) + " fields, the first line names " +
                             std::to_string(names_.size())};
        }
        return true;
    }
}

std::string_view Table::field(int column) const {
    return column < 0 ? std::string_view{} : fields_[static_cast<std::size_t>(column)];
}

Error Table::error(int column, const std::string& what) const {
    return Error{ErrorCode::InvalidArgument,
                 lines_.path() + ":" + std::to_string(lines_.line_number()) + ":" +
                     std::to_string(column + 1) + ": " + names_[static_cast<std::size_t>(column)] +
                     ": " + what};
}

Result<std::int64_t> Table::milli(int column, std::int64_t blank) const {
    const std::string_view text = field(column);
    if (text.empty()) {
        return blank;
    }
    const auto number = to_number(text);
    return number ? Result<std::int64_t>(std::llround(*number * 1000))
                  : error(column, quote(text) + " is not a number");
}

Result<std::int64_t> Table::amount(int column, std::int64_t blank, std::int64_t most) const {
    if (field(column).empty()) {
        return blank;
    }
    const auto value = milli(column, blank);
    if (value && (*value < 0 || *value > most * 1000)) {
        return error(column,
                     quote(field(column)) +
                         (*value < 0 ? " is below zero" : " is above " + std::to_string(most)));
    }
    return value;
}

Result<std::int64_t> Table::integer(int column, std::int64_t blank) const {
    const std::string_view text = field(column);
    if (text.empty()) {
        return blank;
    }
    const auto number = to_number(text);
    return number && *number == std::floor(*number)
               ? Result<std::int64_t>(static_cast<std::int64_t>(*number))
               : error(column, quote(text) + " is not a whole number");
}

}  // namespace gusu::sim
