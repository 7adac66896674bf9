#include "scheduler/base/amount.h"

#include "scheduler/base/check.h"

namespace gusu {

Amount::Amount(std::int64_t units) : units_(units) {
    check(units >= 0 && units <= kMax, "an amount lies between 0 and 2^61");
}

Amount& Amount::operator+=(Amount other) {
    check(units_ <= kMax - other.units_, "a sum of amounts stays below 2^61");
    units_ += other.units_;
    return *this;
}

Amount& Amount::operator-=(Amount other) {
    check(other.units_ <= units_, "an amount never falls below zero");
    units_ -= other.units_;
    return *this;
}

Amount Amount::times(std::int64_t count) const {
    std::int64_t product = 0;
    check(count >= 0 && !__builtin_mul_overflow(units_, count, &product),
          "a product of amounts does not overflow");
    return Amount(product);
}

Amount Amount::minus_at_most(Amount other) const {
    return other.units_ >= units_ ? Amount() : Amount(units_ - other.units_);
}

}  // namespace gusu
