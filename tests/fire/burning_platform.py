"""A platform whose parts can be killed, stopped, cut off and starved of disk, one by one."""

import json
import os
import pathlib
import shutil
import signal
import subprocess

import ground
import network
from platform_under_test import Platform, Program, wait_until

GPUS = 4
AGENTS = 3
DISK = "192m"


class BurningPlatform(Platform):
    """One scheduler on SQLite, or two on `server`, a PostgreSQL. In places of `net`, or on loopback without one."""

    def __init__(self, folder, net=None, server=None, settings=None):
        self.net = net
        self.server = server
        self.disks = {}
        self.schedulers = {}
        more = {"agent_lease": "5s", "policy": {"run_at_least": "1s"}, "store": {}} | (settings or {})
        if server:
            more["store"] = {"lease": "2s", "keep_tasks_for": "10s"} | more["store"] | {"postgresql": server.connection()}
        if net:
            addresses = [net.place(name).address for name in ("scheduler", "standby")]
            more |= {"listen": f"{addresses[0]}:0", "tls": {"names": addresses}}
        try:
            super().__init__(folder, **more)
            self._light()
        except BaseException:
            self.stop()
            raise

    def _light(self):
        self.schedulers["scheduler"] = self.scheduler
        self.wait_leader()  # it founds the platform, and has the administrator's credentials
        if self.server:
            self._add_standby()
        self.gusu("tenant", "create", "t")
        self.gusu("quota", "set", "t", "any", "--guaranteed", str(GPUS * AGENTS))
        self.node_names = [f"fire{os.getpid()}-{number}" for number in range(AGENTS)]
        for name in self.node_names:
            self._enrol(name)

    def _enrol(self, name):
        """A node's first start needs a scheduler that answers. The token is good for all of its tries."""

        def tried():
            try:
                self.start_agent(name, gpus=GPUS, keep_scratch_for="1s", schedulers=self.addresses())
            except AssertionError:
                if self.agents[name].process.poll() is None:
                    raise
                return False
            return True

        wait_until(f"{name} to enrol", tried, 60)

    def _add_standby(self):
        folder = self.folder / "standby"
        (folder / "tls").mkdir(parents=True)
        for name in ("authority.pem", "authority.key"):
            shutil.copy(self.folder / "scheduler/tls" / name, folder / "tls" / name)
        standby = Program("gusu-scheduler", self.scheduler.settings | {"state_dir": str(folder)}, folder)
        standby.settings["ready_file"] = str(standby.ready_file)
        standby.settings["listen"] = f"{self.net.place('standby').address if self.net else '127.0.0.1'}:0"
        standby.settings["http"] = {"listen": "127.0.0.1:0", "insecure": "loopback-only"}
        self.put_in_place(standby, "standby")
        standby.settings["listen"] = standby.start().wait_ready()["grpc"]
        self.schedulers["standby"] = standby

    def put_in_place(self, program, name):
        if self.net:
            program.prefix = self.net.place(name).prefix()
            if program.name == "gusu-agent":
                program.settings["address"] = self.net.place(name).address
        disk = self._small_disk(pathlib.Path(program.settings["state_dir"]))
        self.disks[name] = disk
        program.environment = os.environ | {
            "LD_PRELOAD": str(ground.BIN / "libgusu-fire-failing-disk.so"),
            "GUSU_FIRE_DISK": str(self.fault_file(name)),
        }

    def _small_disk(self, folder):
        """Only in a mount namespace of our own; else there is no disk to fill."""
        if not self.net:
            return None
        kept = [(file, file.read_bytes()) for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
        folder.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", folder], check=True)
        for file, content in kept:
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o600)
        return folder

    def fault_file(self, name):
        """While it is there, databases of that program get EIO (failing_disk.cc)."""
        return self.folder / f"{name}.disk-fails"

    def addresses(self):
        return [program.settings["listen"] for program in self.schedulers.values()]

    def environment(self):
        addresses = self.addresses() or [self.scheduler.settings["listen"]]
        return super().environment() | {"GUSU_SCHEDULER": ",".join(addresses)}

    def programs(self):
        return self.schedulers | self.agents

    def wait_leader(self):
        def leads():
            done = self.gusu("admin", "leader", check=False)
            return done.returncode == 0 and done.stdout.strip()

        return wait_until("a scheduler to lead", leads)

    def supervisors(self, node):
        state = self.agents[node].settings["state_dir"]
        return [pid for pid, words in processes() if "gusu-supervisor" in words[0] and any(state in word for word in words)]

    def leftovers(self):
        """What is there of tasks although no job runs: processes, control groups, folders, devices."""
        found = []
        for pid, words in processes():
            is_task = "gusu-supervisor" in words[0] or "gusu-fire-witness" in words[0]
            if is_task and any(str(self.folder) in word for word in words):
                found.append(f"process {pid}: {' '.join(words)[:120]}")
        for name, agent in self.agents.items():
            found += [f"control group {group}" for group in control_groups(name)]
            state = pathlib.Path(agent.settings["state_dir"])
            found += [f"folder {path}" for part in ("scratch", "tasks") for path in (state / part).glob("*")]
        return found + self.held_devices()

    def held_devices(self):
        done = self.gusu("status", "--json", check=False)
        if done.returncode != 0:
            return [f"no answer to status: {done.stderr.strip()[-200:]}"]
        gpus = json.loads(done.stdout)["accelerators"]
        free = sum(each.get("free", 0) for each in gpus)
        return [] if free == GPUS * AGENTS else [f"{GPUS * AGENTS - free} devices are not free"]

    def stop(self):
        for program in self.programs().values():
            if program.process is not None and program.process.poll() is None:
                program.process.send_signal(signal.SIGCONT)
        super().stop()
        for program in self.schedulers.values():
            program.kill()
        for disk in filter(None, self.disks.values()):
            subprocess.run(["umount", "-l", disk], check=False)


def processes():
    """(pid, words of the command line) of every process that has one."""
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            continue
        if words:
            found.append((int(folder.name), words))
    return found


def control_groups(node):
    """Of tasks of this node, in any hierarchy."""
    mounts = [line.split() for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
    own = {line.split(":", 2)[2].strip("/") for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()}
    folders = {
        pathlib.Path(mount[1]) / base / "gusu" / node
        for mount in mounts
        if mount[2] in ("cgroup", "cgroup2")
        for base in own | {""}
    }
    return [str(group) for folder in sorted(folders) if folder.is_dir() for group in folder.iterdir() if group.is_dir()]
