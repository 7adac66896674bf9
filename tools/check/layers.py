#!/usr/bin/env python3
"""Includes and links go in one direction only: base <- core <- wire <- store <- service <- main.

The agent and the tools see base and the protocol; the simulator and the load generator also see the
core. Checked on every #include and on every gusu_* target a library or program links.
"""

import re

import sources

# Folder -> what its files may include, besides themselves. The longest folder that matches counts.
BASE = ["scheduler/base"]
PROTO = ["gusu", "proto", "deviceplugin"]
CORE = BASE + ["scheduler/core"]
ALLOWED = {
    "scheduler/base": [],
    "scheduler/core": BASE,
    "scheduler/wire": CORE + PROTO,
    "scheduler/store": CORE + PROTO + ["scheduler/wire"],
    "scheduler/service": CORE + PROTO + ["scheduler/wire", "scheduler/store"],
    "scheduler": CORE + PROTO + ["scheduler/wire", "scheduler/store", "scheduler/service"],
    "proto": BASE + PROTO,
    "agent": BASE + PROTO,
    "tools/gusu": BASE + PROTO,
    "tools/bench": CORE + PROTO,
    "tools/sim": CORE + PROTO + ["tools/sim/faults"],
    # The whole platform without the world.
    "tools/sim/faults": CORE + PROTO
    + ["scheduler/wire", "scheduler/store", "scheduler/service", "agent", "tools/sim"],
}
# Tests may see what they test, and everything that may see.
EVERYTHING = ["scheduler", "agent", "tools", "tests"] + PROTO

# Target -> targets of ours it may link, for the layers whose purity depends on it.
LINKS = {
    "gusu_base": [],
    "gusu_log": ["gusu_base"],
    "gusu_core": ["gusu_base"],
    "gusu_wire": ["gusu_base", "gusu_core", "gusu_proto", "gusu_text"],
    "gusu_store": ["gusu_base", "gusu_log", "gusu_core", "gusu_proto", "gusu_text", "gusu_wire"],
}
DECLARATION = re.compile(r"gusu_(?:library|program)\s*\(\s*(\w+)([^)]*)\)", re.DOTALL)


def layer_of(name):
    folders = [folder for folder in ALLOWED if name.startswith(folder + "/")]
    return max(folders, key=len, default=None)


def is_below(path, folder):
    return path.startswith(folder + "/")


def problems_of_file(name):
    layer = layer_of(name)
    if name.startswith("tests/"):
        allowed, layer = EVERYTHING, "tests"
    elif layer is None:
        return []
    else:
        allowed = ALLOWED[layer] + [layer]
    found = []
    for line, path, angled in sources.includes(sources.text_of(name)):
        if angled:
            continue
        if not any(is_below(path, folder) for folder in allowed):
            found.append(
                f'{name}:{line}: "{path}" is not for {layer}, which may include only '
                f"{', '.join(allowed)}; move what you need down, or name it by its path from the root"
            )
        elif layer == "scheduler" and name.count("/") > 1:
            found.append(f"{name}:{line}: a folder that has no layer; add it to tools/check/layers.py")
        elif layer in ALLOWED and layer_of(path) not in (None, layer) and layer_of(path) not in allowed:
            found.append(
                f'{name}:{line}: "{path}" belongs to {layer_of(path)}, above {layer}; '
                "move what you need down"
            )
    return found


def problems_of_links(name):
    text = re.sub(r"#[^\n]*", "", sources.text_of(name))
    found = []
    for match in DECLARATION.finditer(text):
        target, words = match.group(1), match.group(2).split()
        if target not in LINKS:
            continue
        line = text[: match.start()].count("\n") + 1
        for word in words:
            if word.startswith("gusu_") and word not in LINKS[target]:
                found.append(
                    f"{name}:{line}: {target} links {word}; it may link only "
                    f"{', '.join(LINKS[target]) or 'nothing of ours'}"
                )
    return found


def main():
    files = sources.cpp_files()
    lists = [name for name in sources.listed_files() if name.endswith("CMakeLists.txt")]
    problems = [problem for name in files for problem in problems_of_file(name)]
    problems += [problem for name in lists for problem in problems_of_links(name)]
    sources.finish("layers", problems, len(files) + len(lists))


main()
