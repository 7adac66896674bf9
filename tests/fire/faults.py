"""The faults: each hurts one part of the platform for a while, and is made good again.

A fault's function begins it and returns what ends it.
"""

import os
import signal

ALONE = "alone"  # nothing else may be wrong with that node meanwhile
DISK_BLOCK = 1 << 20


def kill(platform, name, chance):
    platform.programs()[name].kill()
    return lambda: None  # whoever is dead is started again by the keeper


def stop(platform, name, chance):
    process = platform.programs()[name].process
    process.send_signal(signal.SIGSTOP)
    return lambda: process.send_signal(signal.SIGCONT)


def signal_supervisor(which, afterwards):
    def begin(platform, name, chance):
        pids = platform.supervisors(name)
        if not pids:
            return None
        pid = chance.choice(pids)
        file = os.pidfd_open(pid)
        send(file, which)

        def end():
            if afterwards:
                send(file, afterwards)
            os.close(file)

        return end

    return begin


def send(pidfd, which):
    try:
        signal.pidfd_send_signal(pidfd, which)
    except ProcessLookupError:
        pass  # it has ended meanwhile


def cut(kind):
    def begin(platform, name, chance):
        place = platform.net.place(name)
        place.cut(kind)
        return place.heal

    return begin


def fill_disk(platform, name, chance):
    filler = platform.disks[name] / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * DISK_BLOCK)
        except OSError:
            pass
        try:
            while True:
                file.write(b"x")  # to the last byte of the last page
        except OSError:
            pass
    return filler.unlink


def fail_disk(what):
    def begin(platform, name, chance):
        file = platform.fault_file(name)
        file.write_text(what)
        return file.unlink

    return begin


def postgresql_stops(platform, name, chance):
    platform.server.signal(signal.SIGSTOP)
    return lambda: platform.server.signal(signal.SIGCONT)


def postgresql_dies(platform, name, chance):
    platform.server.stop("immediate")
    return platform.server.start


# name: (function, whom it hits, shortest and longest seconds)
KINDS = {
    "kill-scheduler": (kill, "scheduler", (0.1, 2)),
    "stop-scheduler": (stop, "scheduler", (0.2, 6)),
    "kill-agent": (kill, "agent", (0.1, 2)),
    "stop-agent": (stop, "agent", (0.2, 9)),
    "kill-supervisor": (signal_supervisor(signal.SIGKILL, None), "agent", (0.1, 0.2)),
    # A frozen machine is another matter: for so long the task's lease must be kept by somebody.
    "stop-supervisor": (signal_supervisor(signal.SIGSTOP, signal.SIGCONT), ALONE, (0.2, 2)),
    **{f"{kind}-{whom}": (cut(kind), whom, (0.3, 8)) for kind in ("cut-in", "cut-out", "cut-both", "cut-reset")
       for whom in ("scheduler", "agent")},
    **{f"fill-{whom}": (fill_disk, whom, (0.3, 3)) for whom in ("scheduler", "agent")},
    **{f"eio-{what}-{whom}": (fail_disk(what), whom, (0.1, 3)) for what in ("write", "sync")
       for whom in ("scheduler", "agent")},
    "stop-postgresql": (postgresql_stops, "postgresql", (0.2, 4)),
    "kill-postgresql": (postgresql_dies, "postgresql", (0.2, 3)),
}


def kinds_for(platform):
    """The faults this platform can have; and by name why others are left out."""
    left_out = {}
    for name in KINDS:
        if not platform.net and name.startswith(("cut-", "fill-")):
            left_out[name] = "no namespaces here"
        elif "postgresql" in name and not platform.server:
            left_out[name] = "the store is SQLite"
        elif platform.server and name in ("fill-scheduler", "eio-write-scheduler", "eio-sync-scheduler"):
            left_out[name] = "the store is PostgreSQL"
    return [name for name in KINDS if name not in left_out], left_out
