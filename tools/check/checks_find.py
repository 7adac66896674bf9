#!/usr/bin/env python3
"""The checks find what they look for: each is run on a small tree that breaks its rule."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

LONG_FUNCTION = "int sum(int a) {\n" + "    a += 1;\n" * 70 + "    return a;\n}\n"
LONG_TABLE = "const int kTable[] = {\n" + "    1,\n" * 200 + "};\n"
CLEAN = '#include "scheduler/base/result.h"\n\n// Not std::thread, not TODAY.\nint one();\n'

# (check, file, its text, what the check must say; None: it must be content)
CASES = [
    ("layers", "scheduler/core/a.h", '#include "scheduler/service/engine.h"\n', "scheduler/core/a.h:1"),
    ("layers", "scheduler/base/a.h", '#include "gusu/v1/job.pb.h"\n', "is not for scheduler/base"),
    ("layers", "agent/a.cc", '// text\n#include "scheduler/core/event.h"\n', "agent/a.cc:2"),
    ("layers", "scheduler/core/CMakeLists.txt", "gusu_library(gusu_core\n SOURCES a.cc LINK gusu_wire)\n", "links gusu_wire"),
    ("layers", "scheduler/wire/a.h", '#include "scheduler/core/event.h"\n', None),
    ("layers", "agent/a.h", '// #include "scheduler/core/event.h"\n', None),
    ("core_is_pure", "scheduler/core/a.h", "#include <chrono>\n", "scheduler/base/time.h"),
    ("core_is_pure", "scheduler/core/a.h", "#include <google/protobuf/message.h>\n", "core/a.h:1"),
    ("core_is_pure", "scheduler/core/a.cc", "int x;\nauto t = std::chrono::system_clock::now();\n", "core/a.cc:2"),
    ("core_is_pure", "scheduler/core/a.cc", "std::map<const Job*, int> seats;\n", "addresses differ"),
    ("core_is_pure", "scheduler/core/a.cc", "static int count = 0;\n", "no globals"),
    ("core_is_pure", "scheduler/core/a.cc", "auto home = getenv(name);\n", "getenv"),
    ("core_is_pure", "scheduler/core/a.h", CLEAN, None),
    ("size", "agent/a.cc", LONG_FUNCTION, "sum has 73 lines"),
    ("size", "agent/a.cc", "namespace gusu {\nstruct A {\n" + LONG_FUNCTION + "};\n}\n", "agent/a.cc:3"),
    ("size", "agent/a.cc", "// line\n" * 701, "701 lines"),
    ("size", "agent/a.cc", "namespace gusu {\n" + LONG_TABLE + "}\n", None),
    ("words", "agent/a.cc", "// TO" + "DO later\n", "open an issue"),
    ("words", "tests/a_test.cc", "std::this_thread::sleep" + "_for(1s);\n", "wait for the event"),
    ("words", "tests/a_test.cc", "GTEST" + "_SKIP();\n", "proves nothing"),
    ("words", "deploy/a.yaml", "file: /wo" + "rk/data\n", "one machine"),
    ("words", "agent/a.cc", "co_" + "await f();\n", "coroutine"),
    ("words", "agent/a.cc", "std::this_thread::sleep" + "_for(1s);\n", None),
    ("format", "agent/a.cc", "int  a ;\n", "-t format"),
    ("format", "agent/a.cc", "int a;\n", None),
    ("lint", "agent/a.cc", "namespace gusu {\nint BadName() { return 1; }\n}\n", "agent/a.cc:2: invalid case style"),
    ("lint", "agent/a.cc", "namespace gusu {\nint good_name() { return 1; }\n}\n", None),
    ("shell", "deploy/a", "#!/bin/bash\ncd $1\n", "deploy/a:2"),
]


def run_check(check, name, text):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        shutil.copytree(HERE, root / "tools/check", ignore=shutil.ignore_patterns("checks_find.py", "*.pyc"))
        for settings in (".clang-format", ".clang-tidy"):
            shutil.copy(HERE.parents[1] / settings, root)
        pure = root / "scheduler/core/pure.h"
        for path, content in ((pure, ""), (root / name, text)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        command = [sys.executable, "-B", str(root / f"tools/check/{check}.py")]
        if check == "lint":
            command.append(make_build(root, name))
        memory = {"GUSU_LINT_CACHE": str(root / "memory")}
        return subprocess.run(command, capture_output=True, text=True, env=os.environ | memory)


def make_build(root, name):
    """A build folder that compiles one file."""
    entry = {"directory": str(root), "file": name, "command": f"clang++-19 -std=c++20 -c {name}"}
    (root / "build").mkdir()
    (root / "build/compile_commands.json").write_text(json.dumps([entry]))
    return str(root / "build")


def main():
    wrong = 0
    for check, name, text, wanted in CASES:
        answer = run_check(check, name, text)
        as_wanted = answer.returncode == 0 if wanted is None else answer.returncode == 1 and wanted in answer.stdout
        if not as_wanted:
            wrong += 1
            print(f"{check} on {text[:60]!r} wanted {wanted!r}, got {answer.returncode}: {answer.stdout}{answer.stderr}")
    print(f"checks_find: {len(CASES)} cases, {wrong} wrong")
    sys.exit(1 if wrong else 0)


main()
