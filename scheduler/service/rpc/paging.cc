#include "scheduler/service/rpc/paging.h"

#include <algorithm>

#include "proto/text/base64.h"
#include "scheduler/base/text.h"
#include "scheduler/wire/field.h"

namespace gusu::service {
namespace {

constexpr std::string_view kMark = "after ";

}  // namespace

Result<Page> to_page(std::int32_t page_size, const std::string& page_token) {
    if (page_size < 0) {
        return wire::refuse({nullptr, "page_size", -1}, std::to_string(page_size), "is negative",
                            "1 to 1000; 0 is read as 200");
    }
    Page page;
    page.size =
        static_cast<std::size_t>(page_size == 0 ? kUsualPage : std::min(page_size, kLargestPage));
    if (!page_token.empty()) {
        const auto text = text::from_base64(page_token);
        if (!text || !text->starts_with(kMark)) {
            return wire::refuse({nullptr, "page_token", -1}, quote(page_token),
                                "was given by no answer",
                                "next_page_token of the page before, or empty");
        }
        page.after = text->substr(kMark.size());
    }
    return page;
}

std::string page_token(const std::string& last_key) {
    return text::to_base64(std::string(kMark) + last_key);
}

}  // namespace gusu::service
