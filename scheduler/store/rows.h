// A query and its rows, whichever database answers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "scheduler/base/result.h"

namespace gusu::store {

class Row {
public:
    virtual ~Row() = default;
    virtual std::int64_t integer(int column) const = 0;
    virtual std::string text(int column) const = 0;
    // Until the next row.
    virtual std::string_view blob(int column) const = 0;
};

using Value = std::variant<std::int64_t, std::string>;

class RowSource {
public:
    virtual ~RowSource() = default;
    // Gives every row to `take`, as it comes; an error of `take` ends it. The values are those of
    // "$1", "$2", ... in `sql`, which first appear in this order.
    virtual Status read(const std::string& sql, const std::vector<Value>& values,
                        const std::function<Status(const Row&)>& take) = 0;
};

// The one number of a query; 0 if it gives no row.
Result<std::int64_t> read_integer(RowSource& source, const std::string& sql,
                                  const std::vector<Value>& values = {});

}  // namespace gusu::store
