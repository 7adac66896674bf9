// `gusu-sim faults` with one of the bugs of mutants.txt: gusu-sim-mutants NUMBER SEEDS HOURS.
#include <cstdio>
#include <cstdlib>

#include "tools/sim/faults/command.h"

namespace {
int chosen = 0;
}  // namespace

int gusu_mutant();
int gusu_mutant() { return chosen; }

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: gusu-sim-mutants NUMBER SEEDS HOURS\n");
        return 2;
    }
    chosen = std::atoi(argv[1]);
    gusu::faults::FaultsWords words;
    words.seeds = argv[2];
    words.hours = std::atof(argv[3]);
    const auto done = gusu::faults::faults(words);
    return done ? 0 : 1;
}
