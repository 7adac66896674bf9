"""How fast a task's output goes through its supervisor into its log, and whether all of it arrives.

    GUSU_BIN=build/release/bin python3 tests/hostile/measure_log.py [GIB]

A task writes that much as fast as it can: once into a log that may be as large, and once into one of half that
size. Every byte of the log is compared with what was written, and what is not there with what was counted as dropped.
"""

import json
import subprocess
import sys

from walled_task import SUPERVISOR, Node

BLOCK = 8 << 20
# No two blocks of a page in it are the same, so a byte that is lost or doubled is seen.
WRITER = """
import os, random, sys
block = memoryview(random.Random(1).randbytes(8 << 20))
for _ in range(int(sys.argv[1])):
    at = 0
    while at < len(block):
        at += os.write(1, block[at:at + (1 << 20)])
"""


def same_block():
    written = subprocess.run(["/usr/bin/python3", "-c", WRITER, "1"], capture_output=True, check=True, timeout=60)
    return written.stdout


def compare(log, limit):
    """Bytes that the log has; it ends at its limit, wherever in a block that is."""
    block, size = same_block(), 0
    with log.open("rb") as file:
        while piece := file.read(BLOCK):
            assert piece == block[: len(piece)], f"{log} differs near byte {size}"
            size += len(piece)
    assert size <= limit, f"{log} has {size} bytes, and may have {limit}"
    return size


def run(node, size, limit):
    task = node.task()
    words = ["/usr/bin/python3", "-c", WRITER, str(size // BLOCK)]
    order = task.order | {"command": words, "log_limit": limit}
    (task.folder / "order.json").write_text(json.dumps(order))
    subprocess.run([SUPERVISOR, task.folder], check=True, timeout=600)
    ended = json.loads((task.folder / "exit.json").read_text())
    assert (ended["exit_code"], ended["launch_error"]) == (0, ""), ended
    kept = compare(task.log, limit)
    counted = task.log.with_name(task.log.name + ".dropped")
    dropped = int(counted.read_text()) if counted.exists() else 0
    assert kept == min(size, limit), f"{kept} bytes are kept of {size}, with a limit of {limit}"
    assert kept + dropped == size, f"{kept} bytes are kept and {dropped} counted as dropped of {size}"
    task.log.unlink()
    seconds = ended["ran_for_ms"] / 1000
    print(f"{size >> 20} MiB in {seconds:.1f} s, {size / seconds / 1e6:.0f} MB/s: {kept} bytes kept, all as written, {dropped} dropped and counted")


def main():
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 1) * (1 << 30)) // BLOCK * BLOCK
    node = Node()
    try:
        run(node, size, size)
        run(node, size, size // 2 + 12345)
    finally:
        node.close()


if __name__ == "__main__":
    main()
