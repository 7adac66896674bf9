"""Clients submit all the time, the scheduler is killed again and again; at the end every acknowledged job must be
there, once. The same test for any scheduler: see `Target`."""

import random
import signal
import threading
import time
import typing


class Target(typing.Protocol):
    name: str

    def submit(self, request: str) -> str | None:
        """A job called `request` that only waits. Its id once acknowledged, None if it was not."""

    def is_accepting(self) -> bool: ...
    def kill(self) -> None:
        """SIGKILL to the scheduler, and wait until it is gone."""

    def start(self) -> None: ...
    def listed(self) -> list[tuple[str, str]]:
        """(id, name) of every job that is there."""


class Result:
    def __init__(self, target, kills):
        self.target, self.kills = target, kills
        self.acknowledged = []  # (request, id)
        self.lost, self.doubled, self.reused = [], [], []

    def judge(self, listed):
        name_of, ids_of, owner = dict(listed), {}, {}
        for job, name in listed:
            ids_of.setdefault(name, []).append(job)
        self.lost = [each for each in self.acknowledged if name_of.get(each[1]) != each[0]]
        self.doubled = [name for name, ids in ids_of.items() if len(ids) > 1]
        for request, job in self.acknowledged:
            if owner.setdefault(job, request) != request:
                self.reused.append(job)

    def is_good(self):
        return not (self.lost or self.doubled or self.reused)

    def __str__(self):
        count = len(self.acknowledged)
        share = 100 * len(self.lost) / count if count else 0
        return (
            f"{self.target}: {self.kills} kills, {count} acknowledged, {len(self.lost)} lost ({share:.1f} %), "
            f"{len(self.doubled)} there twice, {len(self.reused)} ids given to two jobs"
        )


class Run:
    def __init__(self, target, seed, clients=4, shortest=0.1, longest=1.0):
        self.target = target
        self.chance = random.Random(seed)
        self.between = (shortest, longest)
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.acknowledged = []
        self.clients = [threading.Thread(target=self._submit, args=(number,)) for number in range(clients)]

    def _submit(self, client):
        number = 0
        while not self.stopping.is_set():
            number += 1
            request = f"{self.target.name}-{client}-{number}"
            job = self.target.submit(request)
            if job is not None:
                with self.lock:
                    self.acknowledged.append((request, job))
            else:
                self.stopping.wait(0.05)

    def _wait_for_more(self, count, seconds=120):
        deadline = time.monotonic() + seconds
        while len(self.acknowledged) < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.target.name}: no job was acknowledged for {seconds} s after a restart")
            self.stopping.wait(0.01)

    def kill(self, kills, tell_every=50):
        """Kills while clients submit; each time at least one was acknowledged since the last."""
        stopped = []
        handler = signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
        for client in self.clients:
            client.start()
        done = 0
        while done < kills and not stopped:
            self._wait_for_more(len(self.acknowledged) + 1)
            self.stopping.wait(self.chance.uniform(*self.between))
            self.target.kill()
            self.target.start()
            done += 1
            if done % tell_every == 0:
                print(f"  {self.target.name}: {done} kills, {len(self.acknowledged)} acknowledged", flush=True)
        self.stopping.set()
        for client in self.clients:
            client.join(120)
        signal.signal(signal.SIGTERM, handler)
        result = Result(self.target.name, done)
        result.acknowledged = self.acknowledged
        result.judge(self.target.listed())
        return result
