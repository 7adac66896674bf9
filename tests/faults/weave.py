#!/usr/bin/env python3
"""Weaves the bugs of mutants.txt into copies of the production's sources.

  weave.py --files           the files that have one
  weave.py --list            number, row and name of each
  weave.py --check           whether every bug can still be woven
  weave.py FILE WOVEN        the copy of FILE, with every bug switched by its number at run time

A bug is a header `[number] row: name`, then for each change `file: PATH`, lines that begin with `- `
as they stand in that file, exactly once, and lines that begin with `+ ` to be there instead. In these,
MUTANT is true while the bug is switched on.
"""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
HEADER = re.compile(r"\[(\d+)\] (\S+): (.+)")


def changes():
    """(number, row, name, file, before, after) of each change."""
    number, row, name, file, before, after = 0, "", "", "", [], []

    def finish():
        if before:
            yield number, row, name, file, "\n".join(before), "\n".join(after)
        before.clear()
        after.clear()

    for line in (HERE / "mutants.txt").read_text().splitlines():
        header = HEADER.fullmatch(line)
        if header or line.startswith("file: "):
            yield from finish()
        if header:
            number, row, name = int(header.group(1)), header.group(2), header.group(3)
        elif line.startswith("file: "):
            file = line.removeprefix("file: ")
        elif line.startswith("- "):
            if after:
                yield from finish()
            before.append(line[2:])
        elif line.startswith("+ "):
            after.append(line[2:])
    yield from finish()


def woven(file):
    text = (ROOT / file).read_text()
    for number, _, name, where, before, after in changes():
        if where != file:
            continue
        if text.count(before) != 1:
            sys.exit(f"weave: bug {number} ({name}): its lines stand {text.count(before)} times in {file}")
        text = text.replace(before, after.replace("MUTANT", f"(gusu_mutant() == {number})"))
    return "int gusu_mutant();\n#line 1\n" + text


def main():
    if sys.argv[1] == "--files":
        print(" ".join(sorted({change[3] for change in changes()})))
    elif sys.argv[1] == "--check":
        for file in sorted({change[3] for change in changes()}):
            woven(file)
    elif sys.argv[1] == "--list":
        for number, row, name in sorted({change[:3] for change in changes()}):
            print(f"{number}\t{row}\t{name}")
    else:
        target = pathlib.Path(sys.argv[2])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(woven(sys.argv[1]))


main()
