// A map from ids to values that finds an id in a few steps however many there are, and is walked in
// the order of the ids. Values stay where they are as long as they are in the table.
//
// Ids are given in sequence, so those in use lie close together: they are kept in pages of kPage
// places, and the pages in order.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "scheduler/base/check.h"

namespace gusu {

template <typename Id, typename Value>
class IdTable {
    static constexpr std::uint64_t kPage = 64;

public:
    using value_type = std::pair<const Id, Value>;

private:
    struct Page {
        std::uint64_t number = 0;
        std::array<std::unique_ptr<value_type>, kPage> places = {};
        std::size_t used = 0;
    };
    using Pages = std::vector<std::unique_ptr<Page>>;

    template <typename Entry>
    class Iterator {
    public:
        using iterator_category = std::bidirectional_iterator_tag;
        using value_type = IdTable::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = Entry*;
        using reference = Entry&;

        Iterator() = default;
        // The first at or after this place.
        Iterator(const Pages& pages, std::size_t page, std::size_t place)
            : pages_(&pages), page_(page), place_(place) {
            to_next_used();
        }

        Entry& operator*() const { return *(*pages_)[page_]->places[place_]; }
        Entry* operator->() const { return &**this; }
        Iterator& operator++() {
            ++place_;
            to_next_used();
            return *this;
        }
        Iterator operator++(int) {
            Iterator before = *this;
            ++*this;
            return before;
        }
        Iterator& operator--() {
            do {
                if (place_ == 0) {
                    --page_;
                    place_ = kPage;
                }
                --place_;
            } while (!(*pages_)[page_]->places[place_]);
            return *this;
        }
        Iterator operator--(int) {
            Iterator before = *this;
            --*this;
            return before;
        }
        template <typename Other>
        bool operator==(const Iterator<Other>& other) const {
            return page_ == other.page_ && place_ == other.place_;
        }

    private:
        template <typename>
        friend class Iterator;

        void to_next_used() {
            for (; page_ < pages_->size(); ++page_, place_ = 0) {
                const Page& page = *(*pages_)[page_];
                while (place_ < kPage && !page.places[place_]) {
                    ++place_;
                }
                if (place_ < kPage) {
                    return;
                }
            }
            place_ = 0;
        }

        const Pages* pages_ = nullptr;
        std::size_t page_ = 0;
        std::size_t place_ = 0;
    };

public:
    using iterator = Iterator<value_type>;
    using const_iterator = Iterator<const value_type>;

    IdTable() = default;
    IdTable(IdTable&&) noexcept = default;
    IdTable& operator=(IdTable&&) noexcept = default;
    IdTable(const IdTable& other) : size_(other.size_) {
        pages_.reserve(other.pages_.size());
        for (const auto& page : other.pages_) {
            pages_.push_back(copy_of(*page));
        }
    }
    IdTable& operator=(const IdTable& other) {
        return this == &other ? *this : *this = IdTable(other);
    }
    ~IdTable() = default;

    iterator begin() { return {pages_, 0, 0}; }
    iterator end() { return {pages_, pages_.size(), 0}; }
    const_iterator begin() const { return {pages_, 0, 0}; }
    const_iterator end() const { return {pages_, pages_.size(), 0}; }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

    iterator find(Id id) { return found<iterator>(id); }
    const_iterator find(Id id) const { return found<const_iterator>(id); }
    bool contains(Id id) const { return value_of(id) != nullptr; }
    Value& at(Id id) { return at_in(*this, id); }
    const Value& at(Id id) const { return at_in(*this, id); }
    // The first whose id is not below.
    const_iterator lower_bound(Id id) const {
        const std::size_t page = page_at_or_after(number_of(id));
        const bool here = page < pages_.size() && pages_[page]->number == number_of(id);
        return {pages_, page, here ? place_of(id) : 0};
    }

    // What is there already stays.
    std::pair<iterator, bool> emplace(Id id, Value value) {
        const std::size_t page = page_at_or_after(number_of(id));
        if (page == pages_.size() || pages_[page]->number != number_of(id)) {
            auto fresh = std::make_unique<Page>();
            fresh->number = number_of(id);
            pages_.insert(pages_.begin() + static_cast<std::ptrdiff_t>(page), std::move(fresh));
        }
        auto& place = pages_[page]->places[place_of(id)];
        const bool is_new = place == nullptr;
        if (is_new) {
            place = std::make_unique<value_type>(id, std::move(value));
            ++pages_[page]->used;
            ++size_;
        }
        return {iterator(pages_, page, place_of(id)), is_new};
    }
    Value& operator[](Id id) {
        const iterator known = find(id);
        return known != end() ? known->second : emplace(id, Value{}).first->second;
    }
    // No harm if it is not there.
    void erase(Id id) {
        if (!contains(id)) {
            return;
        }
        const std::size_t page = page_at_or_after(number_of(id));
        pages_[page]->places[place_of(id)].reset();
        --size_;
        if (--pages_[page]->used == 0) {
            pages_.erase(pages_.begin() + static_cast<std::ptrdiff_t>(page));
        }
    }

private:
    static std::uint64_t number_of(Id id) { return id.value / kPage; }
    static std::size_t place_of(Id id) { return id.value % kPage; }

    static std::unique_ptr<Page> copy_of(const Page& page) {
        auto copy = std::make_unique<Page>();
        copy->number = page.number;
        copy->used = page.used;
        for (std::size_t place = 0; place < kPage; ++place) {
            if (page.places[place]) {
                copy->places[place] = std::make_unique<value_type>(*page.places[place]);
            }
        }
        return copy;
    }

    // Where it is or would be. Where no page before it is missing, it is looked for there first.
    std::size_t page_at_or_after(std::uint64_t number) const {
        if (!pages_.empty() && number >= pages_.front()->number) {
            const std::uint64_t guess = number - pages_.front()->number;
            if (guess < pages_.size() && pages_[guess]->number == number) {
                return guess;
            }
        }
        const auto found = std::ranges::lower_bound(
            pages_, number, {}, [](const std::unique_ptr<Page>& page) { return page->number; });
        return static_cast<std::size_t>(found - pages_.begin());
    }

    const Value* value_of(Id id) const {
        const std::size_t page = page_at_or_after(number_of(id));
        if (page == pages_.size() || pages_[page]->number != number_of(id)) {
            return nullptr;
        }
        const auto& place = pages_[page]->places[place_of(id)];
        return place ? &place->second : nullptr;
    }

    template <typename Found>
    Found found(Id id) const {
        const std::size_t page = page_at_or_after(number_of(id));
        return value_of(id) == nullptr ? Found(pages_, pages_.size(), 0)
                                       : Found(pages_, page, place_of(id));
    }

    template <typename Table>
    static auto& at_in(Table& table, Id id) {
        const auto found = table.find(id);
        check(found != table.end(), "an id that is asked for is in the table");
        return found->second;
    }

    Pages pages_;
    std::size_t size_ = 0;
};

}  // namespace gusu
