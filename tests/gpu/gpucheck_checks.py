"""gusu-gpucheck on a real card: its figures, that its checks can fail, and that a scrub leaves nothing."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time

import machine

SECONDS = 240
PATTERN = "DEADBEEF"
LEAST_COVERED = 0.97  # of the card's memory: CUDA's own share is the rest
EXIT = {"passed": 0, "faulty": 1, "words": 2, "no card": 3, "lost": 4, "in use": 5}


class Gpucheck:
    def __init__(self):
        self.program = pathlib.Path(os.environ["GUSU_BIN"], "gusu-gpucheck")
        libraries = [os.environ.get("GUSU_LIBRARIES"), machine.driver_folder(), os.environ.get("LD_LIBRARY_PATH")]
        self.environment = dict(os.environ, LD_LIBRARY_PATH=":".join(filter(None, libraries)))

    def run(self, *words, **environment):
        """Exit code, the document, seconds."""
        began = time.monotonic()
        command = [self.program, "--json", *map(str, words)]
        done = subprocess.run(command, env=self.environment | environment, capture_output=True, text=True, timeout=SECONDS, check=False)
        try:
            document = json.loads(done.stdout)
        except ValueError:
            document = {"cards": [], "error": done.stderr.strip()}
        return done.returncode, document, time.monotonic() - began

    def fill_and_hold(self):
        """When all is filled."""
        command = [self.program, "--gpu", "0", "--fill", PATTERN, "--hold", "--hold-seconds", "120"]
        holder = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        for line in holder.stdout:
            if "fill" in line:
                return holder, line.strip()
        holder.wait()
        return holder, f"ended with {holder.returncode}"


def ratings(accelerator):
    """What the catalogue rates the card at, as options."""
    text = (pathlib.Path(__file__).resolve().parents[2] / "deploy/catalogue.yaml").read_text()
    entry = re.search(rf"name: {re.escape(accelerator)}[,\n](.*?)(?=\n  - |\Z)", text, re.DOTALL)
    options = {"fp16_tflops": "--rated-tensor-tflops", "fp32_tflops": "--rated-fp32-tflops", "memory_gbps": "--rated-memory-gbps", "host_gbps": "--rated-host-gbps"}
    found = dict(re.findall(r"(\w+): ([\d.]+)", entry.group(1))) if entry else {}
    return [word for name, option in options.items() if name in found for word in (option, found[name])]


def accelerator_name():
    words = [word.lower() for word in re.split(r"[\s-]+", machine.cards()[0]["name"])]
    model = next((word for word in words if re.fullmatch(r"[ablh]\d+s?", word)), "unknown")
    return f"nvidia-{model}"


def checks_of(document):
    return {check["name"]: check for card in document["cards"] for check in card["checks"]}


def tell(report, document):
    for card in document["cards"]:
        if card["error"]:
            report.note(f"card {card['index']}: {machine.short(card['error'])}")
        for check in card["checks"]:
            figure = f"{check['value']:.1f} {check['unit']}" if "value" in check else ""
            rated = f" = {check['value'] / check['rated']:.0%} of {check['rated']:g}, at least {check['least']:g}" if "rated" in check else ""
            report.note(f"{check['verdict']:<8}{check['name']:<18}{figure}{rated}  {check['detail']}  ({check['seconds']:.1f} s)")
    if document.get("error"):
        report.note(machine.short(document["error"]))


def right_card(report, check):
    code, document, _ = check.run("--list")
    uuids = [card["uuid"] for card in document["cards"]]
    report.check(code == EXIT["passed"] and uuids == [card["uuid"] for card in machine.cards()], f"--list tells {len(uuids)} card(s), by uuid and in order those of nvidia-smi")


def figures(report, check):
    rated = ratings(accelerator_name())
    report.note(f"rated by the catalogue as {accelerator_name()}: {' '.join(rated) or 'nothing'}")
    for words in (["--quick"], []):
        code, document, seconds = check.run(*words, *rated)
        report.check(code == EXIT["passed"], f"the card passes {' '.join(words) or 'the whole diagnosis'}: exit code {code} after {seconds:.1f} s")
        tell(report, document)
        tested = checks_of(document).get("memory", {}).get("bytes", 0)
        total = int(machine.cards()[0]["memory.total"]) << 20
        report.check(tested >= LEAST_COVERED * total, f"memory: {tested} of {total} bytes were tested, {tested / total:.1%}")


def can_fail(report, check):
    for fault, name, errors in (("memory", "memory", 6), ("gemm", "tensor_gemm", 1)):
        code, document, _ = check.run("--quick", "--inject", fault)
        found = checks_of(document).get(name, {"verdict": "absent"})
        right = code == EXIT["faulty"] and found["verdict"] == "failed" and found.get("errors", errors) == errors
        report.check(right, f"--inject {fault}: exit code {code}, {name} {found['verdict']}: {found.get('detail')}, {found.get('examples', [])[:3]}")
    code, document, _ = check.run("--quick", "--rated-memory-gbps", 1_000_000)
    slow = checks_of(document).get("memory_bandwidth", {"verdict": "absent"})
    report.check(code == EXIT["faulty"] and slow["verdict"] == "failed", f"rated far above what it can: exit code {code}, memory_bandwidth {slow['verdict']}")
    for what, words, environment in (("a card that is not there", ["--gpu", "99"], {}), ("no card at all", [], {"CUDA_VISIBLE_DEVICES": ""})):
        code, document, _ = check.run(*words, **environment)
        report.check(code == EXIT["no card"], f"{what}: exit code {code}: {document['error']}")
    code, document, seconds = check.run("--timeout", "1")
    report.check(code == EXIT["lost"], f"--timeout 1: exit code {code} after {seconds:.1f} s: {document['error'].splitlines()[-1:]}")


def left_over(check):
    code, document, _ = check.run("--gpu", "0", "--scan")
    return code, checks_of(document).get("scan", {"errors": -1, "bytes": 0, "examples": [], "detail": document["error"]})


def end(holder, how):
    holder.send_signal(how)
    return holder.wait(timeout=60)


def scrub(report, check):
    before = machine.memory_used()
    holder, line = check.fill_and_hold()
    report.check(holder.poll() is None and "passed" in line, f"all memory filled with {PATTERN} and held: {line}")
    code, document, _ = check.run("--gpu", "0", "--scrub")
    report.check(code == EXIT["in use"], f"a card in use cannot be scrubbed: exit code {code}: {[card['error'] for card in document['cards']]}")
    report.check(end(holder, signal.SIGTERM) == 0, "SIGTERM ends who holds it, with 0")

    holder, _ = check.fill_and_hold()
    end(holder, signal.SIGKILL)
    code, found = left_over(check)
    words = found["bytes"] // 8 or 1
    report.check(code in (EXIT["passed"], EXIT["faulty"]), f"filled, killed, scanned without a scrub: {found['errors']} of {words} words are not zero ({found['errors'] / words:.1%}), {found['examples'][:2]}")
    holder, _ = check.fill_and_hold()
    end(holder, signal.SIGKILL)
    code, document, seconds = check.run("--gpu", "0", "--scrub")
    done = checks_of(document).get("scrub", {"verdict": "absent", "bytes": 0})
    total = int(machine.cards()[0]["memory.total"]) << 20
    report.check(code == 0 and done["bytes"] >= LEAST_COVERED * total, f"filled, killed, scrubbed: exit code {code}, {done['bytes']} bytes, {done['bytes'] / total:.1%} of the card, in {seconds:.1f} s")
    code, found = left_over(check)
    report.check(code == 0 and found["errors"] == 0, f"allocated and scanned afterwards: {found['errors']} words are not zero, of {found['bytes'] // 8}")
    code, document, _ = check.run("--gpu", "0", "--scrub", "--inject", "scrub")
    report.check(code == EXIT["faulty"], f"a scrub that leaves something is found: exit code {code}, {checks_of(document).get('scrub', {}).get('detail')}")
    report.check(machine.memory_used() <= before + 64, f"{machine.memory_used()} MiB in use afterwards, {before} before")


SECTIONS = (
    ("gusu-gpucheck sees the card", right_card),
    ("gusu-gpucheck's figures", figures),
    ("gusu-gpucheck's checks can fail", can_fail),
    ("Scrub: fill, exit, allocate, scan", scrub),
)
