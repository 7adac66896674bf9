"""Programs in tasks that run: with pipes, with a terminal, and what becomes of them when somebody goes."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import urllib.request

import pytest

from platform_under_test import BIN, wait_until

SIZE = 50 << 20


@pytest.fixture
def job(platform):
    """Of tenant red, on the only node; its program is `sleep 1000`."""
    for tenant in ("red", "blue"):
        platform.gusu("tenant", "create", tenant)
    platform.start_agent("n1")
    job = platform.submit("--tenant", "red", "--mem", "256M", "--", "sleep", "1000")
    platform.wait_state(job, "RUNNING")
    return job


def run(platform, *words, given=b"", timeout=60):
    return subprocess.run(
        [BIN / "gusu", "exec", *map(str, words)],
        env=platform.environment(), input=given, capture_output=True, timeout=timeout,
    )


def said(platform, job, script):
    done = run(platform, job, "--", "sh", "-c", script)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def processes_with(words):
    """Of this machine, whose command line holds these words."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if words in file.read_bytes().replace(b"\0", b" ").decode(errors="replace"):
                found.append(int(file.parent.name))
    return found


def is_walled(platform):
    return platform.node("n1")["inventory"]["labels"]["wall"] == "full"


class Terminal:
    """`gusu` at a terminal of the test's own."""

    def __init__(self, platform, *words, rows=30, columns=90):
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.seen = ""
        self.process = subprocess.Popen(
            [BIN / "gusu", *map(str, words)], env=platform.environment() | {"TERM": "xterm"},
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, seconds=30):
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, f"waited for {pattern!r}, saw:\n{self.seen}"
            if select.select([self.master], [], [], 0.1)[0]:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def terminal(platform, job):
    opened = []

    def make(*words, **more):
        opened.append(Terminal(platform, *words, **more))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def test_a_command_ends_as_it_does(platform, job):
    done = run(platform, job, "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")
    assert run(platform, job, "true").returncode == 0
    assert run(platform, job, "--", "sh", "-c", "kill -9 $$").returncode == 128 + signal.SIGKILL
    missing = run(platform, job, "--", "no-such-program")
    assert missing.returncode == 1 and b"no-such-program" in missing.stderr
    given = run(platform, job, "--env", "COLOUR=blue", "--", "sh", "-c", "echo $COLOUR $GUSU_JOB_ID")
    assert given.stdout.decode().split() == ["blue", job]
    # Without -i there is nothing to read; with it there is, to its end.
    assert run(platform, job, "--", "cat", given=b"not for it").stdout == b""
    assert run(platform, "-i", job, "--", "wc", "-c", given=b"x" * 12345).stdout.strip() == b"12345"
    assert platform.job(job)["state"] == "RUNNING"


def test_what_goes_through_is_whole_and_kept_nowhere(platform, job):
    data = os.urandom(SIZE)
    agent, scheduler = platform.agents["n1"].process.pid, platform.scheduler.process.pid

    def resident(pid):
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1)) << 10

    before = {pid: resident(pid) for pid in (agent, scheduler)}
    done = run(platform, "-i", job, "--", "cat", given=data, timeout=180)
    assert done.returncode == 0 and hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
    # A reader that does not read: nothing piles up.
    stuck = subprocess.Popen(
        [BIN / "gusu", "exec", job, "--", "sh", "-c", "yes | exec head -c 200M"],
        env=platform.environment(), stdout=subprocess.PIPE,
    )
    select.select([stuck.stdout], [], [], 30)
    (program,) = processes_with("head -c 200M")[-1:]
    written = []

    def stands_still():
        written.append(re.search(r"wchar: (\d+)", pathlib.Path(f"/proc/{program}/io").read_text()).group(1))
        return len(written) > 50 and written[-50] == written[-1]

    wait_until("the program to be held up", stands_still)
    assert int(written[-1]) < 50 << 20
    for pid, at_first in before.items():
        assert resident(pid) < at_first + (24 << 20)
    stuck.kill()
    stuck.wait()


def test_it_is_where_the_task_is(platform, job):
    look = "id -u; pwd; cat /proc/self/cgroup; ls /proc | grep -c '^[0-9]'; grep Cap /proc/self/status; cat /proc/1/comm"
    seen = said(platform, job, look)
    tasks = platform.submit("--tenant", "red", "--mem", "256M", "--", "sh", "-c", f"{look}")
    platform.wait_state(tasks, "SUCCEEDED")
    own = platform.gusu("logs", tasks).stdout
    if not is_walled(platform):
        return
    assert seen.splitlines()[0] == own.splitlines()[0] and "/" in seen.splitlines()[1]
    # Its own processes, those of the task's namespace, and nothing else.
    assert said(platform, job, "cat /proc/1/comm; pgrep -c .").split()[0] == "gusu-init"
    assert int(said(platform, job, "ls -d /proc/[0-9]* | wc -l")) < 10
    assert "NoNewPrivs:\t1" in said(platform, job, "cat /proc/self/status")
    assert "Seccomp:\t2" in said(platform, job, "cat /proc/self/status")
    assert set(re.findall(r"Cap\w+:\t(\w+)", said(platform, job, "cat /proc/self/status"))) == {"0" * 16}
    # The same view of files.
    said(platform, job, "echo here > /tmp/mark")
    assert said(platform, job, "cat /tmp/mark") == "here\n"
    blue = platform.submit("--tenant", "blue", "--", "sleep", "1000")
    platform.wait_state(blue, "RUNNING")
    assert run(platform, blue, "--", "cat", "/tmp/mark").returncode == 1
    assert said(platform, blue, "id -u") != said(platform, job, "id -u")
    refused = run(platform, job, "--", "unshare", "-Ur", "true")
    assert refused.returncode != 0


def test_its_memory_counts_as_the_tasks(platform, job):
    if not is_walled(platform):
        return
    eats = "import os; x = bytearray(400 << 20); print(len(x))"
    done = run(platform, job, "--", "python3", "-c", eats)
    assert done.returncode == 128 + signal.SIGKILL and done.stdout == b""


def test_a_terminal(platform, job, terminal):
    shell = terminal("shell", job)
    shell.type("stty size; tty; echo $TERM\n")
    shell.expect(r"30 90\s")
    shell.expect(r"/dev/pts/\d+\s")
    shell.expect(r"xterm\s")
    shell.resize(41, 133)
    wait_until("the new size", lambda: (shell.type("stty size\n"), shell.expect(r"(\d+ \d+)\s"))[1].group(1) == "41 133")
    shell.type("sleep 4711\n")
    wait_until("the program to run", lambda: processes_with("sleep 4711"))
    shell.type("\x03")
    wait_until("the program to be interrupted", lambda: not processes_with("sleep 4711"))
    shell.type("echo after $((40 + 2))\n")
    shell.expect(r"after 42\s")
    shell.type("exit 5\n")
    assert shell.process.wait(20) == 5
    assert shell.is_as_before()


def test_signals_go_to_the_command(platform, job):
    script = "trap 'echo told; exit 9' TERM INT; echo ready; while :; do sleep 0.05; done"
    for number in (signal.SIGINT, signal.SIGTERM):
        there = subprocess.Popen(
            [BIN / "gusu", "exec", job, "--", "sh", "-c", script],
            env=platform.environment(), stdout=subprocess.PIPE,
        )
        assert there.stdout.readline() == b"ready\n"
        there.send_signal(number)
        assert there.communicate(timeout=20)[0] == b"told\n" and there.returncode == 9


def hanging(platform, job, mark):
    """A client whose command neither reads nor minds SIGHUP."""
    there = subprocess.Popen(
        [BIN / "gusu", "exec", job, "--", "sh", "-c", f"trap '' HUP; echo ready; sleep {mark}; sleep {mark}"],
        env=platform.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    assert there.stdout.readline() == b"ready\n"
    assert processes_with(f"sleep {mark}")
    return there


def is_gone(mark):
    wait_until(f"sleep {mark} to be gone", lambda: not processes_with(f"sleep {mark}"), 20)


def test_whoever_goes_the_command_goes_too(platform, job):
    hanging(platform, job, 5001).kill()
    is_gone(5001)

    client = hanging(platform, job, 5002)
    platform.agents["n1"].kill()
    assert client.wait(30) == 1 and b"agent of the node is gone" in client.stderr.read()
    is_gone(5002)
    platform.start_agent("n1")

    client = hanging(platform, job, 5003)
    platform.scheduler.kill()
    assert client.wait(30) == 4 and b"does not answer" in client.stderr.read()
    is_gone(5003)
    platform.start_scheduler()
    wait_until("the node to be ready", lambda: platform.node("n1")["state"] == "READY")
    # The job has noticed nothing.
    assert said(platform, job, "echo on") == "on\n"
    assert platform.job(job)["attempt"] == 1

    client = hanging(platform, job, 5004)
    platform.gusu("cancel", job)
    # What stops the task is meant for all of it.
    assert client.wait(60) in (128 + signal.SIGTERM, 128 + signal.SIGKILL)
    is_gone(5004)
    platform.wait_state(job, "CANCELLED")


def test_it_is_said_why_not(platform, job):
    def refusal(*words):
        done = run(platform, *words, "--", "true")
        return done.returncode, done.stderr.decode()

    assert refusal("999") == (3, refusal("999")[1])
    code, why = refusal(job, "--task", 3)
    assert code == 1 and "has 1, counted from 0" in why
    waits = platform.submit("--hold", "--tenant", "red", "--", "true")
    code, why = refusal(waits)
    assert code == 1 and "PENDING" in why and f"gusu explain {waits}" in why
    over = platform.submit("--tenant", "red", "--", "true")
    platform.wait_state(over, "SUCCEEDED")
    code, why = refusal(over)
    assert code == 1 and f"gusu logs {over}" in why
    assert run(platform, job, "--").returncode == 2
    platform.agents["n1"].kill()
    wait_until("the node to be out of touch", lambda: platform.node("n1")["state"] != "READY")
    code, why = refusal(job)
    assert code == 1 and "out of touch" in why


def test_only_who_may_cancel_the_job(platform, job):
    platform.gusu("user", "grant", "mallory", "researcher", "--tenant", "blue")
    platform.gusu("user", "grant", "watcher", "auditor")
    for user, code in {"mallory": 3, "watcher": 5}.items():
        credentials = (platform.folder / "scheduler/admin.credentials.yaml").read_text()
        secret = platform.gusu("token", "create", "--user", user).stdout.strip()
        own = platform.folder / f"{user}.yaml"
        own.write_text(re.sub(r"gusu_\w[\w-]*", secret, credentials))
        own.chmod(0o600)
        done = subprocess.run(
            [BIN / "gusu", "exec", job, "--", "true"],
            env=platform.environment() | {"GUSU_CREDENTIALS": str(own)}, capture_output=True, timeout=60,
        )
        assert done.returncode == code, done.stderr


def test_it_leaves_a_trace(platform, job):
    assert run(platform, job, "--", "true").returncode == 0
    trace = [line for line in platform.scheduler.log.read_text().splitlines() if "exec opened" in line]
    assert len(trace) == 1 and f"task={job} task 0" in trace[0] and 'program="true"' in trace[0]
    with urllib.request.urlopen(f"http://{platform.http}/metrics", timeout=20) as answer:
        metrics = answer.read().decode()
    assert re.search(r'gusu_exec_sessions_total\{result="exited"\} 1\b', metrics)
    assert re.search(r"gusu_exec_sessions 0\b", metrics)
