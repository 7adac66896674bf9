#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "agent/daemon/agent.h"
#include "agent/daemon/config.h"
#include "agent/daemon/inventory.h"
#include "agent/daemon/say_saved.h"
#include "scheduler/base/log.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongWords = 2;

struct Options {
    std::string config = "/etc/gusu/agent.yaml";
    bool check_config = false;
    bool end_tasks = false;
    bool checkpoint_saved = false;
};

int fail(const gusu::Error& error) {
    std::cerr << "gusu-agent: " << error.message << "\n";
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

int serve(const gusu::config::v1::AgentConfig& config) {
    const sigset_t signals = hold_stop_signals();
    const auto agent = gusu::agent::Agent::start(config);
    if (!agent) {
        return fail(agent.error());
    }
    std::thread waiting([&] {
        int signal = 0;
        sigwait(&signals, &signal);
        spdlog::info("stopping, tasks go on signal={}", signal);
        (*agent)->stop();
    });
    (*agent)->run();
    waiting.join();
    return EXIT_SUCCESS;
}

int act(const Options& options) {
    if (options.checkpoint_saved) {
        const char* socket = std::getenv("GUSU_CHECKPOINT_SOCKET");
        const gusu::Status said = gusu::agent::say_saved(socket == nullptr ? "" : socket);
        return said ? EXIT_SUCCESS : fail(said.error());
    }
    const auto config = gusu::agent::load_agent_config(options.config);
    if (!config) {
        return fail(config.error());
    }
    if (options.check_config) {
        std::cout << options.config << ": right\n";
        return EXIT_SUCCESS;
    }
    gusu::open_log("gusu-agent", config->log_level());
    if (options.end_tasks) {
        const gusu::Status ended = gusu::agent::end_tasks(*config);
        return ended ? EXIT_SUCCESS : fail(ended.error());
    }
    return serve(*config);
}

}  // namespace

int main(int argc, char** argv) {
    // What gRPC has to say of its connections, our own messages say better.
    setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
    Options options;
    CLI::App app("Gusu's agent: runs the tasks of one node", "gusu-agent");
    app.set_help_flag("-h,--help", "This help");
    app.set_version_flag("--version", std::string("gusu-agent ") + gusu::agent::kVersion);
    app.add_option("--config", options.config, "Configuration")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_flag("--check-config", options.check_config,
                 "Read the configuration, say what is wrong with it, do nothing");
    app.add_flag("--end-tasks", options.end_tasks,
                 "End every task of this node, wait until nothing of them is left");
    app.add_flag("--checkpoint-saved", options.checkpoint_saved,
                 "For programs of a job: say that its work is saved");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? EXIT_SUCCESS : kWrongWords;
    }
    return act(options);
}
