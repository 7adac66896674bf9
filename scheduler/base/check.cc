#include "scheduler/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace gusu {

void check_failed(std::string_view what, std::source_location where) {
    std::fprintf(stderr, "%s:%u: broken invariant: %.*s\n", where.file_name(), where.line(),
                 static_cast<int>(what.size()), what.data());
    std::abort();
}

}  // namespace gusu
