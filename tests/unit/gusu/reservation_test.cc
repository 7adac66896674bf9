#include "tools/gusu/reservation_commands.h"

#include <gmock/gmock.h>

namespace gusu::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Time kNow(Duration(1'700'000'000'000));

ReservationWords words() {
    ReservationWords words;
    words.name = "fans";
    words.nodes = {"n1", "n2"};
    words.start = "+2h";
    words.duration = "90m";
    return words;
}

TEST(ReservationWords, AreReadAsTheyAreMeant) {
    ReservationWords said = words();
    said.node_labels = {"rack=r7"};
    said.every = "1w";
    said.tenant = "suda/nlp";
    said.reason = "new fans";
    said.force = true;
    const auto read = read_reservation(said, kNow);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->name(), "fans");
    EXPECT_THAT(read->nodes(), ElementsAre("n1", "n2"));
    EXPECT_EQ(read->node_labels().at("rack"), "r7");
    EXPECT_EQ(read->start().seconds(), 1'700'007'200);
    EXPECT_EQ(read->duration().seconds(), 5400);
    EXPECT_EQ(read->every().seconds(), 7 * 86'400);
    EXPECT_EQ(read->tenant(), "suda/nlp");
    EXPECT_EQ(read->reason(), "new fans");
    EXPECT_TRUE(read->keep_running_jobs());
}

TEST(ReservationWords, WrongOnesNameTheOption) {
    const auto refused = [](auto change) {
        ReservationWords said = words();
        change(said);
        const auto read = read_reservation(said, kNow);
        return read ? std::string() : read.error().message;
    };
    EXPECT_THAT(refused([](auto& said) { said.nodes.clear(); }), HasSubstr("--node-label"));
    EXPECT_THAT(refused([](auto& said) { said.node_labels = {"r7"}; }), HasSubstr("\"r7\""));
    EXPECT_THAT(refused([](auto& said) { said.start = "soon"; }), HasSubstr("--start"));
    EXPECT_THAT(refused([](auto& said) { said.duration = "long"; }), HasSubstr("--duration"));
    EXPECT_THAT(refused([](auto& said) { said.every = "2d"; }), HasSubstr("1d nor 1w"));
}

TEST(ReservationTable, TellsWhenAndForWhom) {
    v1::ListReservationsResponse list;
    v1::Reservation& reservation = *list.add_reservations();
    reservation.set_name("course");
    reservation.add_nodes("n1");
    reservation.add_nodes("n2");
    reservation.mutable_start()->set_seconds(1'700'000'000);
    reservation.mutable_duration()->set_seconds(7200);
    reservation.mutable_every()->set_seconds(86'400);
    reservation.set_tenant("suda/nlp");
    reservation.set_created_by("op");
    reservation.set_state(v1::RESERVATION_STATE_OPEN);
    const std::string text = reservation_table(list, View{false, 0, kNow});
    for (const char* part : {"course", "open", "every day", "suda/nlp", "2"}) {
        EXPECT_THAT(text, HasSubstr(part));
    }
    EXPECT_THAT(reservation_table(list, View{true, 0, kNow}), HasSubstr("n1,n2"));
}

}  // namespace
}  // namespace gusu::cli
