"""tests/gpu/run calls this: checks.py DAY FOLDER. What is checked stands in README.md beside it."""

import os
import pathlib
import re
import statistics
import sys
import time

import gpucheck_checks
import machine
from machine import short
from platform_on_gpu import NODE, OTHER_TENANT, TENANT, PlatformOnGpu, wait_until
from report import Report

MIB = 1 << 20
STARTS = 20
MOST_START_SECONDS = 0.5
NO_DEVICE = 3  # what load ends with
AGENT_METRICS = {
    "gusu_gpu_utilization_ratio": "utilization.gpu",
    "gusu_gpu_memory_used_bytes": "memory.used",
    "gusu_gpu_power_watts": "power.draw",
    "gusu_gpu_temperature_celsius": "temperature.gpu",
    "gusu_gpu_xid_errors_total": None,
    "gusu_gpu_ecc_errors_total": None,
}


def letters(text):
    return re.sub(r"[^a-z0-9]", "", text.lower())


def number(text):
    found = re.search(r"[\d.]+", text)
    return float(found.group(0)) if found else None


def head(report, gpu):
    card = machine.cards()[0]
    report.line("card", f"{card['name']}, {short(card['uuid'])}, {card['memory.total']} MiB, compute capability {card['compute_cap']}")
    report.line("driver", f"{card['driver_version']}, compute mode {card['compute_mode']}, MIG {card['mig.mode.current']}, {len(machine.cards())} card(s)")
    report.line("machine", f"{machine.system()}, control groups: {machine.control_groups()}")
    report.line("programs", f"commit {os.environ['GUSU_COMMIT']}, " + ("from a bundle" if "GUSU_LIBRARIES" in os.environ else "built here"))
    if gpu.driver_folder:
        report.line("", f"the driver's libraries are in {gpu.driver_folder}, which the system's loader does not search: jobs and agent get it by LD_LIBRARY_PATH")


def inventory(report, gpu):
    devices, cards = gpu.devices(), machine.cards()
    report.check(len(devices) == len(cards), f"{len(devices)} device(s) in `gusu node show`, {len(cards)} by nvidia-smi")
    listed = machine.output_of(machine.NVIDIA_SMI, "-L")
    for device, card in zip(devices, cards):
        report.check(device["uuid"] == card["uuid"] and device["uuid"] in listed, f"uuid {short(device['uuid'])}, nvidia-smi {short(card['uuid'])}")
        model = letters(device["accelerator"].removeprefix("nvidia-"))
        report.check(model in letters(card["name"]), f"accelerator {device['accelerator']}, nvidia-smi '{card['name']}'")
        mib = device["memory"] / MIB
        report.check(mib == number(card["memory.total"]), f"memory {mib:.0f} MiB ({device['memory']} bytes), nvidia-smi {card['memory.total']} MiB")
        report.check(not device["simulated"], "not simulated")
        report.check(device["healthy"], f"healthy, NUMA node {device['numa_node']}")
    listed = next(node for node in nodes_of(gpu) if node["name"] == NODE)
    report.check(listed["gpus"] == len(cards) and listed["state"] == "READY", f"`gusu nodes`: {listed['gpus']} GPU(s), {listed['state']}")
    for text in gpu.notes_of_agent():
        report.note(f"the agent notes: {short(text)}")


def nodes_of(gpu):
    answer = gpu.platform.json("nodes")
    return answer if isinstance(answer, list) else answer["nodes"]


def cuda_job(report, gpu):
    code, text = gpu.run(["--gpus", "1", "--mem", "4G"], [gpu.folder / "vector_add"])
    report.check(code == 0 and " 0 wrong" in text, f"vector_add ends with {code}: {text.strip()}")
    job = gpu.submit(["--gpus", "1"], ["sh", "-c", f'echo "visible $CUDA_VISIBLE_DEVICES"; exec {gpu.folder}/load 0'])
    ended, text = gpu.wait_end(job), gpu.output(job)
    report.check(ended["state"] == "SUCCEEDED", f"load, in the default memory of a task: {ended['state']} {ended['end_reason']}")
    if ended["state"] != "SUCCEEDED":
        report.note(gpu.told(job))
    report.check("sees 1\n" in text, f"CUDA sees {''.join(re.findall(r'^sees (.*)', text, re.MULTILINE))} device(s)")
    index = ended["placements"][0]["devices"][0]
    uuid = next(device["uuid"] for device in gpu.devices() if device["index"] == index)
    report.check(f"visible {uuid}\n" in text, f"CUDA_VISIBLE_DEVICES is the allocated uuid {short(uuid)}")
    seen = re.findall(r"^device (\S+)", text, re.MULTILINE)
    report.check(seen == [uuid], f"CUDA's own uuid of it: {short(' '.join(seen))}")
    report.check(not ended["placements"][0]["simulated"], "`gusu show` does not call it simulated")
    _, text = gpu.run(["--gpus", "1"], ["cat", "/proc/self/cgroup"])
    report.note("its task has a control group of its own" if "/gusu/" in text else "its task has no control group of its own")


def without_gpu(report, gpu):
    job = gpu.submit([], ["sh", "-c", f'echo "visible [$CUDA_VISIBLE_DEVICES]"; exec {gpu.folder}/load 0'])
    ended, text = gpu.wait_end(job), gpu.output(job)
    report.check("visible []\n" in text, "CUDA_VISIBLE_DEVICES is there and empty")
    report.check("sees 0\n" in text and ended["exit_code"] == NO_DEVICE, f"CUDA sees no device: {text.splitlines()[-1:]}")
    device_filter(report, gpu)


OPEN_ALL = """look() { for d in /dev/nvidiactl /dev/nvidia-uvm /dev/nvidia[0-9]*; do
if why=$( (: <> "$d") 2>&1 ); then echo "opens $d"; else echo "$d: ${why##*: }"; fi; done; }
"""


def device_filter(report, gpu):
    label, kind = gpu.node()["inventory"]["labels"]["device_filter"], gpu.filter_kind()
    report.check((label == "kernel") == bool(kind), f"the node's label device_filter is {label}, the agent's log says {kind or 'none'}")
    unset = f"env -u CUDA_VISIBLE_DEVICES {gpu.folder}/load 0 | grep -v ^device"
    away = "cd $GUSU_SCRATCH_DIR; (setsid sh -c '. ./look; look > out; mv out seen' &); until test -e seen; do sleep 0.05; done; cat seen"
    _, with_gpu = gpu.run(["--gpus", "1"], ["sh", "-c", OPEN_ALL + "look"])
    _, without = gpu.run([], ["sh", "-c", f"{OPEN_ALL}look; {unset}"])
    _, orphan = gpu.run([], ["sh", "-c", f"cat > $GUSU_SCRATCH_DIR/look <<'END'\n{OPEN_ALL}END\n{away}"])
    report.note("with a GPU:    " + ", ".join(with_gpu.splitlines()))
    report.note("without a GPU: " + ", ".join(without.splitlines()))
    report.note("what it leaves behind, in a session of its own: " + ", ".join(orphan.splitlines()))
    if "opens /dev/nvidia0" not in with_gpu:
        report.check(False, "a job with a GPU cannot open it: nothing can be said of a filter")
    elif label == "none":
        report.not_yet("this machine lets the agent set no device filter, and the agent says so: a job without GPUs that unsets CUDA_VISIBLE_DEVICES reaches the card")
    else:
        kept = "opens" not in without + orphan and "/dev/nvidia0: Operation not permitted" in without and "/dev/nvidia0: Operation not permitted" in orphan
        report.check(kept, "a job without GPUs opens no file of NVIDIA's, nor does what it leaves behind")
        report.check("sees 0" in without, "nor does CUDA find a device when CUDA_VISIBLE_DEVICES is unset")


def sharing(report, gpu):
    count = len(gpu.devices())
    whole = ["--gpus", count]
    first = gpu.submit(whole, gpu.load(3))
    gpu.wait_for_output(first, "began")
    second = gpu.submit(whole, gpu.load(0))
    waiting = wait_until("a reason to wait", lambda: (job := gpu.platform.job(second))["wait_reason"] and job)
    report.check(waiting["state"] == "PENDING", f"the second job for {count} GPU(s) waits: {waiting['wait_reason']}, {waiting['wait_detail']}")
    report.note("explain: " + " / ".join(line.strip() for line in gpu.platform.gusu("explain", second).stdout.splitlines()[1:] if line.strip()))
    ends = [gpu.wait_end(job) for job in (first, second)]
    in_turn = ends[1].get("started_at", "") >= ends[0].get("ended_at", "?")
    report.check([end["state"] for end in ends] == ["SUCCEEDED"] * 2 and in_turn, f"it starts at {clock(ends[1], 'started_at')}, when the first has ended at {clock(ends[0], 'ended_at')}")
    halves(report, gpu)
    share_of_memory(report, gpu)


def clock(job, name):
    return job.get(name, "never")[11:23]


def halves(report, gpu):
    jobs = [gpu.submit(["--gpu-fraction", "0.5"], gpu.load(4)) for _ in range(2)]
    texts = [gpu.wait_for_output(job, "began") for job in jobs]
    states = [gpu.platform.job(job)["state"] for job in jobs]
    used, processes = gpu.node()["gpus_used"], machine.processes_on_cards()
    report.check(states == ["RUNNING"] * 2 and used == 1, f"two jobs with half a GPU: {' and '.join(states)}, {used} GPU(s) in use, {gpu.card_use()}")
    if processes == 0:
        report.note("nvidia-smi lists no processes on this machine: only the card's memory tells when it is free")
    uuids = {uuid for text in texts for uuid in re.findall(r"^device (\S+)", text, re.MULTILINE)}
    report.check(len(uuids) == 1, f"both on {short(', '.join(uuids))}")
    ends = [gpu.wait_end(job) for job in jobs]
    overlap = max(end["started_at"] for end in ends) < min(end["ended_at"] for end in ends)
    report.check(overlap and all(end["state"] == "SUCCEEDED" for end in ends), "side by side, and both end well")


def share_of_memory(report, gpu):
    total = gpu.devices()[0]["memory"] // MIB
    more = total * 6 // 10
    code, text = gpu.run(["--gpu-fraction", "0.5"], gpu.load(0, more))
    if code == 0 and f"holds {more} MiB" in text:
        report.not_yet(f"a share's memory has no limit: a job with half a GPU took {more} of {total} MiB")
    else:
        report.check("memory: out of memory" in text, f"a job with half a GPU cannot take {more} of {total} MiB: {text.strip().splitlines()[-1:]}")


def metrics(report, gpu):
    job = gpu.submit(["--gpus", "1"], gpu.load(10, 2048))
    gpu.wait_for_output(job, "began")
    wait_until("nvidia-smi to see the load", lambda: number(machine.load()[0]["utilization.gpu"]) or None, 10)
    before, text, after = looks_under_load(gpu)
    report.note("under load, nvidia-smi: " + ", ".join(f"{name} {value}" for name, value in before.items()))
    accelerator = gpu.devices()[0]["accelerator"]
    for line in (f'gusu_gpus{{accelerator="{accelerator}",state="allocated"}} 1', f'gusu_gpu_job_info{{node="{NODE}",gpu="0",job="{job}"}} 1'):
        report.check(line in text, f"scheduler: {line}")
    for name, question in AGENT_METRICS.items():
        series = re.findall(rf"^({name}{{[^}}]*}}) (\S+)$", text, re.MULTILINE)
        if not series:
            report.not_yet(f"agent: {name} is not told by this machine's driver")
        elif question:
            judge_metric(report, series[0], (before[question], after[question]))
        else:
            report.check(all(float(value) >= 0 for _, value in series), "agent: " + ", ".join(f"{labels} {value}" for labels, value in series))
    held = f'gusu_gpu_power_watts{{node="{NODE}",gpu="0",accelerator="{accelerator}",tenant="lab"}}'
    report.check(held in text, "the tenant is that of the job")
    report.check(gpu.wait_end(job)["state"] == "SUCCEEDED", "the job under which this was read ended well")
    report.check('accelerator="' + accelerator + '",tenant=""}' in gpu.metrics(), "afterwards there is none")
    report.note(f"a scrape of the agent takes {scrape_milliseconds(gpu):.1f} ms")


def scrape_milliseconds(gpu):
    times = []
    for _ in range(20):
        began = time.monotonic()
        gpu.agent_metrics()
        times.append(time.monotonic() - began)
    return statistics.median(times) * 1e3


def looks_under_load(gpu):
    """nvidia-smi, the metrics, nvidia-smi; once the load is steady, as the agent reads once a second."""
    looks = []

    def steady():
        looks[:] = [machine.load()[0], gpu.metrics(), machine.load()[0]]
        told = {name: re.search(rf"^({name}{{[^}}]*}}) (\S+)$", looks[1], re.MULTILINE) for name in AGENT_METRICS}
        return all(is_near(told[name].groups(), (looks[0][question], looks[2][question])) for name, question in AGENT_METRICS.items() if question and told[name])

    try:
        wait_until("agent and nvidia-smi to agree", steady, 5)
    except AssertionError:
        pass  # the report shows both
    return looks


# The looks are a moment apart, so they agree only about.
def is_near(series, seen):
    scale = {"gusu_gpu_utilization_ratio": 0.01, "gusu_gpu_memory_used_bytes": MIB}.get(series[0].split("{")[0], 1)
    values = [scale * (number(text) or 0) for text in seen]
    return min(values) * 0.9 <= float(series[1]) <= max(values) * 1.1


def judge_metric(report, series, seen):
    report.check(is_near(series, seen), f"agent: {series[0]} {series[1]}, nvidia-smi before and after {seen[0]} and {seen[1]}")


XIDS = r'^gusu_gpu_xid_errors_total{[^}]*kind="(application|device)"} (\S+)$'


def faults(report, gpu):
    def counts():
        return {kind: float(value) for kind, value in re.findall(XIDS, gpu.agent_metrics(), re.MULTILINE)}

    before = counts()
    code, text = gpu.run(["--gpus", "1"], [gpu.folder / "fault"])
    report.check(code == 0 and "illegal" in text, f"a program that writes where it has no memory: {text.strip()}")
    if not before:
        report.not_yet("gusu_gpu_xid_errors_total is not told by this machine's driver")
        return
    try:
        seen = wait_until("the XID to be counted", lambda: (now := counts()) != before and now, 10)
        report.check(seen["application"] > before["application"] and seen["device"] == before["device"], f"XIDs counted: {before} before, {seen} after")
        report.note("the agent's log: " + ", ".join(note for note in gpu.notes_of_agent() if "xid=" in note))
    except AssertionError:
        report.not_yet("this machine's driver tells the agent of no XID")
    code, text = gpu.run(["--gpus", "1"], gpu.load(0))
    report.check(code == 0, "the next job on the card ends well")


def kill_agent(report, gpu):
    def back():
        gpu.agent().start().wait_ready()

    for when in ("while the job runs", "after its end"):
        outage(report, gpu, "agent", when, (gpu.agent().kill, back))


def kill_scheduler(report, gpu):
    for when in ("while the job runs", "after its end"):
        outage(report, gpu, "scheduler", when, (gpu.platform.scheduler.kill, gpu.platform.start_scheduler))


def outage(report, gpu, who, when, kill_and_back):
    kill, back = kill_and_back
    stays_away = when.startswith("after")
    job = gpu.submit(["--gpus", "1"], gpu.load(3 if stays_away else 6))
    gpu.wait_for_output(job, "began")
    kill()
    gone = time.monotonic()
    alive = gpu.is_loading()
    if stays_away:
        wait_until("the program to end", lambda: not gpu.is_loading(), 60)
    back()
    away = time.monotonic() - gone
    alive = alive and gpu.is_loading() != stays_away
    report.check(alive, f"{who} killed (-9), ready again {when}, {away:.2f} s later: the program runs on")
    verdict(report, gpu, job)


def cancelled(report, gpu):
    job = gpu.submit(["--gpus", "1"], gpu.load(60))
    gpu.wait_for_output(job, "began")
    asked = time.monotonic()
    gpu.platform.gusu("cancel", job)
    end = gpu.wait_end(job)
    free = gpu.becomes_idle()
    took = time.monotonic() - asked
    report.check(end["state"] == "CANCELLED" and free, f"{end['state']}; {took:.2f} s after `gusu cancel`: {gpu.node()['gpus_used']} GPU(s) in use, {gpu.card_use()}")


def verdict(report, gpu, job):
    end = gpu.wait_end(job)
    text = gpu.output(job)
    starts = text.count("began")
    once = starts == 1 and end["attempt"] == 1
    last = text.splitlines()[-1] if text else ""
    right = end["state"] == "SUCCEEDED" and "ended well" in text and once
    report.check(right, f"the job: {end['state']}, attempt {end['attempt']}, {starts} start(s) seen in its output, '{last}'")
    report.check(gpu.becomes_idle(), f"afterwards {gpu.node()['gpus_used']} GPU(s) in use, {gpu.card_use()}")


def start_times(report, gpu):
    gpu.becomes_idle()
    for what, command, word, count in (
        ("its first line", ["sh", "-c", "date +'began %s.%N'"], "began", STARTS),
        ("the end of its first CUDA kernel", gpu.load(0), "began", 5),
    ):
        delays = []
        for _ in range(count):
            asked = time.time()
            code, text = gpu.run(["--gpus", "1"], command)
            said = re.search(rf"^{word} ([\d.]+)", text, re.MULTILINE)
            if code != 0 or not said:
                report.check(False, f"the job failed: {text}")
                return
            delays.append(float(said.group(1)) - asked)
        text = f"from `gusu run --gpus 1` to {what}: {statistics.median(delays) * 1e3:.0f} ms in the middle, {max(delays) * 1e3:.0f} ms at most, of {count}"
        if count == STARTS:
            report.check(statistics.median(delays) < MOST_START_SECONDS, text)
        else:
            report.note(text + " (most of it is CUDA's own start)")


def diagnosis(report, gpu):
    gpu.becomes_idle()
    done = gpu.platform.gusu("node", "check", NODE, check=False, timeout=300)
    details = [device.get("health_detail", "") for device in gpu.devices()]
    report.check(done.returncode == 0 and all(" passed: " in detail for detail in details), f"`gusu node check`: exit code {done.returncode}, {details}")
    job = gpu.submit(["--gpus", "1"], gpu.load(5))
    gpu.wait_for_output(job, "began")
    done = gpu.platform.gusu("node", "check", NODE, "--gpu", "0", check=False)
    detail = gpu.devices()[0].get("health_detail", "")
    report.check(done.returncode == 1 and "a task holds the card" in detail, f"while a job runs: exit code {done.returncode}, {detail}")
    verdict(report, gpu, job)


def change_of_tenant(report, gpu):
    fill = [gpu.folder / "gusu-gpucheck", "--fill", "DEADBEEF", "--hold-seconds", "1"]
    code, text = gpu.run(["--gpus", "1"], fill)
    report.check(code == 0, f"a job of tenant {TENANT} fills the card: {text.strip().splitlines()[-1:]}")
    gpu.becomes_idle()
    asked = time.monotonic()
    code, text = gpu.run(["--gpus", "1"], [gpu.folder / "gusu-gpucheck", "--scan"], OTHER_TENANT)
    report.check(code == 0 and "no error" in text, f"a job of tenant {OTHER_TENANT} looks for what is left, {time.monotonic() - asked:.1f} s with the scrub: {text.strip().splitlines()[-1:]}")
    noted = (gpu.platform.folder / NODE / "state" / "device-care.json").read_text()
    report.check(OTHER_TENANT in noted, "the agent has noted whose memory it was last")


SECTIONS = (
    ("1. The inventory is what the driver says", inventory),
    ("2. A CUDA job", cuda_job),
    ("3. A job without GPUs", without_gpu),
    ("4. Waiting and sharing", sharing),
    ("5. Metrics", metrics),
    ("6. The agent is killed", kill_agent),
    ("7. The scheduler is killed", kill_scheduler),
    ("8. From submission to start", start_times),
    ("9. A CUDA job is cancelled", cancelled),
    ("10. A program that fails on the card", faults),
    ("11. The node's cards are diagnosed", diagnosis),
    ("12. The card goes to another tenant", change_of_tenant),
)


def gpucheck(report):
    check = gpucheck_checks.Gpucheck()
    for title, section in gpucheck_checks.SECTIONS:
        report.heading(f"13. {title}")
        attempt(report, section, check)


def attempt(report, section, gpu):
    try:
        section(report, gpu)
    except Exception as problem:  # one broken section must not hide the others
        report.check(False, f"{type(problem).__name__}: {short(str(problem))[:1500]}")


def main():
    day, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    report = Report()
    report.heading(f"Gusu on a real GPU, {day}")
    gpu = PlatformOnGpu()
    name = "unknown"
    try:
        attempt(report, head, gpu)
        gpu.start()
        name = (gpu.devices() or [{"accelerator": "none"}])[0]["accelerator"]
        for title, section in SECTIONS:
            report.heading(title)
            attempt(report, section, gpu)
        gpu.becomes_idle()
        gpucheck(report)
    except Exception as problem:  # the report is written whatever happens
        report.check(False, f"the platform did not start: {short(str(problem))[:3000]}")
    finally:
        gpu.stop()
    report.summary()
    file = folder / f"{day}-{name}.txt"
    report.write(file)
    print(f"\nreport: {file}")
    return 1 if report.counts["FAILED"] else 0


sys.exit(main())
