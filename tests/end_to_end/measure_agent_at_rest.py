"""What an agent costs that has nothing to do, on a node with eight GPUs.

    GUSU_BIN=build/release/bin python3 tests/end_to_end/measure_agent_at_rest.py [SECONDS]

The GPUs are those of the tests' own NVML (tests/unit/agent/fake_nvml.cc), asked as the driver's would be; what a
real driver takes for its answers comes on top. Memory and time of the processor are what /proc says.
"""

import os
import pathlib
import select
import shutil
import sys
import tempfile
import time

os.environ.setdefault("GUSU_SOURCE", str(pathlib.Path(__file__).resolve().parents[2]))
from platform_under_test import BIN, Platform  # noqa: E402


def spent(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.endswith(" kB")}
    return {name: int(sizes[name]) / 1024 for name in ("VmRSS", "RssAnon", "RssFile")}


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gusu-at-rest-", dir="/var/lib" if os.geteuid() == 0 else None))
    platform = Platform(folder)
    try:
        platform.use_nvml(BIN.resolve().parent / "tests/unit/agent/libfake_eight_nvml.so")
        platform.start_agent("n1", gpus=None, http_listen="127.0.0.1:0", http_insecure="loopback-only")
        assert len(platform.node("n1")["inventory"]["devices"]) == 8
        pid = platform.agents["n1"].process.pid
        select.select([], [], [], 5)  # until it is at rest
        before, began = spent(pid), time.monotonic()
        select.select([], [], [], seconds)
        share = (spent(pid) - before) / (time.monotonic() - began)
        sizes = memory(pid)
        print(f"{sizes['VmRSS']:.1f} MiB of memory ({sizes['RssAnon']:.1f} its own, {sizes['RssFile']:.1f} of files that others share), "
              f"{100 * share:.2f} % of a processor over {seconds:.0f} s")
    finally:
        platform.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
