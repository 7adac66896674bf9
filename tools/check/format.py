#!/usr/bin/env python3
"""Every C++ file is as clang-format 19 writes it. --rewrite writes it so."""

import subprocess
import sys

import sources

FORMATTER = "clang-format-19"
FILES_AT_ONCE = 20


def main():
    files = sources.cpp_files()
    rewrite = sys.argv[1:] == ["--rewrite"]
    mode = ["-i"] if rewrite else ["--dry-run", "--Werror", "--ferror-limit=1"]
    problems = []
    for start in range(0, len(files), FILES_AT_ONCE):
        some = files[start : start + FILES_AT_ONCE]
        command = [FORMATTER, "--style=file", *mode, *some]
        answer = subprocess.run(command, cwd=sources.ROOT, capture_output=True, text=True)
        lines = [line for line in answer.stderr.splitlines() if ": error:" in line]
        problems += [line + "; remedy: cmake --build build/release -t format" for line in lines]
        if answer.returncode != 0 and not lines:
            problems.append(f"{some[0]}:1: {FORMATTER} failed: {answer.stderr.strip()}")
    sources.finish("format", problems, len(files))


main()
