#include "scheduler/service/rpc/forecasts.h"

#include "scheduler/wire/amounts.h"

namespace gusu::service {

void show_forecast(const core::Forecast& forecast, v1::StartForecast& shown) {
    if (forecast.earliest) {
        *shown.mutable_earliest() = wire::from_time(*forecast.earliest);
    }
    if (forecast.likely) {
        *shown.mutable_likely() = wire::from_time(*forecast.likely);
    }
    if (forecast.latest) {
        *shown.mutable_latest() = wire::from_time(*forecast.latest);
    }
    shown.set_basis(forecast.basis);
}

}  // namespace gusu::service
