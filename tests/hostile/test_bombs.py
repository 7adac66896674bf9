"""Tasks that want all there is, or do not want to end. Each is gone, with all it started, and cost no other."""

import dataclasses
import os
import pathlib
import re

import pytest

import cases
from walled_task import MALLORY, PROCESSES, processes_of, wait_until

FOREVER = "\nwhile True: signal.pause()"


@dataclasses.dataclass
class Bomb:
    name: str
    tries: str
    # Of exit.json; what is not named is not looked at.
    ends: dict
    sees: str = ".*"
    order: dict = dataclasses.field(default_factory=dict)


SOON = {"time_limit_ms": 500}
STOPPED = {"timed_out": True}
FILL = "block = bytes(1 << 20)\nwith open('PLACE/big', 'wb') as file:\n    while True: file.write(block)"
OUT_OF_MEMORY = {"out_of_memory": True}

BOMBS = [
    Bomb("forks", "while True:\n    try: os.fork()\n    except OSError: pass", STOPPED, order=SOON),
    Bomb("forks of the shell", "os.execlp('bash', 'bash', '-c', 'b() { b | b & }; b; wait; sleep 100')", STOPPED, order=SOON),
    Bomb("forks that leave", "while True:\n    try: os.fork() or os.setsid()\n    except OSError: pass", STOPPED, order=SOON),
    Bomb("forks find their limit", "count = 0\ntry:\n    while True: os.fork() or linger(); count += 1\n"
         "except OSError as wrong: print(told(wrong.errno), count)", {"exit_code": 0}, rf"EAGAIN {PROCESSES - 1}"),
    Bomb("threads", "try:\n    while True: threading.Thread(target=linger, args=(100,), daemon=True).start()\n"
         "except RuntimeError as wrong: print(wrong); sys.stdout.flush(); os._exit(3)", {"exit_code": 3}, "can't start new thread"),
    Bomb("memory", "held = []\nwhile True: held.append(bytearray(1 << 20))", OUT_OF_MEMORY),
    Bomb("memory of many children", "for _ in range(20):\n    if os.fork() == 0:\n        held = bytearray(20 << 20); linger()\n"
         "linger()", STOPPED, order=SOON | {"time_limit_ms": 2000}),
    Bomb("memory as a file in /tmp", FILL.replace("PLACE", "/tmp"), {}, "(?s).*(No space left).*|"),
    Bomb("memory as a file in /dev/shm", FILL.replace("PLACE", "/dev/shm"), {}, "(?s).*(No space left).*|"),
    Bomb("memory as files without a name",
         "files = []\nblock = bytes(1 << 20)\nwhile True:\n    files.append(os.memfd_create('x')); os.write(files[-1], block)",
         OUT_OF_MEMORY),
    Bomb("memory that processes share", "size = 150 << 20\nlibc.shmat.restype = ctypes.c_void_p\nfor n in range(4):\n"
         "    at = libc.shmat(libc.shmget(n + 1, ctypes.c_size_t(size), 0o1666), None, 0)\n"
         "    ctypes.memset(at, 1, size)", OUT_OF_MEMORY),
    Bomb("memory of a line without end", "os.execlp('tail', 'tail', '/dev/zero')", OUT_OF_MEMORY),
    Bomb("open files", "held = []\ntry:\n    while len(held) < 2_000_000: held.append(os.open('/dev/null', 0))\n"
         "except OSError as wrong: print(told(wrong.errno))", {"exit_code": 0}, "EMFILE"),
    Bomb("time", "while True: pass", STOPPED, order=SOON),
    Bomb("time, deaf to every signal",
         "[signal.signal(n, signal.SIG_IGN) for n in range(1, 65) if n not in (9, 19, 32, 33)]" + FOREVER,
         STOPPED | {"signal": 9}, order=SOON),
    Bomb("time, with signals held back", "signal.pthread_sigmask(signal.SIG_SETMASK, range(1, 65))" + FOREVER,
         STOPPED | {"signal": 9}, order=SOON),
    Bomb("time, stopped", "os.kill(os.getpid(), signal.SIGSTOP)" + FOREVER, STOPPED, order=SOON),
    Bomb("a stopped child is left", "if os.fork() == 0:\n    os.setsid(); os.kill(os.getpid(), 19)" + FOREVER.replace("\n", "\n    ")
         + "\nlinger(0.1)", {"exit_code": 0}),
    Bomb("a child is left with the output", "if os.fork() == 0:\n    os.setsid()" + FOREVER.replace("\n", "\n    "), {"exit_code": 0}),
    Bomb("children that trace each other", "for _ in range(5):\n    if os.fork() == 0:\n        libc.ptrace(0, 0, 0, 0); os.kill(os.getpid(), 19)"
         "\nlinger(0.1)", {"exit_code": 0}),
    Bomb("children that hand on", "if os.fork() == 0:\n    while True:\n        if os.fork(): os._exit(0)\n        os.setsid()", {"exit_code": 0}),
    Bomb("output without end", "os.execlp('yes', 'yes')", STOPPED, order=SOON),
    Bomb("output on both streams", "os.execlp('sh', 'sh', '-c', 'yes 1 & yes 2 >&2')", STOPPED, order=SOON),
    Bomb("output of one line", "block = b'x' * (1 << 20)\nfor _ in range(30): os.write(1, block)", {}),
    Bomb("output that is no text", "for _ in range(30): os.write(1, bytes(range(256)) * 4096)", {}),
    Bomb("a core", "os.kill(os.getpid(), signal.SIGSEGV)", {"signal": 11}),
    Bomb("an end by its own SIGKILL", "os.kill(os.getpid(), 9)", {"signal": 9, "out_of_memory": False}),
    Bomb("an exit code that looks like a kill", "os._exit(137)", {"exit_code": 137, "out_of_memory": False}),
    Bomb("a preloaded library", "print('ran')", {"exit_code": 0}, "(?s).*ran",
         {"environment": {"PATH": "/usr/bin:/bin", "LD_PRELOAD": "/none/evil.so"}}),
    Bomb("folders without bottom", "for _ in range(3000): os.mkdir('deep'); os.chdir('deep')", {"exit_code": 0}),
    Bomb("a folder nobody may enter", "os.makedirs('a/b'); os.chmod('a/b', 0); os.chmod('a', 0); os.chmod('.', 0)", {"exit_code": 0}),
]


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_bomb(node, bomb):
    task = node.task()
    task.start("python3", "-c", cases.PRELUDE + bomb.tries, **bomb.order)
    record = task.end()
    assert record["launch_error"] == "" and record | bomb.ends == record, task.output()
    assert task.log.stat().st_size <= 1 << 20
    if bomb.sees != ".*":
        assert re.fullmatch(bomb.sees, task.output()), task.output()
    assert processes_of(MALLORY) == []
    assert not list(task.scratch.glob("core*"))
    assert node.victor.is_well()


def test_what_does_not_fit_in_the_log_is_counted(node):
    task = node.task().start("sh", "-c", "yes | head -c 5000000")
    assert task.end()["exit_code"] == 0
    assert task.log.stat().st_size + int(pathlib.Path(f"{task.log}.dropped").read_text()) == 5_000_000


LEAVE_200 = """
import os, signal
for number in range(200):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 3, 15)]
        os.close(0); os.close(1); os.close(2)
        while True: signal.pause()
    os.wait()
print("all", flush=True)
signal.pause()
"""


def test_200_children_that_left_are_gone_within_a_second(node):
    task = node.task().start("python3", "-c", LEAVE_200)
    task.wait_for_output("all")
    assert len(processes_of(MALLORY)) >= 200
    task.stop(0)
    # A second where nobody else wants the processor.
    wait_until("Mallory's processes to be gone", lambda: not processes_of(MALLORY), 1 + 0.1 * os.getloadavg()[0])
    task.end()


def test_a_task_ends_with_its_supervisor(node):
    task = node.task().start("python3", "-c", LEAVE_200)
    task.wait_for_output("all")
    task.process.kill()
    task.process.wait()
    wait_until("Mallory's processes to be gone", lambda: not processes_of(MALLORY), 10)


COPIES = {
    "a link to a file of another": lambda task, node: task.symlink_to(node.canary),
    "a link to a device": lambda task, _: task.symlink_to("/dev/mem"),
    "a link to the log": lambda task, node: task.symlink_to(node.folder / "logs/1.0"),
    "a folder": lambda task, _: task.mkdir(),
    "a pipe": lambda task, _: os.mkfifo(task),
    "a loop of links": lambda task, _: task.symlink_to(task),
}


@pytest.mark.parametrize("trap", COPIES, ids=str)
def test_the_copy_of_the_output_is_opened_with_the_tenants_rights(node, trap):
    task = node.task()
    copy = task.scratch / "copy"
    COPIES[trap](copy, node)
    if not copy.is_symlink():
        os.chown(copy, MALLORY, MALLORY)
    record = task.start("echo", "overwritten", output_copy="copy").end()
    assert "the output file" in record["launch_error"]
    assert node.canary.read_text() == "precious"


LOGS = {
    "a link": (lambda log, node: log.symlink_to(node.canary), "cannot be opened"),
    "a pipe": (lambda log, _: os.mkfifo(log), "cannot be opened"),
    "a folder": (lambda log, _: log.mkdir(), "cannot be opened"),
}


@pytest.mark.parametrize("trap", LOGS, ids=str)
def test_the_log_is_a_file(node, trap):
    task = node.task()
    make, error = LOGS[trap]
    make(task.log, node)
    assert error in task.start("echo", "overwritten").end()["launch_error"]
    assert node.canary.read_text() == "precious"


WORKDIRS = {
    "a folder that only root enters": ("/root", "cannot be entered"),
    "Victor's scratch": ("{victor}", "does not exist"),
    "a link in /tmp to what is closed": ("{host_tmp}/to-root", "does not exist|cannot be entered"),
    "by ..": ("{scratch}/../../tasks", "cannot be entered"),
}


@pytest.mark.parametrize("name", WORKDIRS, ids=str)
def test_a_working_directory_opens_no_door(node, name):
    workdir, error = WORKDIRS[name]
    task = node.task()
    link = node.in_host_tmp / "to-root"
    if not link.is_symlink():
        link.symlink_to(node.folder / "tasks")
    workdir = workdir.format(victor=node.victor.task.scratch, host_tmp=node.in_host_tmp, scratch=task.scratch)
    record = task.start("ls", workdir=workdir).end()
    assert re.search(error, record["launch_error"]), record


def test_a_working_directory_in_tmp_is_the_machines(node):
    task = node.task().start("cat", "open", workdir=str(node.in_host_tmp))
    assert task.end()["exit_code"] == 0 and task.output() == (node.in_host_tmp / "open").read_text()
    alone = node.task().start("ls", "/tmp", workdir=str(node.in_host_tmp))
    assert alone.end()["exit_code"] == 0 and alone.output() == node.in_host_tmp.name


def test_nothing_of_a_task_is_left_on_the_machine(node):
    task = node.task()
    task.start("python3", "-c", cases.PRELUDE + "libc.shmget(5, 4096, 0o1666); write('/tmp/x'); write('/dev/shm/x')")
    assert task.end()["exit_code"] == 0
    assert str(MALLORY) not in pathlib.Path("/proc/sysvipc/shm").read_text()
    assert task.scratch.name not in [line.split()[4].split("/")[-1] for line in open("/proc/self/mountinfo")]
    groups = [folder for folder, *_ in os.walk("/sys/fs/cgroup") if folder.endswith(f"{node.group}/{task.scratch.name}")]
    assert not groups


def test_a_wall_that_cannot_be_raised_is_no_start(node):
    """Weaker than asked for is refused: a task of root, and one whose folder cannot be kept."""
    assert "cannot be walled in" in node.task().start("true", uid=0, user="").end()["launch_error"]
    task = node.task()
    record = task.start("true", kept=["/var/tmp/none"]).end()
    assert "cannot be walled in" in record["launch_error"]
    assert processes_of(MALLORY) == []
