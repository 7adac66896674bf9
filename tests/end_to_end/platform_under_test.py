"""A real scheduler and real agents of the build under test, each in a folder of its own."""

import json
import os
import pathlib
import select
import signal
import subprocess
import time

BIN = pathlib.Path(os.environ["GUSU_BIN"])
SOURCE = pathlib.Path(os.environ["GUSU_SOURCE"])


def wait_until(what, condition, seconds=60):
    """Looks again and again; a test that waits for nothing fails with what it waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        select.select([], [], [], 0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


def read_json(file):
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


class Program:
    """A server that says in its ready file that it is up. Killed without mercy at the end."""

    def __init__(self, name, config, folder):
        self.name = name
        self.folder = folder
        self.config = folder / f"{name}.yaml"
        self.ready_file = folder / f"{name}.ready"
        self.log = folder / f"{name}.log"
        self.settings = config | {"ready_file": str(self.ready_file)}
        self.prefix = []  # a command that becomes the program, as nsenter does
        self.environment = None
        self.process = None

    def start(self):
        self.config.write_text(json.dumps(self.settings))  # JSON is YAML
        self.ready_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, BIN / self.name, "--config", self.config],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=self.environment,
            )
        return self

    def wait_ready(self, seconds=60):
        def ready():
            assert self.process.poll() is None, f"{self.name} ended:\n{self.log.read_text()[-3000:]}"
            return read_json(self.ready_file)

        return wait_until(f"{self.name} to be ready, see {self.log}", ready, seconds)

    def kill(self, how=signal.SIGKILL):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30)


class Platform:
    def __init__(self, folder, **more):
        self.folder = folder
        folder.chmod(0o755)
        self.agents = {}
        (folder / "scheduler").mkdir()
        self.scheduler = Program(
            "gusu-scheduler",
            {
                "listen": "127.0.0.1:0",
                "http": {"listen": "127.0.0.1:0", "insecure": "loopback-only"},
                "state_dir": str(folder / "scheduler"),
                "catalogue_file": str(SOURCE / "deploy/catalogue.yaml"),
                "agent_lease": "60s",
            }
            | more,
            folder,
        )
        self.put_in_place(self.scheduler, "scheduler")
        self.start_scheduler()

    def put_in_place(self, program, name):
        """Before the first start of each: a platform of another kind may change where and how it runs."""

    def start_scheduler(self):
        ready = self.scheduler.start().wait_ready()
        # The same address after a restart, so that everybody finds it again.
        self.scheduler.settings["listen"] = ready["grpc"]
        self.scheduler.settings["http"]["listen"] = ready["http"]
        self.http = ready["http"]
        return ready

    def environment(self):
        return os.environ | {
            "GUSU_CREDENTIALS": str(self.folder / "scheduler/admin.credentials.yaml"),
            "GUSU_SCHEDULER": self.scheduler.settings["listen"],
            "GUSU_LANG": "en",
        }

    def gusu(self, *words, check=True, timeout=120, **more):
        done = subprocess.run(
            [BIN / "gusu", *map(str, words)],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            **more,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"gusu {' '.join(map(str, words))}: {done.returncode}\n{done.stderr}{done.stdout}")
        return done

    def json(self, *words):
        return json.loads(self.gusu(*words, "--json").stdout)

    def submit(self, *words):
        return self.gusu("submit", *words).stdout.strip()

    def job(self, job_id):
        return self.json("show", job_id)["job"]

    def wait_state(self, job_id, *states, seconds=60):
        return wait_until(
            f"job {job_id} to be {' or '.join(states)}",
            lambda: (job := self.job(job_id))["state"] in states and job,
            seconds,
        )

    def add_agent(self, name, gpus=8, cpus=8, **more):
        """Not started yet. With so many simulated GPUs; gpus=None takes those of the machine."""
        folder = self.folder / name
        folder.mkdir()
        folder.chmod(0o755)
        token = folder / "token"
        token.write_text(self.gusu("token", "create", "--node", name).stdout)
        token.chmod(0o600)
        self.agents[name] = Program(
            "gusu-agent",
            {
                "node": name,
                "schedulers": [self.scheduler.settings["listen"]],
                "state_dir": str(folder / "state"),
                "authority": str(self.folder / "scheduler/tls/authority.pem"),
                "enrolment_token_file": str(token),
                "address": "127.0.0.1",
                "cpus": cpus,
                "memory": "8G",
                "checkpoint_root": str(self.folder / "checkpoints"),
            }
            | ({} if gpus is None else {"simulated": {"accelerator": "nvidia-h200", "count": gpus}})
            | more,
            folder,
        )
        self.put_in_place(self.agents[name], name)
        return self.agents[name]

    def start_agent(self, name, **more):
        if name not in self.agents:
            self.add_agent(name, **more)
        self.agents[name].start().wait_ready()
        wait_until(f"node {name} to be ready", lambda: self.node(name)["state"] == "READY")

    def use_nvml(self, library):
        """Agents to come find this as the NVIDIA driver's library. What it is to play, as tests/unit/agent/fake_nvml.cc
        has it, goes into the file."""
        place = self.folder / "driver"
        place.mkdir()
        (place / "libnvidia-ml.so.1").symlink_to(library)
        events = self.folder / "events"
        events.touch()
        environment = os.environ | {"LD_LIBRARY_PATH": str(place), "GUSU_FAKE_NVML_EVENTS": str(events)}
        self.put_in_place = lambda program, name: setattr(program, "environment", environment)
        return events

    def node(self, name):
        return self.json("node", "show", name)["node"]

    def stop(self):
        for agent in self.agents.values():
            agent.kill()
            subprocess.run([BIN / "gusu-agent", "--config", agent.config, "--end-tasks"], check=False, timeout=60)
        self.scheduler.kill()
