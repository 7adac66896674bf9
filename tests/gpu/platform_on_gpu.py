"""The platform under test on this machine's GPUs, and jobs that use them."""

import os
import pathlib
import re
import shutil
import sys
import tempfile
import urllib.request

import machine

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
from platform_under_test import Platform, read_json, wait_until  # noqa: E402

NODE = "gpu"
TENANT = "lab"
OTHER_TENANT = "office"
# By so much the driver's own use of a card may vary.
DRIVER_MIB = 16
PROGRAMS = pathlib.Path(os.environ["GUSU_CUDA"])


def read_metrics(address):
    return urllib.request.urlopen(f"http://{address}/metrics", timeout=10).read().decode()


class PlatformOnGpu:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gusu-gpu-", dir="/var/lib"))
        self.folder.chmod(0o755)
        # Tasks run as another user, who may not enter the folder of the programs, and have a /tmp of
        # their own.
        for program in ("load", "fault", "vector_add"):
            shutil.copy(PROGRAMS / program, self.folder / program)
            (self.folder / program).chmod(0o755)
        shutil.copy(pathlib.Path(os.environ["GUSU_BIN"], "gusu-gpucheck"), self.folder / "gusu-gpucheck")
        self.driver_folder = machine.driver_folder()
        libraries = [os.environ.get("GUSU_LIBRARIES"), self.driver_folder, os.environ.get("LD_LIBRARY_PATH")]
        os.environ["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
        self.at_rest = (machine.processes_on_cards(), machine.memory_used())
        self.platform = Platform(self.folder)

    def start(self):
        more = {"memory": machine.memory() // 2, "http_listen": "127.0.0.1:0", "http_insecure": "loopback-only"}
        self.platform.start_agent(NODE, gpus=None, cpus=max(2, os.cpu_count() // 2), **more)
        for tenant in (TENANT, OTHER_TENANT):
            self.platform.gusu("tenant", "create", tenant)
            self.platform.gusu("quota", "set", tenant, "any", "--guaranteed", "64", "--limit", "64")

    def stop(self):
        self.platform.stop()
        if "GUSU_KEEP" not in os.environ:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- jobs -------------------------------------------------------------------------------------

    def words(self, verb, options, command, tenant=TENANT):
        driver = ["--env", f"LD_LIBRARY_PATH={self.driver_folder}"] if self.driver_folder else []
        return [verb, "--tenant", tenant, *driver, *options, "--", *map(str, command)]

    def run(self, options, command, tenant=TENANT):
        """Exit code and output."""
        done = self.platform.gusu(*self.words("run", options, command, tenant), check=False)
        return done.returncode, done.stdout + ("" if done.returncode == 0 else done.stderr)

    def submit(self, options, command):
        return self.platform.gusu(*self.words("submit", options, command)).stdout.strip()

    def load(self, seconds, mib=64):
        return [self.folder / "load", seconds, mib]

    def output(self, job):
        return self.platform.gusu("logs", job).stdout

    def wait_for_output(self, job, word):
        def there():
            assert self.platform.job(job)["state"] not in ("FAILED", "CANCELLED"), self.told(job)
            text = self.output(job)
            return text if word in text else None

        return wait_until(f"job {job} to print {word!r}", there, 60)

    def wait_end(self, job, seconds=120):
        return self.platform.wait_state(job, "SUCCEEDED", "FAILED", "CANCELLED", seconds=seconds)

    def told(self, job):
        ended = self.platform.job(job)
        return f"{ended['state']} {ended['end_reason']} {ended['end_detail']}: {machine.short(self.output(job))[-600:]}"

    def is_loading(self):
        """Whether a process of load() runs, asked of the kernel."""
        own = str(self.folder / "load").encode()
        for words in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if words.read_bytes().split(b"\0")[0] == own:
                    return True
            except OSError:
                pass  # it has just ended
        return False

    # --- what there is ----------------------------------------------------------------------------

    def node(self):
        return self.platform.node(NODE)

    def devices(self):
        return self.node()["inventory"].get("devices", [])

    def agent(self):
        return self.platform.agents[NODE]

    def notes_of_agent(self):
        lines = re.findall(r" (?:warning|error) gusu-agent: (.*)", self.agent().log.read_text())
        return list(dict.fromkeys(lines))

    def filter_kind(self):
        """Which device filter the agent says it uses; "" if it has none."""
        kinds = re.findall(r"device filter kind=(\S+)", self.agent().log.read_text())
        return kinds[-1] if kinds else ""

    def metrics(self):
        """The scheduler's, and the agent's own."""
        return read_metrics(self.platform.http) + self.agent_metrics()

    def agent_metrics(self):
        return read_metrics(read_json(self.agent().ready_file)["http"])

    def card_use(self):
        return f"{machine.processes_on_cards()} process(es) and {machine.memory_used()} MiB by nvidia-smi"

    def is_idle(self):
        processes, mib = self.at_rest
        as_before = machine.processes_on_cards() <= processes and machine.memory_used() <= mib + DRIVER_MIB
        return self.node()["gpus_used"] == 0 and as_before

    def becomes_idle(self):
        try:
            return wait_until("the GPU to be free", self.is_idle, 20)
        except AssertionError:
            return False
