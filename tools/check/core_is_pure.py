#!/usr/bin/env python3
"""scheduler/core has nothing of the world in it: no clock, thread, file, socket, chance or protobuf.

It takes the time as an argument and gives events back, so that a journal can be replayed to the same
state. Unordered containers and pointers as keys are out too: their order differs from run to run.
"""

import re

import sources

REMEDY_SHELL = "the shells around the core do that; pass the result in"
FORBIDDEN_HEADERS = {
    "chrono": "take Time and Duration from scheduler/base/time.h",
    "ctime": "take the time as an argument",
    "time.h": "take the time as an argument",
    "random": "a seed is an input; write the generator into the core",
    "unordered_map": "use std::map or a sorted vector: its order is part of the result",
    "unordered_set": "use std::set or a sorted vector: its order is part of the result",
}
for header in (
    "thread mutex shared_mutex atomic future condition_variable semaphore latch barrier stop_token "
    "fstream iostream cstdio stdio.h filesystem syncstream print coroutine csignal locale "
    "unistd.h pthread.h signal.h fcntl.h poll.h sys/* netinet/* linux/* arpa/* "
    "google/* grpc/* grpcpp/* boost/* absl/* spdlog/* fmt/* yaml-cpp/* nlohmann/* openssl/* sqlite3.h "
    "prometheus/*"
).split():
    FORBIDDEN_HEADERS[header] = REMEDY_SHELL

FORBIDDEN_WORDS = {
    r"\b(system|steady|high_resolution|utc)_clock\b": "take the time as an argument",
    r"\b(time|gettimeofday|clock_gettime|localtime|gmtime)\s*\(\s*(NULL|nullptr|0|&)": "take the time as an argument",
    r"\b(s?rand|random|getrandom|random_device)\s*\(": "a seed is an input",
    r"\b(std::)?random_device\b": "a seed is an input",
    r"\b(secure_)?getenv\b": REMEDY_SHELL,
    r"\bstd::(thread|jthread|mutex|async|atomic|cout|cerr|clog|ifstream|ofstream)\b": REMEDY_SHELL,
    r"\b(printf|fprintf|puts|fopen|popen|system)\s*\(": REMEDY_SHELL,
    r"\bthread_local\b": "the core has one thread and no globals",
    r"^\s*(inline\s+)?static\s+(?!const\b|constexpr\b|_?assert)[\w:<>,\s*&]+\s+\w+\s*(=|;|\{)":
        "no globals that change: what is remembered belongs into State",
    r"\bstd::unordered_": "use an ordered container: its order is part of the result",
    r"\bstd::(map|set|multimap|multiset)\s*<\s*(const\s+)?[\w:]+\s*\*": "key by an id: addresses differ from run to run",
    r"\bstd::hash\b": "use an ordered container",
    r"\b(throw|try|catch)\b(?=\s*[\w({])": "a refusal is a Result, a bug is check()",
}


def forbidden_header(path):
    top = path.split("/")[0] + "/*"
    return FORBIDDEN_HEADERS.get(path) or FORBIDDEN_HEADERS.get(top)


def problems_of(name):
    text = sources.text_of(name)
    found = []
    for line, path, angled in sources.includes(text):
        remedy = forbidden_header(path) if angled else None
        if path.endswith(".pb.h") or path.startswith(("gusu/", "proto/")):
            remedy = "the core speaks its own nouns; scheduler/wire translates"
        elif path == "scheduler/base/log.h":
            remedy = "events say what happened; the service logs them"
        if remedy:
            found.append(f"{name}:{line}: includes {path}; {remedy}")
    for line, code in enumerate(sources.without_comments(text).splitlines(), 1):
        for pattern, remedy in FORBIDDEN_WORDS.items():
            match = re.search(pattern, code)
            if match:
                found.append(f"{name}:{line}: '{match.group(0).strip()}'; {remedy}")
    return found


def main():
    files = [name for name in sources.cpp_files() if name.startswith("scheduler/core/")]
    problems = [problem for name in files for problem in problems_of(name)]
    if not files:
        problems.append("scheduler/core:1: no file found; has the core moved?")
    sources.finish("core_is_pure", problems, len(files))


main()
