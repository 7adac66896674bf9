// Random values of any of the core's plain structs, and equality of two of them, field by field as
// the compiler sees them: a field added to an event is tested from that moment on.
#pragma once

#include <boost/pfr.hpp>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "scheduler/core/event.h"

namespace gusu {

template <typename Enum>
constexpr int kEnumerators = 0;
template <>
inline constexpr int kEnumerators<core::Origin> = 2;
template <>
inline constexpr int kEnumerators<core::Reality> = 2;
template <>
inline constexpr int kEnumerators<core::Health> = 2;
template <>
inline constexpr int kEnumerators<core::TenantStatus> = 2;
template <>
inline constexpr int kEnumerators<core::DataClass> = 3;
template <>
inline constexpr int kEnumerators<core::DrainCause> = 2;
template <>
inline constexpr int kEnumerators<core::Role> = 6;
template <>
inline constexpr int kEnumerators<core::Priority> = 3;
template <>
inline constexpr int kEnumerators<core::Preemption> = 2;
template <>
inline constexpr int kEnumerators<core::Spread> = 2;
template <>
inline constexpr int kEnumerators<core::Runtime> = 2;
template <>
inline constexpr int kEnumerators<core::DependencyCondition> = 5;
template <>
inline constexpr int kEnumerators<core::Sharing> = 2;
template <>
inline constexpr int kEnumerators<core::Closeness> = 2;
template <>
inline constexpr int kEnumerators<core::EndReason> = 12;
template <>
inline constexpr int kEnumerators<core::Hold> = 3;

class AnyValue {
public:
    explicit AnyValue(std::uint64_t seed) : random_(seed) {}

    // Alternative `index` of a variant, with random content.
    template <typename Variant, std::size_t Index = 0>
    Variant alternative(std::size_t index) {
        if constexpr (Index + 1 < std::variant_size_v<Variant>) {
            if (index > Index) {
                return alternative<Variant, Index + 1>(index);
            }
        }
        Variant value(std::in_place_index<Index>);
        fill(std::get<Index>(value));
        return value;
    }

    void fill(Amount& value) { value = Amount(static_cast<std::int64_t>(bits() >> 3)); }
    void fill(Time& value) { value = from_milliseconds(static_cast<std::int64_t>(bits())); }
    void fill(Duration& value) { value = Duration(static_cast<std::int64_t>(bits())); }
    template <typename Tag>
    void fill(Id<Tag>& value) {
        value.value = bits();
    }
    // Not always text: what is stored must be readable whatever it is.
    void fill(std::string& value) {
        value.resize(bits() % 9);
        for (char& c : value) {
            c = static_cast<char>(bits());
        }
    }
    template <typename T>
    void fill(std::vector<T>& values) {
        values.resize(bits() % 4);
        for (T& value : values) {
            fill(value);
        }
    }
    template <typename T>
    void fill(std::set<T>& values) {
        for (std::size_t left = bits() % 4; left > 0; --left) {
            T value;
            fill(value);
            values.insert(std::move(value));
        }
    }
    template <typename K, typename V>
    void fill(std::map<K, V>& values) {
        for (std::size_t left = bits() % 4; left > 0; --left) {
            K key;
            fill(key);
            fill(values[key]);
        }
    }
    template <typename T>
    void fill(std::optional<T>& value) {
        if (bits() % 2 == 0) {
            fill(value.emplace());
        }
    }
    template <typename T>
    void fill(Boxed<T>& value) {
        if (bits() % 2 == 0) {
            fill(*(value = T{}));
        }
    }
    template <typename T>
    void fill(std::shared_ptr<const T>& value) {
        auto made = std::make_shared<T>();
        fill(*made);
        value = std::move(made);
    }
    template <typename... Ts>
    void fill(std::variant<Ts...>& value) {
        value = alternative<std::variant<Ts...>>(bits() % sizeof...(Ts));
    }
    template <typename T>
    void fill(T& value) {
        if constexpr (std::is_enum_v<T>) {
            static_assert(kEnumerators<T> > 0, "say how many enumerators it has");
            value = static_cast<T>(bits() % kEnumerators<T>);
        } else if constexpr (std::is_integral_v<T>) {
            value = static_cast<T>(bits());
        } else {
            boost::pfr::for_each_field(value, [this](auto& field) { this->fill(field); });
        }
    }

private:
    std::uint64_t bits() { return random_(); }

    std::mt19937_64 random_;
};

// Elements of arrays are restored without a spec.
inline core::Event any_event(std::size_t kind, std::uint64_t seed) {
    AnyValue any(seed);
    core::Event event;
    any.fill(event.at);
    event.body = any.alternative<core::EventBody>(kind);
    if (auto* restored = std::get_if<core::JobRestored>(&event.body)) {
        if (restored->job.array) {
            restored->job.spec.reset();
        }
        // What the state keeps beside a placed job is found anew.
        if (auto* placed = std::get_if<core::Placed>(&restored->job.state)) {
            placed->stoppable.reset();
            placed->turns_at = kNever;
        }
    }
    return event;
}

template <typename T>
bool same(const T& a, const T& b);

template <typename T>
bool same(const std::shared_ptr<const T>& a, const std::shared_ptr<const T>& b) {
    return (a == nullptr || b == nullptr) ? a == b : same(*a, *b);
}

template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
    bool equal = a.size() == b.size();
    for (std::size_t i = 0; equal && i < a.size(); ++i) {
        equal = same(a[i], b[i]);
    }
    return equal;
}

template <typename T>
bool same(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

template <typename T>
bool same(const Boxed<T>& a, const Boxed<T>& b) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

template <typename... Ts>
bool same(const std::variant<Ts...>& a, const std::variant<Ts...>& b) {
    return a.index() == b.index() &&
           std::visit(
               [&](const auto& value) {
                   return same(value, std::get<std::decay_t<decltype(value)>>(b));
               },
               a);
}

template <typename T>
bool same(const T& a, const T& b) {
    if constexpr (requires { a == b; }) {
        return a == b;
    } else {
        bool equal = true;
        boost::pfr::for_each_field(a, [&](const auto& field, auto index) {
            equal = equal && same(field, boost::pfr::get<index.value>(b));
        });
        return equal;
    }
}

}  // namespace gusu
