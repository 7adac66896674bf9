#include "tools/gusu/reservation_commands.h"

#include <google/protobuf/util/time_util.h>

#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/job_commands.h"
#include "tools/gusu/table.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kShortest = 8;

Error wrong(const std::string& option, const std::string& why) {
    return Error{ErrorCode::InvalidArgument, option + ": " + why};
}

Status read_nodes(const ReservationWords& words, v1::CreateReservationRequest& request) {
    for (const std::string& node : words.nodes) {
        request.add_nodes(node);
    }
    for (const std::string& label : words.node_labels) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            return wrong("--node-label", "\"" + label + "\" is not KEY=VALUE");
        }
        (*request.mutable_node_labels())[label.substr(0, equals)] = label.substr(equals + 1);
    }
    if (words.nodes.empty() && words.node_labels.empty()) {
        return wrong("reservation create",
                     "say which nodes, by --nodes n1,n2 or --node-label KEY=VALUE");
    }
    return Done{};
}

Status read_times(const ReservationWords& words, Time now, v1::CreateReservationRequest& request) {
    const Result<Time> start = parse_time(words.start, now);
    if (!start) {
        return wrong("--start", start.error().message);
    }
    *request.mutable_start() = TimeUtil::MillisecondsToTimestamp(to_milliseconds(*start));
    const Result<Duration> lasts = parse_duration(words.duration);
    if (!lasts) {
        return wrong("--duration", lasts.error().message);
    }
    *request.mutable_duration() = TimeUtil::MillisecondsToDuration(lasts->count());
    if (words.every.empty()) {
        return Done{};
    }
    const Result<Duration> every =
        parse_duration(words.every == "1w" ? std::string("7d") : words.every);
    if (!every || (*every != std::chrono::hours(24) && *every != std::chrono::hours(7 * 24))) {
        return wrong("--every", "\"" + words.every + "\" is neither 1d nor 1w");
    }
    *request.mutable_every() = TimeUtil::MillisecondsToDuration(every->count());
    return Done{};
}

std::string end_of(const v1::Reservation& reservation) {
    return local_time(reservation.start() + reservation.duration());
}

std::string every_of(const v1::Reservation& reservation) {
    if (!reservation.has_every()) {
        return say("once");
    }
    return reservation.every().seconds() == 86'400 ? say("every day") : say("every week");
}

std::string nodes_of(const v1::Reservation& reservation) {
    std::string text;
    for (const std::string& node : reservation.nodes()) {
        text += (text.empty() ? "" : ",") + node;
    }
    return text;
}

}  // namespace

Result<v1::CreateReservationRequest> read_reservation(const ReservationWords& words, Time now) {
    v1::CreateReservationRequest request;
    request.set_name(words.name);
    request.set_tenant(words.tenant);
    request.set_reason(words.reason);
    request.set_keep_running_jobs(words.force);
    for (const Status& read : {read_nodes(words, request), read_times(words, now, request)}) {
        if (!read) {
            return read.error();
        }
    }
    return request;
}

int create_reservation(Session& session, const ReservationWords& words) {
    const Result<v1::CreateReservationRequest> request = read_reservation(words, wall_now());
    if (!request) {
        return session.misuse(request.error().message);
    }
    const auto answer = session.client().call(*request);
    if (!answer) {
        return session.fail(answer.error());
    }
    v1::ListReservationsResponse list;
    *list.add_reservations() = answer->reservation();
    return session.show(*answer, [&] {
        return reservation_table(list,
                                 View{session.is_wide(), Session::terminal_width(), wall_now()});
    });
}

int reservations(Session& session) {
    const Result<v1::ListReservationsResponse> found =
        all_pages(session.client(), v1::ListReservationsRequest());
    if (!found) {
        return session.fail(found.error());
    }
    if (found->reservations_size() == 0 && session.is_for_people()) {
        session.note(say("no reservations"));
    }
    return session.show(*found, [&] {
        return reservation_table(*found,
                                 View{session.is_wide(), Session::terminal_width(), wall_now()});
    });
}

int delete_reservation(Session& session, const std::string& name) {
    v1::DeleteReservationRequest request;
    request.set_name(name);
    const auto answer = session.client().call(request);
    if (!answer) {
        return session.fail(answer.error());
    }
    return session.show(*answer, [] { return std::string(); });
}

std::string reservation_table(const v1::ListReservationsResponse& reservations, const View& view) {
    std::vector<Column> columns{{say("NAME"), Align::Left, kShortest},
                                {say("STATE")},
                                {say("BEGINS")},
                                {say("ENDS")},
                                {say("REPEATS")},
                                {say("TENANT"), Align::Left, kShortest},
                                {say("NODES"), Align::Right},
                                {say("REASON"), Align::Left, kShortest}};
    if (view.wide) {
        columns[6] = {say("NODES"), Align::Left, kShortest};
        columns.push_back({say("CREATED BY")});
    }
    Table table(std::move(columns));
    for (const v1::Reservation& each : reservations.reservations()) {
        const bool open = each.state() == v1::RESERVATION_STATE_OPEN;
        std::vector<std::string> cells{
            each.name(),
            say(open ? "open" : "ahead"),
            local_time(each.start()),
            end_of(each),
            every_of(each),
            each.tenant().empty() ? "-" : each.tenant(),
            view.wide ? nodes_of(each) : std::to_string(each.nodes_size()),
            each.reason()};
        if (view.wide) {
            cells.push_back(each.created_by());
        }
        table.add(std::move(cells));
    }
    return table.to_text(view.width);
}

}  // namespace gusu::cli
