#!/usr/bin/env python3
"""Words that do not belong into the tree: promises, waits in tests, tests that are switched off, and
paths that exist on one machine only."""

import re

import sources

PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
IN_TESTS = {
    r"\b(sleep_for|sleep_until|usleep|nanosleep)\b": "wait for the event itself, with a deadline",
    r"(?<![\w.])sleep\s*\(": "wait for the event itself, with a deadline",
    r"\btime\.sleep\b": "wait for the event itself, with a deadline",
    r"\bGTEST_SKIP\b|\bDISABLED_|\bpytest\.mark\.skip": "a test that does not run proves nothing: repair or remove it",
}
NO_COROUTINES = re.compile(r"\bco_(await|yield|return)\b")
# Written in two parts, so that this file does not find itself.
PLACES = re.compile(r"(?<![\w.])/" + r"work/|\.\./" + r"shared\b")
BINARY_ENDINGS = (".gz", ".png", ".jpg", ".ico", ".pdf", ".woff2", ".db", ".sqlite")


def problems_of(name):
    if name.endswith(BINARY_ENDINGS):
        return []
    text = sources.text_of(name)
    is_cpp = name.endswith(sources.CPP_ENDINGS)
    code = sources.without_comments(text).splitlines() if is_cpp else text.splitlines()
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        here = f"{name}:{number}"
        match = PROMISE.search(line)
        if match and name != "tools/check/words.py":
            found.append(f"{here}: {match.group(0)}; do it now, or open an issue and say here what holds today")
        if PLACES.search(line) and not name.startswith(".ci/"):
            found.append(f"{here}: names a path of one machine; take it from an environment variable or argument")
    for number, line in enumerate(code, 1):
        here = f"{name}:{number}"
        if is_cpp and NO_COROUTINES.search(line):
            found.append(f"{here}: a coroutine; g++ 12 frees twice in them: use callbacks")
        if name.startswith("tests/") and (is_cpp or name.endswith((".py", ".sh", "/run"))):
            for pattern, remedy in IN_TESTS.items():
                match = re.search(pattern, line)
                if match:
                    found.append(f"{here}: '{match.group(0)}'; {remedy}")
    return found


def main():
    files = [name for name in sources.listed_files() if name != "LICENSE"]
    problems = [problem for name in files for problem in problems_of(name)]
    sources.finish("words", problems, len(files))


main()
