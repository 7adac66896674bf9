#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <iostream>
#include <string>

#include "scheduler/base/log.h"
#include "scheduler/service/admin/stores.h"
#include "scheduler/service/config/scheduler_config.h"
#include "scheduler/service/rpc/server.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongWords = 2;

struct Options {
    std::string config = "/etc/gusu/scheduler.yaml";
    bool check_config = false;
    bool verify = false;
    bool migrate = false;
    std::string backup;
    std::string restore;

    bool is_for_store() const { return verify || migrate || !backup.empty() || !restore.empty(); }
};

int fail(const gusu::Error& error) {
    std::cerr << "gusu-scheduler: " << error.message << "\n";
    return kFailed;
}

// SIGTERM and SIGINT wait until we ask for them, in whatever thread.
sigset_t hold_stop_signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

int serve(const Options& options) {
    const auto config = gusu::service::load_scheduler_config(options.config);
    if (!config) {
        return fail(config.error());
    }
    const sigset_t signals = hold_stop_signals();
    gusu::open_log("gusu-scheduler", config->log_level());
    std::promise<gusu::Error> failure;
    const auto server = gusu::service::Server::start(*config, [&failure](const gusu::Error& error) {
        failure.set_value(error);
        // To ourselves, as nobody else would end us.
        kill(getpid(), SIGTERM);
    });
    if (!server) {
        return fail(server.error());
    }
    int signal = 0;
    sigwait(&signals, &signal);
    spdlog::info("stopping signal={}", signal);
    (*server)->stop();
    auto failed = failure.get_future();
    if (failed.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
        return fail(failed.get());
    }
    spdlog::info("stopped");
    return EXIT_SUCCESS;
}

// Beside a scheduler, or instead of one.
int work_on_store(const Options& options) {
    const auto config = gusu::service::load_scheduler_config(options.config);
    if (!config) {
        return fail(config.error());
    }
    const auto done = options.verify            ? gusu::service::verify(*config)
                      : options.migrate         ? gusu::service::migrate(*config)
                      : !options.backup.empty() ? gusu::service::back_up(*config, options.backup)
                                                : gusu::service::restore(*config, options.restore);
    if (!done) {
        return fail(done.error());
    }
    std::cout << *done << "\n";
    return EXIT_SUCCESS;
}

void add_store_options(CLI::App& app, Options& options) {
    auto* const group = app.add_option_group("Store", "Instead of serving, one of");
    group->add_flag("--verify", options.verify, "Read the whole store, say whether it is sound");
    group->add_option("--backup", options.backup, "Write all of the store to a new file")
        ->type_name("FILE");
    group
        ->add_option("--restore", options.restore,
                     "Fill the store, which must be empty, from a backup")
        ->type_name("FILE");
    group->add_flag("--migrate", options.migrate,
                    "Move from the SQLite journal of state_dir to store.postgresql");
    group->require_option(0, 1);
}

int check(const Options& options) {
    const gusu::Status right = gusu::service::check_scheduler_config(options.config);
    if (!right) {
        return fail(right.error());
    }
    std::cout << options.config << ": right\n";
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    // What gRPC has to say of its connections, our own messages say better.
    setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
    Options options;
    CLI::App app("Gusu's scheduler: decides which job runs where", "gusu-scheduler");
    app.set_help_flag("-h,--help", "This help");
    app.set_version_flag("--version", std::string("gusu-scheduler ") + gusu::service::kVersion);
    app.add_option("--config", options.config, "Configuration")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_flag("--check-config", options.check_config,
                 "Read the configuration, say what is wrong with it, do nothing");
    add_store_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? EXIT_SUCCESS : kWrongWords;
    }
    if (options.is_for_store()) {
        return work_on_store(options);
    }
    return options.check_config ? check(options) : serve(options);
}
