#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "tools/gusu/reservation_commands.h"
#include "tools/gusu/verbs.h"

namespace gusu::cli {
namespace {

void add_create(CLI::App& reservation, Invocation& invocation) {
    CLI::App& verb = *reservation.add_subcommand(
        "create", "Set nodes aside for a time: for one tenant's jobs, or for maintenance");
    const auto words = std::make_shared<ReservationWords>();
    verb.add_option("NAME", words->name)->required()->type_name("");
    verb.add_option("--nodes", words->nodes, "Names, with commas between")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("NODE,...");
    verb.add_option("--node-label", words->node_labels,
                    "Every node that carries it now (repeatable: all of them)")
        ->allow_extra_args(false)
        ->type_name("K=V")
        ->option_text("K=V");
    verb.add_option("--start", words->start, "RFC 3339, 2026-11-23, now, or +2h")
        ->required()
        ->type_name("TIME");
    verb.add_option("--duration", words->duration, "As 2h, 1d")->required()->type_name("TIME");
    verb.add_option("--every", words->every, "Again every day or week")->type_name("1d|1w");
    verb.add_option("--tenant", words->tenant, "Only its jobs, and those below it; else nobody's")
        ->type_name("PATH");
    verb.add_option("--reason", words->reason, "For those who look at it later")->type_name("TEXT");
    verb.add_flag_callback(
        "--force", [words] { words->force = true; },
        "Even if jobs that cannot be stopped run on into it");
    add_format(verb, invocation);
    verb.footer(
        "Example:\n  gusu reservation create fans --node-label rack=r7 --start +3d --duration 4h "
        "--reason \"new fans\"");
    verb.callback([&invocation, words] {
        invocation.action = [words](Session& session) {
            return create_reservation(session, *words);
        };
    });
}

}  // namespace

void add_reservation_verbs(CLI::App& root, Invocation& invocation) {
    CLI::App& reservation =
        *root.add_subcommand("reservation", "Reserve nodes, for a tenant or for maintenance");
    reservation.group("Cluster")->require_subcommand(1);
    add_create(reservation, invocation);
    CLI::App& list = *reservation.add_subcommand("list", "Reservations by name");
    add_format(list, invocation);
    list.callback([&invocation] { invocation.action = reservations; });
    CLI::App& remove = *reservation.add_subcommand("delete", "Give its nodes back at once");
    const auto name = std::make_shared<std::string>();
    remove.add_option("NAME", *name)->required()->type_name("");
    add_format(remove, invocation);
    remove.callback([&invocation, name] {
        invocation.action = [name](Session& session) { return delete_reservation(session, *name); };
    });
}

}  // namespace gusu::cli
