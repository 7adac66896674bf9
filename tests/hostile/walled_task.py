"""Real tasks below real supervisors, as an agent starts them, on a node with two tenants.

Mallory's tasks try what the cases say. Victor's task runs all the while and has something of everything
that one could want to see, take or break.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

SUPERVISOR = pathlib.Path(os.environ["GUSU_BIN"]) / "gusu-supervisor"
ENTER = pathlib.Path(os.environ["GUSU_BIN"]) / "gusu-enter"
MALLORY = 1_900_000_101
VICTOR = 1_900_000_102
MEMORY = 192 << 20
PROCESSES = 250
SECRET = "victors-secret"
LONGEST = 60


def wait_until(what, condition, seconds=LONGEST):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        select.select([], [], [], 0.01)


def syscall_number(name):
    library = ctypes.CDLL("libseccomp.so.2")
    return library.seccomp_syscall_resolve_name(name.encode())


def why_no_wall():
    """Empty if this machine has what a wall needs."""
    if os.geteuid() != 0:
        return "only root can wall in a task"
    tried = subprocess.run([SUPERVISOR, "--try-wall"], capture_output=True, text=True, timeout=60)
    return "" if tried.returncode == 0 else tried.stderr


def device_filter():
    return "controller" if os.path.isdir("/sys/fs/cgroup/devices") else "bpf"


def processes_of(uid):
    found = []
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                found.append(int(entry.name))
    return found


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def sweep_the_machine():
    """What tasks without a wall have left, and those behind one had to themselves."""
    for place in ("/tmp", "/dev/shm", "/var/tmp"):
        for file in pathlib.Path(place).glob("victors-*"):
            file.unlink()
    for what in ("-M", "-Q", "-S"):
        subprocess.run(["ipcrm", what, hex(Victor.KEY)], stderr=subprocess.DEVNULL, check=False)
    ctypes.CDLL("librt.so.1").mq_unlink(b"/victors-queue")


class Node:
    """The folders of an agent. Bare: all tenants are one user, and there is no wall."""

    def __init__(self, bare=False):
        self.bare = bare
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gusu-hostile-", dir="/var/lib"))
        self.folder.chmod(0o711)
        self.group = f"gusu/{self.folder.name}"
        self.next = 1
        for name, mode in {"tasks": 0o700, "logs": 0o700, "scratch": 0o711, "checkpoints": 0o711}.items():
            (self.folder / name).mkdir()
            (self.folder / name).chmod(mode)
        self.canary = self.folder / "canary"
        self.canary.write_text("precious")
        self.canary.chmod(0o644)
        self.make_temptations()

    def make_temptations(self):
        programs = self.folder / "programs"
        programs.mkdir()
        shutil.copy("/usr/bin/id", programs / "suid")
        (programs / "suid").chmod(0o4755)
        shutil.copy("/usr/bin/grep", programs / "capable")
        (programs / "capable").chmod(0o755)
        # cap_sys_admin, effective, in the kernel's second format.
        os.setxattr(programs / "capable", "security.capability", bytes.fromhex("0100000200002000" + "00" * 12))
        for name, numbers in {"fuse": (10, 229), "kmsg": (1, 11), "mem": (1, 1), "full": (1, 7)}.items():
            os.mknod(programs / name, 0o20666, os.makedev(*numbers))
            (programs / name).chmod(0o666)
        self.in_host_tmp = pathlib.Path(tempfile.mkdtemp(prefix="gusu-hostile-", dir="/tmp"))
        self.in_host_tmp.chmod(0o777)
        (self.in_host_tmp / "open").write_text(SECRET)
        (self.in_host_tmp / "open").chmod(0o666)

    def uid(self, uid):
        return MALLORY if self.bare else uid

    def task(self, uid=MALLORY):
        number, self.next = self.next, self.next + 1
        return Task(self, f"{number}.0", self.uid(uid))

    def close(self):
        if self.bare:
            sweep_the_machine()
        subprocess.run(["rm", "-rf", self.folder], check=False)  # deeper than Python goes
        shutil.rmtree(self.in_host_tmp, ignore_errors=True)


class Task:
    def __init__(self, node, name, uid):
        self.folder = node.folder / "tasks" / name
        self.scratch = node.folder / "scratch" / name
        self.checkpoints = node.folder / "checkpoints" / name
        self.log = node.folder / "logs" / name
        self.folder.mkdir(0o700)
        for folder in (self.scratch, self.checkpoints):
            folder.mkdir(0o700)
            os.chown(folder, uid, uid)
        self.order = {
            "environment": {"PATH": "/usr/bin:/bin", "GUSU_CHECKPOINT_SOCKET": str(self.scratch / ".checkpoint")},
            "workdir": str(self.scratch),
            "uid": uid,
            "output_log": str(self.log),
            "log_limit": 1 << 20,
            "stop_grace_ms": 300,
            "cgroup": f"{node.group}/{name}",
            "memory": MEMORY,
            "processes": PROCESSES,
            "checkpoints": str(self.checkpoints),
            "checkpoint_socket": str(self.scratch / ".checkpoint"),
        }
        if not node.bare:
            self.order |= {
                "walled": True,
                "alone_in_job": True,
                "hidden": [str(node.folder / "scratch")],
                "kept": [str(self.scratch), str(self.checkpoints)],
                "device_filter": device_filter(),
                "devices": ["c 1:3", "c 1:5", "c 1:7", "c 1:8", "c 1:9", "c 5:0", "c 5:2", "c 136:*"],
            }

    def start(self, *command, **order):
        (self.folder / "order.json").write_text(json.dumps(self.order | order | {"command": command}))
        self.process = subprocess.Popen([SUPERVISOR, self.folder], env={"SECRET": SECRET}, stderr=subprocess.DEVNULL)
        return self

    def enter(self, *command):
        """What a program says that is started beside the task's own, as an agent starts it."""
        request = json.dumps({"command": command, "environment": {}, "node": "", "task": 0}).encode()
        ours, theirs = socket.socketpair()
        ours.settimeout(LONGEST)
        supervisor = os.pidfd_open(self.process.pid)
        program = subprocess.Popen(
            ["bash", "--norc", "-c", f'exec "$0" "$1" 3<&{supervisor}', ENTER, self.folder],
            stdin=theirs, pass_fds=[supervisor], env={"PATH": "/usr/bin:/bin", "SECRET": SECRET},
        )
        theirs.close()
        os.close(supervisor)
        ours.sendall(b"r" + struct.pack("<I", len(request)) + request + b"n" + struct.pack("<I", 0))
        said = self.frames(ours)
        ours.close()
        program.wait(LONGEST)
        return said.decode(errors="replace").strip()

    @staticmethod
    def frames(connection):
        said, heard = b"", b""
        while True:
            while len(heard) < 5 or len(heard) < 5 + struct.unpack("<I", heard[1:5])[0]:
                piece = connection.recv(65536)
                assert piece, f"gusu-enter has gone, and said {said}"
                heard += piece
            end = 5 + struct.unpack("<I", heard[1:5])[0]
            kind, content, heard = heard[:1], heard[5:end], heard[end:]
            if kind == b"z":
                return said
            assert kind != b"f", f"it did not run: {content.decode()}"
            said += content

    def stop(self, grace_ms):
        (self.folder / "stop.json").write_text(json.dumps({"signal": "TERM", "grace_ms": grace_ms, "why": "CANCELLED"}))
        self.process.send_signal(signal.SIGUSR1)

    def end(self):
        """What exit.json says, once the supervisor is gone."""
        self.process.wait(LONGEST)
        return json.loads((self.folder / "exit.json").read_text())

    def output(self):
        return self.log.read_text(errors="replace").strip() if self.log.exists() else ""

    def wait_for_output(self, text):
        def said():
            assert self.process.poll() is None, f"it ended and never said {text}: {self.output()}"
            return text in self.output()

        wait_until(f"the task to say {text}", said)


class Victor:
    """A task with secrets in every place, and a door open at each."""

    PROGRAM = """
import ctypes, os, signal, socket
libc = ctypes.CDLL(None, use_errno=True)
os.umask(0)
for place in (".", "/tmp", "/dev/shm", "/var/tmp", os.environ["CHECKPOINTS"]):
    with open(place + "/victors-file", "w") as file:
        file.write("SECRET")
libc.shmget(KEY, 4096, 0o1666)
libc.msgget(KEY, 0o1666)
libc.semget(KEY, 1, 0o1666)
libc.mq_open = ctypes.CDLL("librt.so.1").mq_open
libc.mq_open(b"/victors-queue", os.O_CREAT | os.O_RDWR, 0o666, None)
doors = []
for name in ("victors-door", "/tmp/victors-door", "\\0NAME"):
    doors.append(socket.socket(socket.AF_UNIX))
    doors[-1].bind(name)
    doors[-1].listen()
print("doors are open", flush=True)
signal.pause()
"""
    KEY = 0x67757375

    def __init__(self, node):
        self.task = node.task(VICTOR)
        self.abstract = f"victors-door-{self.task.folder.parent.parent.name}"
        program = self.PROGRAM.replace("SECRET", SECRET).replace("KEY", str(self.KEY)).replace("NAME", self.abstract)
        self.task.start(
            "python3",
            "-c",
            program,
            environment=self.task.order["environment"] | {"SECRET": SECRET, "CHECKPOINTS": str(self.task.checkpoints)},
        )
        self.task.wait_for_output("doors are open")
        self.pid = children_of(self.task.process.pid)[-1]

    def is_well(self):
        files = [self.task.scratch / "victors-file", self.task.checkpoints / "victors-file"]
        return (
            self.task.process.poll() is None
            and os.path.exists(f"/proc/{self.pid}")
            and all(file.read_text() == SECRET for file in files)
        )

    def end(self):
        self.task.stop(0)
        self.task.end()
