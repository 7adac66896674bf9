// Lists come in pages; a page's token says behind which entry the next one begins.
#pragma once

#include <cstdint>
#include <string>

#include "scheduler/base/result.h"

namespace gusu::service {

inline constexpr int kUsualPage = 200;
inline constexpr int kLargestPage = 1000;

struct Page {
    std::size_t size = kUsualPage;
    std::string after;  // key of the last entry before it; empty: the first page
};

// 0 is the usual size, more than the largest the largest; below 0 is refused, and so is a token
// that no answer held.
Result<Page> to_page(std::int32_t page_size, const std::string& page_token);
std::string page_token(const std::string& last_key);

// Puts `entries`, by ascending key, into `add(key, entry)`, and gives the token of the next page.
template <typename Entries, typename Add>
std::string add_page(const Entries& entries, const Page& page, const Add& add) {
    std::size_t added = 0;
    std::string last;
    for (auto each = entries.upper_bound(page.after); each != entries.end(); ++each) {
        if (added == page.size) {
            return page_token(last);
        }
        add(each->second);
        last = each->first;
        ++added;
    }
    return "";
}

}  // namespace gusu::service
