#include "proto/http/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace gusu {

std::string metrics_text(std::span<const prometheus::Collectable* const> sources) {
    std::map<std::string, prometheus::MetricFamily> by_name;
    for (const prometheus::Collectable* source : sources) {
        for (prometheus::MetricFamily& family : source->Collect()) {
            const auto [known, is_new] = by_name.try_emplace(family.name);
            if (is_new) {
                known->second = std::move(family);
            } else {
                std::ranges::move(family.metric, std::back_inserter(known->second.metric));
            }
        }
    }
    std::vector<prometheus::MetricFamily> families;
    families.reserve(by_name.size());
    for (auto& [name, family] : by_name) {
        families.push_back(std::move(family));
    }
    return prometheus::TextSerializer().Serialize(families);
}

HttpReply metrics_reply(std::span<const prometheus::Collectable* const> sources) {
    return {.status = 200,
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics_text(sources)};
}

}  // namespace gusu
