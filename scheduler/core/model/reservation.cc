#include "scheduler/core/model/reservation.h"

#include <algorithm>
#include <numeric>

namespace gusu::core {

std::optional<Time> next_start(const Reservation& reservation, Time now) {
    if (reservation.ends() > now) {
        return reservation.starts;
    }
    if (reservation.every == Duration(0)) {
        return std::nullopt;
    }
    const auto over = (now - reservation.ends()) / reservation.every + 1;
    return reservation.starts + reservation.every * over;
}

bool overlap(const Reservation& a, const Reservation& b) {
    const Reservation& first = a.starts <= b.starts ? a : b;
    const Reservation& second = a.starts <= b.starts ? b : a;
    const Duration later = second.starts - first.starts;
    if (first.every == Duration(0)) {
        return later < first.lasts;
    }
    // How far the two are apart where they come closest.
    const Duration period = second.every == Duration(0)
                                ? first.every
                                : Duration(std::gcd(first.every.count(), second.every.count()));
    const Duration behind = later % period;
    return behind < first.lasts || behind + second.lasts > period;
}

}  // namespace gusu::core
