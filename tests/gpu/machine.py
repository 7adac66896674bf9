"""The machine as its driver and system tell it, independently of Gusu."""

import os
import pathlib
import re
import subprocess

NVIDIA_SMI = os.environ["GUSU_NVIDIA_SMI"]
# As it was before the libraries of a bundle were named in it.
ENVIRONMENT = dict(os.environ)
DRIVER_FOLDERS = ["/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib/wsl/lib"]


def output_of(*command):
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def ask(names, kind="gpu"):
    """One dictionary a card (or a process on a card), its values as nvidia-smi writes them."""
    answer = output_of(NVIDIA_SMI, f"--query-{kind}={','.join(names)}", "--format=csv,noheader,nounits")
    rows = [row.split(", ") for row in answer.splitlines() if row.strip()]
    return [dict(zip(names, row)) for row in rows if len(row) == len(names)]


def cards():
    return ask(["index", "uuid", "name", "memory.total", "driver_version", "compute_cap", "compute_mode", "mig.mode.current"])


def load():
    names = ["utilization.gpu", "memory.used", "power.draw", "temperature.gpu"]
    return ask(names)


def processes_on_cards():
    return len(ask(["pid"], kind="compute-apps"))


def memory_used():
    """MiB of all cards."""
    return sum(int(card["memory.used"]) for card in ask(["memory.used"]))


def short(uuid):
    """A card's serial number is nobody's business; the first digits tell cards apart."""
    return re.sub(r"(GPU-[0-9a-f]{8})[-0-9a-f]*", r"\1...", uuid)


def driver_folder():
    """Where libcuda.so.1 is, if programs do not find it by themselves; else None."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    if "libcuda.so.1" in cache:
        return None
    folders = os.environ.get("LD_LIBRARY_PATH", "").split(":") + DRIVER_FOLDERS
    return next((folder for folder in folders if folder and pathlib.Path(folder, "libcuda.so.1").exists()), None)


def system():
    release = pathlib.Path("/etc/os-release")
    name = re.search(r'^PRETTY_NAME="?([^"\n]*)', release.read_text() if release.exists() else "", re.MULTILINE)
    return f"{name.group(1) if name else 'Linux'}, glibc {os.confstr('CS_GNU_LIBC_VERSION').split()[-1]}, {os.cpu_count()} CPUs"


def control_groups():
    kinds = set(re.findall(r"^\S+ \S+ (cgroup2?) ", pathlib.Path("/proc/mounts").read_text(), re.MULTILINE))
    return {"cgroup": "version 1", "cgroup2": "version 2"}.get(" ".join(sorted(kinds)), "both" if kinds else "none mounted")


def memory():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
