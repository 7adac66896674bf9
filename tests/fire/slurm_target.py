"""Slurm of Debian's packages for submit_and_kill: a slurmctld and a slurmd on loopback, with a configuration, state
and ports of their own. Nothing of an installed Slurm's configuration is read or changed."""

import os
import shutil
import signal
import socket
import subprocess

import ground  # noqa: F401  finds platform_under_test
from platform_under_test import wait_until

PACKAGES = ("slurmctld", "slurmd", "slurm-client")
CONFIG = """
ClusterName=comparison
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={d_port}
AuthType=auth/none
CredType=cred/none
SlurmUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MaxJobCount=1000000
MessageTimeout=10
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def install():
    """Only when this comparison is asked for. Its services are not started: they have no configuration."""
    if shutil.which("slurmctld") and shutil.which("slurmd") and shutil.which("sbatch"):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["-y", "--no-install-recommends", "install", *PACKAGES]):
        subprocess.run(["apt-get", "-q", *words], check=True, env=environment, stdout=subprocess.DEVNULL)


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class SlurmTarget:
    def __init__(self, folder):
        self.name = "slurm " + subprocess.run(["slurmctld", "-V"], capture_output=True, text=True).stdout.split()[-1]
        self.folder = folder
        (folder / "state").mkdir()
        (folder / "spool").mkdir()
        self.config = folder / "slurm.conf"
        ctld_port, d_port = free_ports(2)
        self.config.write_text(
            CONFIG.format(host=socket.gethostname().split(".")[0], folder=folder, ctld_port=ctld_port, d_port=d_port)
        )
        self.environment = os.environ | {"SLURM_CONF": str(self.config)}
        self.slurmd = None
        self.start()
        self.slurmd = self._spawn("slurmd", "-D")

    def _spawn(self, program, *words):
        with (self.folder / f"{program}.out").open("ab") as out:
            return subprocess.Popen([f"/usr/sbin/{program}", *words], env=self.environment, stdout=out, stderr=out)

    def _ask(self, *words):
        return subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=120)

    def submit(self, request):
        words = ("--parsable", "--hold", "-J", request, "-o", "/dev/null", "--wrap", "true")
        try:
            done = self._ask("sbatch", *words)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    def is_accepting(self):
        return self._ask("scontrol", "ping").stdout.count("UP") > 0

    def kill(self):
        self.slurmctld.send_signal(signal.SIGKILL)
        self.slurmctld.wait()

    def start(self):
        self.slurmctld = self._spawn("slurmctld", "-D")
        wait_until("slurmctld to answer", self.is_accepting)

    def listed(self):
        wait_until("slurmctld to answer", self.is_accepting)
        return [tuple(line.split(" ", 1)) for line in self._ask("squeue", "-h", "-a", "-o", "%i %j").stdout.splitlines()]

    def stop(self):
        for program in filter(None, (self.slurmctld, self.slurmd)):
            program.kill()
            program.wait()

