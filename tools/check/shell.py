#!/usr/bin/env python3
"""shellcheck over every shell script of the tree, found by its first line."""

import subprocess

import sources


def is_shell(name):
    with open(sources.ROOT / name, "rb") as file:
        first = file.readline(80)
    return first.startswith(b"#!") and first.rstrip().endswith((b"bash", b"/sh"))


def main():
    files = [name for name in sources.listed_files() if is_shell(name)]
    problems = []
    if files:
        command = ["shellcheck", "--format=gcc", "--external-sources", *files]
        answer = subprocess.run(command, cwd=sources.ROOT, capture_output=True, text=True)
        problems = answer.stdout.splitlines()
        if answer.returncode != 0 and not problems:
            problems = [f"tools/check/shell.py:1: shellcheck failed: {answer.stderr.strip()}"]
    sources.finish("shell", problems, len(files))


main()
