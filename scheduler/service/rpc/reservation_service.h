// gusu.v1.ReservationService.
#pragma once

#include "gusu/v1/reservation_service.grpc.pb.h"
#include "scheduler/service/rpc/platform.h"

namespace gusu::service {

class ReservationService final : public v1::ReservationService::CallbackService {
public:
    explicit ReservationService(Platform& platform) : platform_(platform) {}

    using Context = grpc::CallbackServerContext;
    using Reactor = grpc::ServerUnaryReactor;

    Reactor* CreateReservation(Context* context, const v1::CreateReservationRequest* request,
                               v1::CreateReservationResponse* response) override;
    Reactor* ListReservations(Context* context, const v1::ListReservationsRequest* request,
                              v1::ListReservationsResponse* response) override;
    Reactor* DeleteReservation(Context* context, const v1::DeleteReservationRequest* request,
                               v1::DeleteReservationResponse* response) override;

private:
    Platform& platform_;
};

}  // namespace gusu::service
