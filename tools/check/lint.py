#!/usr/bin/env python3
"""clang-tidy 19 over every source file of ours that a build folder compiles: lint.py BUILD_FOLDER

A file found clean is not looked at again until it, a header of ours it reaches, the protocol or
.clang-tidy changes: the second run takes seconds. The memory of it is in GUSU_LINT_CACHE, by default
~/.cache/gusu-lint, and shared by all builds and checkouts.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

import sources

LINTER = "clang-tidy-19"
FORGOTTEN_AFTER = 60 * 24 * 3600
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", "--quiet"]
DIAGNOSTIC = re.compile(r"^(\S+?):(\d+):\d+: (error|warning|note): (.*)$")


def own_sources(build):
    """(name, command line) of every compiled file of the tree, generated code left out."""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if path.is_relative_to(sources.ROOT) and not path.is_relative_to(build) and path.suffix != ".cu":
            found[str(path.relative_to(sources.ROOT))] = entry["command"]
    return sorted(found.items())


def reached_headers(name, seen):
    """Adds to `seen` the headers of ours that `name` includes, and theirs."""
    for _, path, angled in sources.includes(sources.text_of(name)):
        if not angled and path not in seen and (sources.ROOT / path).is_file():
            seen.add(path)
            reached_headers(path, seen)
    return seen


def protocol_hash():
    total = hashlib.sha256()
    for path in sorted((sources.ROOT / "proto").rglob("*.proto")):
        total.update(path.read_bytes())
    return total.digest()


def key_of(name, command, common):
    total = hashlib.sha256(common)
    total.update(name.encode())
    # Optimisation, sanitizers and the place of the build change nothing about what is read.
    words = [word for word in shlex.split(command) if word.startswith(("-std", "-D"))]
    total.update(" ".join(word for word in words if "NDEBUG" not in word and "/" not in word).encode())
    for path in [name, *sorted(reached_headers(name, set()))]:
        total.update((sources.ROOT / path).read_bytes())
    return total.hexdigest()


def lint(name, build):
    command = [LINTER, "-p", str(build), *EXTRA, str(sources.ROOT / name)]
    answer = subprocess.run(command, capture_output=True, text=True)
    problems = []
    for line in answer.stdout.splitlines():
        match = DIAGNOSTIC.match(line)
        if match and match.group(3) == "note":
            # What of a function is too much; the same note comes for each place of it.
            if problems and "threshold" in match.group(4) and match.group(4) not in problems[-1]:
                problems[-1] += "; " + match.group(4)
        elif match:
            place = os.path.relpath(sources.ROOT / match.group(1), sources.ROOT)
            problems.append(f"{place}:{match.group(2)}: {match.group(4)}")
    if answer.returncode != 0 and not problems:
        problems.append(f"{name}:1: {LINTER} failed: {(answer.stdout + answer.stderr).strip()[-2000:]}")
    return problems


def open_memory():
    """The folder of keys found clean; those not asked for in two months go."""
    memory = pathlib.Path(os.environ.get("GUSU_LINT_CACHE") or pathlib.Path.home() / ".cache/gusu-lint")
    memory.mkdir(parents=True, exist_ok=True)
    for key in memory.iterdir():
        if time.time() - key.stat().st_mtime > FORGOTTEN_AFTER:
            key.unlink(missing_ok=True)
    return memory


def is_remembered(key):
    if not key.exists():
        return False
    key.touch()
    return True


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: lint.py BUILD_FOLDER")
    build = pathlib.Path(sys.argv[1]).resolve()
    memory = open_memory()
    version = subprocess.run([LINTER, "--version"], capture_output=True, check=True).stdout
    common = version + (sources.ROOT / ".clang-tidy").read_bytes() + protocol_hash() + " ".join(EXTRA).encode()
    files = own_sources(build)
    keys = {name: key_of(name, command, common) for name, command in files}
    changed = [name for name, _ in files if not is_remembered(memory / keys[name])]
    print(f"lint: {len(changed)} of {len(files)} files are new or changed", flush=True)
    problems = set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, found in zip(changed, pool.map(lambda one: lint(one, build), changed)):
            for problem in found:
                if problem not in problems:  # of a header that several files include
                    print(problem, flush=True)
            problems.update(found)
            if not found:
                (memory / keys[name]).touch()
    print(f"lint: {len(files)} files, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
