"""How long a task that does nothing takes to start and to be over, with a wall and without.

    GUSU_BIN=build/release/bin python3 tests/hostile/measure_start.py [TASKS]

From the start of the supervisor until it tells that the program runs; and, with as many tasks at a time as the
machine has processors, how many come and go in a second. The agent itself adds its journal.
"""

import concurrent.futures
import json
import os
import subprocess
import sys
import time

from walled_task import SUPERVISOR, Node


def run_one(node):
    task = node.task()
    (task.folder / "order.json").write_text(json.dumps(task.order | {"command": ["/bin/true"]}))
    reading, writing = os.pipe()
    began = time.monotonic()
    # The supervisor tells on descriptor 3.
    words = ["sh", "-c", f'exec "$0" "$1" 3>&{writing}', SUPERVISOR, task.folder]
    supervisor = subprocess.Popen(words, pass_fds=[writing])
    os.close(writing)
    said = os.read(reading, 100)
    started = time.monotonic() - began
    os.close(reading)
    supervisor.wait()
    assert said == b"started\n", (task.folder / "exit.json").read_text()
    return started * 1000, (time.monotonic() - began) * 1000


def report(name, node, tasks):
    started, over = zip(*(run_one(node) for _ in range(tasks)))
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda _: run_one(node), range(tasks)))
    rate = tasks / (time.monotonic() - began)
    middle, most = tasks // 2, tasks * 9 // 10
    starts, ends = sorted(started), sorted(over)
    print(f"{name:<10} start p50 {starts[middle]:5.1f} ms, p90 {starts[most]:5.1f} ms; "
          f"over p50 {ends[middle]:5.1f} ms; {rate:.0f} tasks a second")


def main():
    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    for name, bare in {"walled": False, "bare": True}.items():
        node = Node(bare)
        report(name, node, tasks)
        node.close()


if __name__ == "__main__":
    main()
