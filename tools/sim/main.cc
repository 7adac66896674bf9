// gusu-sim: the scheduler's core under virtual time.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>

#include "tools/sim/commands.h"
#include "tools/sim/faults/command.h"

namespace gusu::sim {
namespace {

struct Words {
    ReplayWords replay;
    PlaceWords place;
    ImportWords import;
    GenerateWords generate;
    faults::FaultsWords faults;
};

void add_cluster(CLI::App& replay, ReplayWords& words) {
    auto* nodes = replay.add_option("--nodes", words.nodes, "list of nodes, CSV or CSV.gz");
    replay.add_option("--node-count", words.node_count, "so many equal nodes instead")
        ->check(CLI::Range(1, 1'000'000))
        ->excludes(nodes);
    replay
        .add_option("--gpus-per-node", words.gpus_per_node,
                    "of each; a larger job takes whole nodes. Default with --nodes: the largest")
        ->check(CLI::Range(1, 4096));
    replay.add_option(
        "--tenant-nodes", words.tenant_nodes,
        "FILE:COLUMN with each tenant's own nodes: its guarantee; other tenants' jobs "
        "are left out");
    replay.add_flag("--partitioned", words.partitioned,
                    "each tenant keeps to its own nodes (fifo and fifo-skip)");
}

void add_preemption(CLI::App& replay, ReplayWords& words) {
    replay.add_option("--preemption-cost", words.preemption_cost,
                      "seconds lost on every resume by jobs of 1, 2-8 and more GPUs: 7,30,60; "
                      "default: none");
    replay
        .add_option("--preemptible", words.preemptible_percent,
                    "percent of jobs that may be preempted, by a hash of their ids; default 100")
        ->check(CLI::Range(0, 100));
    replay.add_option("--checkpoint-every", words.checkpoint_every,
                      "a duration as 30m: work since then is lost on preemption; default: jobs "
                      "checkpoint when they are stopped");
    replay
        .add_option("--lendable", words.lendable_percent,
                    "percent of a guarantee that others may use while it is idle; default 100")
        ->check(CLI::Range(0, 100));
}

void add_rules(CLI::App& replay, ReplayWords& words) {
    replay.add_option("--run-at-least", words.run_at_least,
                      "before a job may be asked to stop for another; default 10m");
    replay.add_option("--short-job", words.short_job,
                      "jobs with a limit up to this borrow freely; default 4h");
    replay.add_option("--age-after", words.age_after,
                      "who waits so long is ranked one lane lower; default 24h");
    replay
        .add_option("--lane-bounds", words.lane_bounds,
                    "GPU-hours served at which a job leaves its lane; default "
                    "2,8,32,128,512,2048")
        ->delimiter(',')
        ->check(CLI::PositiveNumber);
}

void add_replay(CLI::App& app, Words& all) {
    ReplayWords& words = all.replay;
    auto* replay = app.add_subcommand("replay", "The jobs of a trace, from submission to end.");
    replay->add_option("--jobs", words.jobs, "list of jobs, CSV or CSV.gz")->required();
    add_cluster(*replay, words);
    replay->add_option("--from", words.from_s, "only jobs submitted at this second or later")
        ->check(CLI::Range(-1e10, 1e10));
    replay->add_option("--until", words.until_s, "only jobs submitted before this second")
        ->check(CLI::Range(-1e10, 1e10));
    add_preemption(*replay, words);
    replay->add_option("--policy", words.policy, "gusu (default: the core), fifo, or fifo-skip");
    replay->add_option("--knowledge", words.knowledge,
                       "of durations: none (default), history, or oracle");
    add_rules(*replay, words);
    replay->add_option("--json", words.json, "report to this file, or - for standard output");
    replay->add_option(
        "--plot", words.plot,
        "folder for curves of queue, utilisation and waiting as SVG (needs gnuplot)");
}

void add_place(CLI::App& app, Words& all) {
    PlaceWords& words = all.place;
    auto* place = app.add_subcommand(
        "place", "Pods that only come: how much of the cluster can be allocated.");
    place->add_option("--pods", words.pods, "list of jobs, CSV or CSV.gz")->required();
    place->add_option("--nodes", words.nodes, "list of nodes")->required();
    place->add_option("--order", words.order, "in which pods come")->required();
    place->add_option("--policy", words.policy, "gusu (default: the core), or first-fit");
    place->add_option("--json", words.json, "report to this file, or - for standard output");
}

void add_import(CLI::App& app, Words& all) {
    ImportWords& words = all.import;
    auto* import = app.add_subcommand("import", "A public trace as a list of jobs.");
    import->add_option("format", words.format, "philly, openb, itp, or swf")->required();
    import->add_option("files", words.files, "as they are published, plain or gzip")->required();
    import->add_option("--out", words.out, "default: standard output");
}

void add_generate(CLI::App& app, Words& all) {
    City& city = all.generate.city;
    auto* generate = app.add_subcommand("generate", "A synthetic city as a list of jobs.");
    generate->add_option("--seed", city.seed, "default 1; the same seed makes the same city");
    generate->add_option("--days", city.days, "default 7")->check(CLI::Range(1, 3650));
    generate->add_option("--gpus", city.gpus, "that there are; default 1000")
        ->check(CLI::Range(1, 10'000'000));
    generate->add_option("--load", city.load, "share of their time asked for; default 0.8")
        ->check(CLI::Range(0.001, 100.0));
    generate->add_option("--tenants", city.tenants, "default 20")->check(CLI::Range(1, 100'000));
    generate->add_option("--out", all.generate.out, "default: standard output");
}

void add_faults(CLI::App& app, Words& all) {
    faults::FaultsWords& words = all.faults;
    auto* faults = app.add_subcommand(
        "faults", "Scheduler, agents and clients in a simulated world that breaks.");
    faults->add_option("--seeds", words.seeds, "one, or A..B; default 1..100");
    faults->add_option("--hours", words.hours, "of faults in each life; default 1")
        ->check(CLI::Range(0.01, 1e6));
    faults->add_option("--years", words.years, "one life after another until so many are lived")
        ->check(CLI::Range(0.0, 1e6));
    faults->add_option("--nodes", words.nodes, "default 4")->check(CLI::Range(1, 10'000));
    faults->add_option("--submit-every", words.submit_every_s, "seconds between jobs; default 20")
        ->check(CLI::Range(0.1, 1e6));
    faults->add_option("--only", words.only, "F7,F19: these faults, in every life");
    faults->add_flag("--keep-going", words.keep_going, "after a life in which something was wrong");
    faults->add_flag("--tell", words.tell, "what happens, on standard error");
}

Status perform(const CLI::App& verb, const Words& words) {
    const std::string& name = verb.get_name();
    if (name == "replay") {
        return replay(words.replay);
    }
    if (name == "place") {
        return place(words.place);
    }
    if (name == "faults") {
        return faults::faults(words.faults);
    }
    return name == "import" ? import(words.import) : generate(words.generate);
}

int exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return 2;
        case ErrorCode::NotFound:
            return 3;
        default:
            return 1;
    }
}

int run(int argc, char** argv) {
    Words words;
    CLI::App app(
        "Gusu's scheduler under virtual time. tools/sim/README.md tells the formats, and what each "
        "number means.",
        "gusu-sim");
    app.set_version_flag("--version", "gusu-sim 0.1.0");
    app.require_subcommand(1);
    for (const auto add : {add_replay, add_place, add_import, add_generate, add_faults}) {
        add(app, words);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const Status done = perform(*app.get_subcommands().front(), words);
    if (!done) {
        std::cerr << "gusu-sim: " << done.error().message << "\n";
        return exit_code(done.error().code);
    }
    return 0;
}

}  // namespace
}  // namespace gusu::sim

int main(int argc, char** argv) { return gusu::sim::run(argc, argv); }
