"""Two schedulers on one PostgreSQL: one leads, the other takes over; PostgreSQL itself goes and comes back."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from platform_under_test import BIN, SOURCE, Platform, Program, wait_until

sys.path.insert(0, str(SOURCE / "tests/ha"))
from postgresql import PostgreSQL  # noqa: E402

KILLS = int(os.environ.get("GUSU_FAILOVERS", "3"))
CLIENTS = 4


@pytest.fixture(scope="module")
def server():
    running = PostgreSQL()
    yield running
    running.remove()


def http_get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


class Pair(Platform):
    """Platform's own scheduler, and one more on the same database, with the same authority."""

    def __init__(self, folder, database, lease="2s"):
        self.store = {"postgresql": database, "lease": lease, "keep_tasks_for": "60s"}
        super().__init__(folder, store=self.store)
        wait_until("the first scheduler to lead", lambda: self.ready(self.http)[0] == 200)
        other = folder / "other"
        (other / "state/tls").mkdir(parents=True)
        for name in ("authority.pem", "authority.key"):
            shutil.copy(folder / "scheduler/tls" / name, other / "state/tls" / name)
        self.other = Program(
            "gusu-scheduler",
            self.scheduler.settings | {"listen": "127.0.0.1:0", "state_dir": str(other / "state")},
            other,
        )
        self.other.settings["http"] = {"listen": "127.0.0.1:0", "insecure": "loopback-only"}
        self.other.settings["ready_file"] = str(self.other.ready_file)
        ready = self.start_other()
        self.other.settings["listen"] = ready["grpc"]
        self.other.settings["http"]["listen"] = ready["http"]

    def start_other(self):
        return self.other.start().wait_ready()

    def both(self):
        return [self.scheduler, self.other]

    def addresses(self):
        return [program.settings["listen"] for program in self.both()]

    def ready(self, http):
        return http_get(http, "/readyz")

    def environment(self):
        other = getattr(self, "other", None)
        addresses = self.addresses() if other else [self.scheduler.settings["listen"]]
        return super().environment() | {"GUSU_SCHEDULER": ",".join(addresses)}

    def leader(self):
        """The program that leads; None while nobody does."""
        for program in self.both():
            if program.process.poll() is None and self.ready(program.settings["http"]["listen"])[0] == 200:
                return program
        return None

    def wait_leader(self, besides=None):
        return wait_until("a scheduler to lead", lambda: (one := self.leader()) is not besides and one)

    def start_agent(self, name, **more):
        super().start_agent(name, schedulers=self.addresses(), **more)

    def stop(self):
        super().stop()
        if getattr(self, "other", None):
            self.other.kill()


@pytest.fixture
def pair(folder, server):
    database = f"gusu_{time.monotonic_ns()}"
    server.query(f"CREATE DATABASE {database}")
    running = Pair(folder, server.connection(database))
    yield running
    running.stop()


def submit_until(stop, pair, client, acknowledged):
    for number in range(1_000_000):
        if stop.is_set():
            return
        request = f"client-{client}-{number}"
        done = pair.gusu(
            *("submit", "--name", request, "--request-id", request, "--tenant", "t", "--hold", "--", "true"),
            check=False,
        )
        if done.returncode == 0:
            acknowledged[request] = done.stdout.strip()


def metric(pair, program, name):
    lines = http_get(program.settings["http"]["listen"], "/metrics")[1].splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(name + " "))


def test_a_standby_says_who_leads_and_an_orderly_end_hands_over(pair):
    leader = pair.wait_leader()
    standby = next(program for program in pair.both() if program is not leader)
    address = leader.settings["listen"]
    wait_until(
        "the standby to know who leads",
        lambda: pair.ready(standby.settings["http"]["listen"]) == (503, f"stands by: {address} leads\n"),
    )
    assert metric(pair, leader, "gusu_leader") == 1
    assert metric(pair, standby, "gusu_leader") == 0
    # Whoever asks the standby alone is sent on.
    environment = pair.environment() | {"GUSU_SCHEDULER": standby.settings["listen"]}
    done = subprocess.run([BIN / "gusu", "status", "--json"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["leader"] == address
    leader.kill(signal.SIGTERM)
    assert leader.process.returncode == 0
    assert pair.wait_leader() is standby
    assert pair.json("status")["leader"] == standby.settings["listen"]


def test_killed_leaders_lose_nothing_and_disturb_no_task(pair):
    pair.gusu("tenant", "create", "t")
    pair.gusu("quota", "set", "t", "any", "--guaranteed", "8")
    pair.start_agent("node-1")
    marks = pair.folder / "node-1/marks"
    marks.touch()
    marks.chmod(0o666)
    running = pair.submit(
        *("--tenant", "t", "--gpus", "1", "--", "sh", "-c"),
        f"echo started >> {marks}; while [ ! -e {pair.folder}/end ]; do sleep 0.1; done; echo ended >> {marks}",
    )
    pair.wait_state(running, "RUNNING")
    stop = threading.Event()
    acknowledged = {}
    clients = [threading.Thread(target=submit_until, args=(stop, pair, client, acknowledged)) for client in range(CLIENTS)]
    for client in clients:
        client.start()
    took = []
    for _ in range(KILLS):
        before = len(acknowledged)
        wait_until("more jobs to be acknowledged", lambda: len(acknowledged) >= before + 5)
        leader = pair.wait_leader()
        leader.kill()
        began = time.monotonic()
        killed_at = len(acknowledged)
        pair.wait_leader(besides=leader)
        wait_until("a job to be acknowledged by the next leader", lambda: len(acknowledged) > killed_at + CLIENTS)
        took.append(time.monotonic() - began)
        leader.start().wait_ready()
    stop.set()
    for client in clients:
        client.join(60)
    ids = {}
    for job in pair.json("jobs", "--all", "--limit", "1000000")["jobs"]:
        assert job["spec"]["name"] not in ids, "a request has two jobs"
        ids[job["spec"]["name"]] = job["id"]
    lost = {request: job for request, job in acknowledged.items() if ids.get(request) != job}
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged jobs are lost"
    wait_until("the node to be in touch again", lambda: pair.node("node-1")["state"] == "READY")
    (pair.folder / "end").touch()
    ended = pair.wait_state(running, "SUCCEEDED")
    assert ended["attempt"] == 1
    assert marks.read_text() == "started\nended\n"
    seconds = ", ".join(f"{each:.1f}" for each in took)
    print(f"{KILLS} leaders killed, {len(acknowledged)} acknowledged, 0 lost; acknowledged again after {seconds} s (lease 2 s)")


def test_a_leader_that_slept_cannot_write_and_stands_by(pair):
    pair.gusu("tenant", "create", "t")
    leader = pair.wait_leader()
    leader.process.send_signal(signal.SIGSTOP)
    try:
        standby = next(program for program in pair.both() if program is not leader)
        wait_until(
            "the other scheduler to lead",
            lambda: pair.ready(standby.settings["http"]["listen"])[0] == 200,
        )
        environment = pair.environment() | {"GUSU_SCHEDULER": standby.settings["listen"]}
        submit = [BIN / "gusu", "submit", "--hold", "--tenant", "t", "--", "true"]
        job = subprocess.run(submit, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    finally:
        leader.process.send_signal(signal.SIGCONT)
    wait_until(
        "the one that slept to stand by",
        lambda: pair.ready(leader.settings["http"]["listen"])
        == (503, f"stands by: {standby.settings['listen']} leads\n"),
    )
    assert leader.process.poll() is None
    assert pair.job(job)["state"] == "PENDING"
    assert pair.json("status")["leader"] == standby.settings["listen"]


@pytest.mark.parametrize("fault", ["stopped", "silent"])
def test_postgresql_goes_and_comes_back(pair, server, fault):
    pair.gusu("tenant", "create", "t")
    pair.gusu("quota", "set", "t", "any", "--guaranteed", "8")
    pair.start_agent("node-1")
    kept = pair.submit("--hold", "--tenant", "t", "--", "true")
    running = pair.submit(
        *("--tenant", "t", "--gpus", "1", "--", "sh", "-c"),
        f"while [ ! -e {pair.folder}/end ]; do sleep 0.1; done",
    )
    started = pair.wait_state(running, "RUNNING")
    server.stop("immediate") if fault == "stopped" else server.signal(signal.SIGSTOP)
    try:
        wait_until("nobody to lead", lambda: pair.leader() is None)
        refused = pair.gusu("submit", "--hold", "--tenant", "t", "--", "true", check=False, timeout=120)
        assert refused.returncode == 4, refused.stderr
        assert not refused.stdout
    finally:
        server.start() if fault == "stopped" else server.signal(signal.SIGCONT)
    pair.wait_leader()
    pair.submit("--hold", "--tenant", "t", "--", "true")
    assert pair.job(kept)["state"] == "PENDING"
    wait_until("the node to be in touch", lambda: pair.node("node-1")["state"] == "READY")
    still = pair.wait_state(running, "RUNNING")
    assert still["attempt"] == started["attempt"] == 1
    (pair.folder / "end").touch()
    assert pair.wait_state(running, "SUCCEEDED")["attempt"] == 1


def test_both_know_the_same_after_their_own_restart(pair):
    pair.gusu("tenant", "create", "t")
    job = pair.submit("--hold", "--tenant", "t", "--", "true")
    for program in pair.both():
        program.kill()
    for program in pair.both():
        program.start()
    for program in pair.both():
        program.wait_ready()
    pair.wait_leader()
    assert pair.job(job)["state"] == "PENDING"
    assert pathlib.Path(pair.folder / "other/state/tls/authority.pem").read_text() == (
        pair.folder / "scheduler/tls/authority.pem"
    ).read_text()
