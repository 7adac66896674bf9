// gusu-bench: load on a live scheduler.
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tools/bench/agents_load.h"
#include "tools/bench/run_load.h"
#include "tools/bench/submit_load.h"

namespace gusu::bench {
namespace {

constexpr int kMostClients = 100'000;
constexpr int kMostBatch = 10'000;
constexpr int kMostJobs = 100'000'000;

std::atomic<bool> stop_asked = false;

void ask_to_stop(int) { stop_asked = true; }

struct Options {
    TargetOptions target;
    bool json = false;
    JobOptions job;
    bool hold = false;
    SubmitLoad submit;
    bool cancel = false;
    RunLoad run;
    int idle = 0;
    WatchLoad watch;
    AgentsLoad agents;
    std::string agents_state;
};

void add_common(CLI::App& app, Options& options) {
    app.add_option("--scheduler", options.target.scheduler,
                   "host:port; default: that of the credentials");
    app.add_option("--credentials", options.target.credentials,
                   "file that `gusu login` wrote; default: $GUSU_CREDENTIALS, or where it is kept");
    app.add_flag("--json", options.json, "one JSON document instead of a table");
}

void add_job(CLI::App& app, Options& options) {
    app.add_option("--tenant", options.job.tenant, "default: the only one you may submit to");
    app.add_option("--gpus", options.job.gpus, "of each job; default 0")
        ->check(CLI::Range(0.0, 1024.0));
}

CLI::App* add_submit(CLI::App& app, Options& options) {
    auto* submit = app.add_subcommand(
        "submit", "Durable submissions: jobs a second, and latencies of the calls.");
    add_common(*submit, options);
    add_job(*submit, options);
    SubmitLoad& load = options.submit;
    submit->add_option("--clients", load.clients, "at once, over at most 8 connections; default 8")
        ->check(CLI::Range(1, kMostClients));
    submit->add_option("--jobs", load.jobs, "in all; default 10000")
        ->check(CLI::Range(1, kMostJobs));
    submit->add_option("--batch", load.batch, "jobs in one request; default 1")
        ->check(CLI::Range(1, kMostBatch));
    submit
        ->add_option("--rate", load.rate,
                     "jobs a second, sent whether or not answers come; default: each client "
                     "waits for its answer")
        ->check(CLI::Range(0.0, 1e7));
    submit->add_flag("--hold", options.hold, "submit them held, so that none starts");
    submit->add_flag("--cancel", options.cancel, "cancel them when all is measured");
    return submit;
}

CLI::App* add_run(CLI::App& app, Options& options) {
    auto* run = app.add_subcommand(
        "run", "Jobs that do nothing, from submission to end: jobs a second, or start latencies.");
    add_common(*run, options);
    add_job(*run, options);
    run->add_option("--jobs", options.run.jobs, "in all; default 1000")
        ->check(CLI::Range(1, kMostJobs));
    run->add_option("--batch", options.run.batch, "jobs in one request; default 1000")
        ->check(CLI::Range(1, kMostBatch));
    run->add_option("--idle", options.idle, "instead: so many, one after the end of another")
        ->check(CLI::Range(1, kMostJobs));
    return run;
}

CLI::App* add_watch(CLI::App& app, Options& options) {
    auto* watch =
        app.add_subcommand("watch", "Many watchers of the same jobs: events delivered a second.");
    add_common(*watch, options);
    add_job(*watch, options);
    watch->add_option("--watchers", options.watch.watchers, "default 100")
        ->check(CLI::Range(1, kMostClients));
    watch->add_option("--jobs", options.watch.jobs, "that each of them watches; default 100")
        ->check(CLI::Range(1, kMostBatch));
    return watch;
}

CLI::App* add_agents(CLI::App& app, Options& options) {
    auto* agents = app.add_subcommand(
        "agents",
        "Simulated agents, each on a connection of its own; their tasks only pretend to run.");
    add_common(*agents, options);
    AgentsLoad& load = options.agents;
    agents->add_option("--count", load.count, "of agents; default 1000")
        ->check(CLI::Range(1, 99'999));
    agents->add_option("--prefix", load.prefix, "of the nodes' names; default \"simulated\"");
    agents->add_option("--accelerator", load.accelerator,
                       "a name of the catalogue that no real node has");
    agents->add_option("--gpus", load.gpus, "of each node; default 8")->check(CLI::Range(0, 1024));
    agents->add_option("--task-seconds", load.task_seconds, "a task takes; default 0")
        ->check(CLI::Range(0.0, 1e6));
    agents->add_option("--seconds", load.seconds, "to stay; default: until Ctrl-C")
        ->check(CLI::Range(0.0, 1e9));
    agents->add_option("--state", options.agents_state,
                       "folder that keeps the certificates; default: new ones every time");
    return agents;
}

// Without GPUs a node needs no accelerator; with them it must name one.
Status check(const AgentsLoad& load) {
    if (load.gpus > 0 && load.accelerator.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "--accelerator is missing: name the one the simulated GPUs are to be, or say "
                     "--gpus 0"};
    }
    return Done{};
}

Result<Report> measure(const CLI::App& verb, Options& options) {
    const auto target = find_target(options.target);
    if (!target) {
        return target.error();
    }
    const std::string& name = verb.get_name();
    if (name == "submit") {
        options.submit.job = options.job;
        options.submit.job.hold = options.hold ? Hold::Yes : Hold::No;
        options.submit.afterwards = options.cancel ? Afterwards::Cancel : Afterwards::Keep;
        return measure_submissions(*target, options.submit);
    }
    if (name == "watch") {
        options.watch.job = options.job;
        return measure_watches(*target, options.watch);
    }
    if (name == "agents") {
        options.agents.state = options.agents_state;
        if (const Status valid = check(options.agents); !valid) {
            return valid.error();
        }
        return run_agents(*target, options.agents, stop_asked);
    }
    options.run.job = options.job;
    return options.idle > 0 ? measure_idle_starts(*target, options.idle, options.job)
                            : measure_runs(*target, options.run);
}

int exit_code(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidArgument:
            return 2;
        case ErrorCode::NotFound:
            return 3;
        case ErrorCode::Unavailable:
            return 4;
        case ErrorCode::NotAllowed:
        case ErrorCode::Unauthenticated:
            return 5;
        default:
            return 1;
    }
}

int run(int argc, char** argv) {
    Options options;
    CLI::App app(
        "Load on a live Gusu scheduler. tools/bench/README.md says what each command "
        "measures.",
        "gusu-bench");
    app.set_version_flag("--version", "gusu-bench 0.1.0");
    app.require_subcommand(1);
    for (const auto add : {add_submit, add_run, add_watch, add_agents}) {
        add(app, options);
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    const auto report = measure(*app.get_subcommands().front(), options);
    if (!report) {
        std::cerr << "gusu-bench: " << report.error().message << "\n";
        return exit_code(report.error().code);
    }
    std::cout << report->to_text(options.json ? Format::Json : Format::Table);
    return 0;
}

}  // namespace
}  // namespace gusu::bench

int main(int argc, char** argv) {
    setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGINT, gusu::bench::ask_to_stop);
    std::signal(SIGTERM, gusu::bench::ask_to_stop);
    return gusu::bench::run(argc, argv);
}
