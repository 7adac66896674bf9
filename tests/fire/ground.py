"""Where the programs under test are, and a network and mounts of our own to break.

Import this first: it finds the build (GUSU_BIN, by default build/release/bin) for platform_under_test.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("GUSU_BIN", str(ROOT / "build/release/bin"))
os.environ.setdefault("GUSU_SOURCE", str(ROOT))
sys.path[:0] = [str(ROOT / "tests/end_to_end"), str(ROOT / "tests/ha")]

BIN = pathlib.Path(os.environ["GUSU_BIN"])
INSIDE = "GUSU_FIRE_INSIDE"


def need_programs(*more):
    """And whoever is told to end (SIGTERM) takes its platform with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    lacking = [name for name in ("gusu", "gusu-scheduler", "gusu-agent", *more) if not (BIN / name).exists()]
    if lacking:
        sys.exit(f"{BIN} lacks {', '.join(lacking)}: cmake --build --preset release, or set GUSU_BIN")


def new_folder(prefix):
    """Not in /tmp if tasks have one of their own, which is so where the agent is root: they write in it."""
    return pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir="/var/lib" if os.geteuid() == 0 else None))


def enter_own_namespaces():
    """Goes on in a network and a mount namespace of its own, which vanish with the last process in them.

    Returns why not, where the machine does not let us; "" otherwise.
    """
    if os.environ.get(INSIDE):
        return ""
    if os.getuid() != 0:
        return "not root"
    for program in ("unshare", "nsenter", "ip", "nft"):
        if shutil.which(program) is None:
            return f"no program {program}"
    probe = "ip link set lo up && ip link add hub type bridge && ip link add probe0 type veth peer name probe1 && nft list ruleset"
    tried = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", probe], capture_output=True, text=True)
    if tried.returncode != 0:
        return tried.stderr.strip() or "unshare failed"
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, "-B", *sys.argv])
