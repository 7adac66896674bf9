// A table of comma-separated values under a line of column names, as a plain file or gzip.
//
// No quotes: a comma always separates. What is wrong in it is said as
// "FILE:LINE:COLUMN: name: what", where COLUMN counts the fields of the line from 1.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::sim {

// Lines of a plain or gzip file, one by one.
class LineReader {
public:
    static Result<LineReader> open(const std::string& path);

    // False at the end. The line stays valid until the next call.
    Result<bool> next();
    std::string_view line() const { return line_; }
    int line_number() const { return line_number_; }
    const std::string& path() const { return path_; }

private:
    struct Close {
        void operator()(gzFile file) const { gzclose(file); }
    };
    LineReader(std::string path, gzFile file) : path_(std::move(path)), file_(file) {}
    Result<bool> fill();

    std::string path_;
    std::unique_ptr<gzFile_s, Close> file_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;  // of what is not read yet in buffer_
    std::string line_;
    int line_number_ = 0;
};

// A whole file, plain or gzip.
Result<std::string> read_all(const std::string& path);

// What no trace goes beyond, so that sums stay exact.
inline constexpr std::int64_t kMostSeconds = 10'000'000'000;
inline constexpr std::int64_t kMostCpus = 1'000'000;
inline constexpr std::int64_t kMostGiB = 1'000'000;

class Table {
public:
    static Result<Table> open(const std::string& path);

    // The position of a column, or -1.
    int find(std::string_view name) const;
    // The same, or an error that names what the table has.
    Result<int> require(std::string_view name) const;

    // Goes to the next line that is not empty. False at the end.
    Result<bool> next();
    // Of the present line; empty for column -1.
    std::string_view field(int column) const;
    // A number of the present line as thousandths, rounded; `blank` when the field is empty.
    Result<std::int64_t> milli(int column, std::int64_t blank) const;
    // The same from zero to `most`, which is no thousandths.
    Result<std::int64_t> amount(int column, std::int64_t blank, std::int64_t most) const;
    Result<std::int64_t> integer(int column, std::int64_t blank) const;

    // What is wrong with a field of the present line.
    Error error(int column, const std::string& what) const;

private:
    explicit Table(LineReader lines) : lines_(std::move(lines)) {}
    void split();

    LineReader lines_;
    std::vector<std::string> names_;
    std::vector<std::string_view> fields_;
};

}  // namespace gusu::sim
