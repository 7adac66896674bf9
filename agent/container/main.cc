// gusu-container DIRECTORY           runs what DIRECTORY/container.json says; see run.h
// gusu-container --clean DIRECTORY   removes what is left of it
// gusu-container --sweep SOCKET NODE [NAME...]   removes all of this node but those
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "agent/container/engine.h"
#include "agent/container/run.h"

namespace gusu::agent {
namespace {

int told(const Status& done) {
    if (!done) {
        std::fprintf(stderr, "gusu-container: %s\n", done.error().message.c_str());
    }
    return done ? 0 : 1;
}

int clean(const std::string& directory) {
    const auto order = read_container_order(directory);
    if (!order) {
        return told(order.error());
    }
    const auto engine = find_engine(order->socket);
    return engine ? told((*engine)->remove(order->name)) : told(engine.error());
}

int sweep(const std::vector<std::string>& words) {
    const auto engine = find_engine(words[1]);
    if (!engine) {
        return told(engine.error());
    }
    const std::set<std::string> kept(words.begin() + 3, words.end());
    const auto names = (*engine)->with_label("gusu.node=" + words[2]);
    if (!names) {
        return told(names.error());
    }
    int failed = 0;
    for (const std::string& name : *names) {
        failed += kept.contains(name) ? 0 : told((*engine)->remove(name));
    }
    return failed == 0 ? 0 : 1;
}

int usage() {
    std::fputs(
        "usage: gusu-container DIRECTORY\n"
        "       gusu-container --clean DIRECTORY\n"
        "       gusu-container --sweep SOCKET NODE [NAME...]\n"
        "The agent and its supervisors call it; see agent/container/run.h.\n",
        stderr);
    return 2;
}

}  // namespace
}  // namespace gusu::agent

int main(int count, char** arguments) {
    using namespace gusu::agent;
    const std::vector<std::string> words(arguments + 1, arguments + count);
    if (words.size() >= 3 && words[0] == "--sweep") {
        return sweep(words);
    }
    if (words.size() == 2 && words[0] == "--clean") {
        return clean(words[1]);
    }
    if (words.size() != 1 || words[0].starts_with("-")) {
        return usage();
    }
    hold_container_signals();
    return run_container(words[0]);
}
