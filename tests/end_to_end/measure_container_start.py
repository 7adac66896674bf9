"""How long a container that does nothing takes by gusu-container and by `podman run`, in turn.

    GUSU_BIN=build/release/bin python3 tests/end_to_end/measure_container_start.py [RUNS]
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("GUSU_SOURCE", str(pathlib.Path(__file__).resolve().parents[2]))
from test_containers import IMAGE, OwnPodman  # noqa: E402


def took(run):
    began = time.monotonic()
    run()
    return 1000 * (time.monotonic() - began)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gusu-containers-", dir="/var/lib"))
    podman = OwnPodman(folder / "podman")
    try:
        podman.make_image()
        podman.start()
        order = {
            "socket": str(podman.socket), "name": "gusu-measured", "node": "measured", "image": IMAGE, "command": ["true"],
            "environment": {}, "workdir": "/", "uid": 65534, "gid": 65534, "mounts": [], "devices": [],
            "cgroup_parent": "", "milli_cpus": 1000, "memory": 1 << 30, "processes": 100, "output": "", "error": "",
        }  # fmt: skip
        (folder / "container.json").write_text(json.dumps(order))
        program = pathlib.Path(os.environ["GUSU_BIN"]).resolve() / "gusu-container"
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(took(lambda: subprocess.run([program, folder], check=True)))
            theirs.append(took(lambda: podman("run", "--rm", "--network", "host", IMAGE, "true")))
        for name, all_of_it in [("gusu-container", ours), ("podman run --rm", theirs)]:
            print(f"{name:16} {statistics.median(all_of_it):7.0f} ms in the middle, {max(all_of_it):.0f} at most, of {runs}")
        print(f"{statistics.median(ours) / statistics.median(theirs):.2f} times `podman run`")
    finally:
        podman.stop()
        subprocess.run(["rm", "-rf", folder], check=False)


if __name__ == "__main__":
    main()
