// `gusu-sim faults` with one of the bugs of mutants.txt: gusu-sim-mutants NUMBER SEEDS HOURS
// [ONLY].
#include <cstdio>
#include <cstdlib>

#include "tools/sim/faults/command.h"

namespace {
int chosen = 0;
}  // namespace

int gusu_mutant();
int gusu_mutant() { return chosen; }

int main(int argc, char** argv) {
    if (argc != 4 && argc != 5) {
        std::fprintf(stderr, "usage: gusu-sim-mutants NUMBER SEEDS HOURS [ONLY]\n");
        return 2;
    }
    chosen = std::atoi(argv[1]);
    gusu::faults::FaultsWords words;
    words.seeds = argv[2];
    words.hours = std::atof(argv[3]);
    words.only = argc == 5 ? argv[4] : "";
    const auto done = gusu::faults::faults(words);
    return done ? 0 : 1;
}
