// gusu reservation.
#pragma once

#include <string>
#include <vector>

#include "gusu/v1/reservation_service.pb.h"
#include "tools/gusu/job_view.h"
#include "tools/gusu/session.h"

namespace gusu::cli {

// What the command line says of a reservation; "" and empty are not said.
struct ReservationWords {
    std::string name;
    std::vector<std::string> nodes;
    std::vector<std::string> node_labels;  // "K=V"
    std::string start;
    std::string duration;
    std::string every;
    std::string tenant;
    std::string reason;
    bool force = false;
};

// Times as they are meant at `now`. An error names the option.
Result<v1::CreateReservationRequest> read_reservation(const ReservationWords& words, Time now);

int create_reservation(Session& session, const ReservationWords& words);
int reservations(Session& session);
int delete_reservation(Session& session, const std::string& name);

std::string reservation_table(const v1::ListReservationsResponse& reservations, const View& view);

}  // namespace gusu::cli
