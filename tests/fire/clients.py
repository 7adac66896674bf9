"""Clients that submit all the time, ask again after a doubtful answer, cancel and look; and keep a history."""

import json
import random
import subprocess
import threading

import ground
import history

OPEN_JOBS = 12  # of one client: so that what is left at the end of the fire is done soon


class Client(threading.Thread):
    def __init__(self, name, platform, folder, seed):
        super().__init__(name=name)
        self.platform = platform
        self.witnesses = folder / "witnesses"
        self.writer = history.Writer(folder / f"client-{name}.jsonl")
        self.specs = folder / f"specs-{name}"
        self.specs.mkdir()
        self.chance = random.Random(f"{seed}-{name}")
        self.stopping = threading.Event()
        self.number = 0
        self.doubtful = []
        self.acknowledged = []
        self.open_jobs = []

    def run(self):
        while not self.stopping.wait(self.chance.uniform(0.02, 0.3)):
            self.do_something()

    def do_something(self):
        dice = self.chance.random()
        if self.doubtful and dice < 0.5:
            self.submit(self.doubtful.pop(self.chance.randrange(len(self.doubtful))))
        elif self.acknowledged and dice < 0.08:
            self.submit(self.chance.choice(self.acknowledged)[0])
        elif self.acknowledged and dice < 0.14:
            self.call("cancel", *self.chance.choice(self.acknowledged))
        elif self.acknowledged and dice < 0.3:
            self.look(*self.chance.choice(self.acknowledged))
        elif len(self.open_jobs) < OPEN_JOBS:
            self.submit(self.new_request())
        elif self.open_jobs:
            self.look(*self.chance.choice(self.open_jobs))

    def new_request(self):
        self.number += 1
        request = f"{self.name}-{self.number}"
        spec = self.new_spec(request)
        (self.specs / f"{request}.yaml").write_text(json.dumps(spec))
        return request

    def new_spec(self, request):
        chance = self.chance
        tasks = chance.choice([1, 1, 1, 1, 2])
        words = [str(chance.randint(50, 1500)), chance.choice(["0"] * 8 + ["3"])]
        return {
            "name": request,
            "tenant": "t",
            "groups": [
                {"tasks": tasks, "resources": {"gpus": chance.choice([0, 1, 1, 2]), "cpus": 0.1, "memory": "32M"}}
            ],
            "command": [
                str(ground.BIN / "gusu-fire-witness"),
                str(self.witnesses),
                *words,
                *(["leave-behind"] if chance.random() < 0.1 else []),
            ],
            "retry": {"retries": chance.choice([0, 0, 2]), "backoff": "1s"},
            "checkpoint": {"grace": "1s"},
            "hold": chance.random() < 0.25,
        }

    def submit(self, request):
        file = self.specs / f"{request}.yaml"
        self.writer.write(ask="submit", request=request, spec=json.loads(file.read_text()))
        done = self.gusu("submit", "--request-id", request, "-f", file)
        if done.returncode != 0:
            self.writer.write(told="submit", request=request, exit=done.returncode, why=done.stderr[-300:])
            self.doubtful.append(request)
            return
        job = done.stdout.strip()
        self.writer.write(told="submit", request=request, job=job)
        if (request, job) not in self.acknowledged:
            self.acknowledged.append((request, job))
            self.open_jobs.append((request, job))

    def call(self, verb, request, job):
        self.writer.write(ask=verb, request=request, job=job)
        done = self.gusu(verb, job)
        self.writer.write(told=verb, request=request, job=job, exit=done.returncode, why=done.stderr[-300:])

    def look(self, request, job):
        self.writer.write(ask="show", request=request, job=job)
        done = self.gusu("show", job, "--json")
        self.writer.write(told="show", request=request, job=job, exit=done.returncode)
        if done.returncode == 0 and (request, job) in self.open_jobs:
            shown = json.loads(done.stdout)["job"]
            if shown["state"] in ("SUCCEEDED", "FAILED", "CANCELLED") or shown["spec"].get("hold"):
                self.open_jobs.remove((request, job))

    def gusu(self, *words):
        try:
            return self.platform.gusu(*words, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 124, "", "took more than 60 s")
