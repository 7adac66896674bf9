// A value that is seldom there, as std::optional, but apart from who has it: where there is none it
// takes the place of a pointer. Copied with its owner.
#pragma once

#include <memory>
#include <utility>

namespace gusu {

template <typename Value>
class Boxed {
public:
    Boxed() = default;
    Boxed(const Boxed& other) : value_(copy_of(other)) {}
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(const Boxed& other) {
        value_ = copy_of(other);
        return *this;
    }
    Boxed& operator=(Boxed&&) noexcept = default;
    Boxed& operator=(Value value) {
        value_ = std::make_unique<Value>(std::move(value));
        return *this;
    }
    ~Boxed() = default;

    bool has_value() const { return value_ != nullptr; }
    explicit operator bool() const { return has_value(); }
    Value& operator*() { return *value_; }
    const Value& operator*() const { return *value_; }
    Value* operator->() { return value_.get(); }
    const Value* operator->() const { return value_.get(); }
    void reset() { value_.reset(); }

private:
    static std::unique_ptr<Value> copy_of(const Boxed& other) {
        return other.value_ == nullptr ? nullptr : std::make_unique<Value>(*other.value_);
    }

    std::unique_ptr<Value> value_;
};

}  // namespace gusu
