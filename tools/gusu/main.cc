#include <csignal>
#include <cstdlib>
#include <iostream>

#include "tools/gusu/catalogue.h"
#include "tools/gusu/program.h"

int main(int argc, char** argv) {
    // What gRPC has to say of its connections, our own messages say better.
    setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
    std::signal(SIGPIPE, SIG_IGN);
    gusu::cli::speak(gusu::cli::language_of_environment());
    return gusu::cli::run_program({argv + 1, argv + argc}, std::cout, std::cerr);
}
