// A map of a few entries, in order and in one piece of memory: what a tree of nodes costs is paid
// only where there are many.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace gusu {

template <typename Key, typename Value>
class FlatMap {
public:
    using Entry = std::pair<Key, Value>;

    auto begin() { return entries_.begin(); }
    auto end() { return entries_.end(); }
    auto begin() const { return entries_.begin(); }
    auto end() const { return entries_.end(); }
    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }

    template <typename Like>
    auto find(const Like& key) const {
        const auto found = lower_bound(key);
        return found != end() && found->first == key ? found : end();
    }
    template <typename Like>
    bool contains(const Like& key) const {
        return find(key) != end();
    }
    // As it is there, or made now.
    template <typename Like>
    Value& operator[](const Like& key) {
        const auto place = entries_.begin() + (lower_bound(key) - begin());
        if (place != entries_.end() && place->first == key) {
            return place->second;
        }
        return entries_.emplace(place, Key(key), Value{})->second;
    }

    friend bool operator==(const FlatMap&, const FlatMap&) = default;

private:
    template <typename Like>
    auto lower_bound(const Like& key) const {
        return std::ranges::lower_bound(
            entries_, key, [](const auto& a, const auto& b) { return a < b; }, &Entry::first);
    }

    std::vector<Entry> entries_;
};

}  // namespace gusu
