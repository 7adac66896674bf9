#include "scheduler/store/rows.h"

namespace gusu::store {

Result<std::int64_t> read_integer(RowSource& source, const std::string& sql,
                                  const std::vector<Value>& values) {
    std::int64_t number = 0;
    const Status read = source.read(sql, values, [&number](const Row& row) {
        number = row.integer(0);
        return Status(Done{});
    });
    return read ? Result<std::int64_t>(number) : read.error();
}

}  // namespace gusu::store
