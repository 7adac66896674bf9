#!/usr/bin/env python3
"""gusu-sim's baselines give what others have measured on the same traces.

usage: sim_anchors.py GUSU_SIM, with the folder of traces in GUSU_TRACES. tools/sim/README.md tells what
the folder must have.
"""

import concurrent.futures
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
# Of every time that is compared.
TOLERANCE = 0.005
# The anchors give makespans in tenths of days, from the zero of the trace's clock.
MAKESPAN_ROUNDING_DAYS = 0.05
# One seed against the mean of ten, as published with their spread.
SEEDS_APART = 2.5

POLICIES = {"fifo": "fifo", "bf": "fifo-skip"}
TIMES = {
    "avg_jct_s": "mean_jct_s",
    "avg_queue_s": "mean_queue_s",
    "p99_queue_s": "p99_queue_s",
    "p99.9_queue_s": "p999_queue_s",
    "p99_jct_s": "p99_jct_s",
}
# Of Philly, October and November 2017: until 2017-11-30 23:59.
WINDOW = ["--from", "0", "--until", "5270340"]
SMALL_TENANTS = "7f04ca ee9e8c e13805 2869ce ed69ec 103959 0e4a51".split()


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def small_tenants(traces, scratch):
    """The list of tenants' nodes with the seven small ones only."""
    lines = (traces / "philly2017_tenant_nodes.csv").read_text(encoding="utf-8").splitlines()
    path = scratch / "small.csv"
    kept = [lines[0]] + [line for line in lines[1:] if line.split(",")[0] in SMALL_TENANTS]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return path


def scenario_words(scenario, traces, scratch):
    """What replay is told for a scenario of the anchors."""
    philly = ["--jobs", traces / "philly2017_jobs.csv.gz", *WINDOW, "--tenant-nodes"]
    tenants = f"{traces / 'philly2017_tenant_nodes.csv'}:nodes_tight70"
    if scenario == "philly_octnov_tight70":
        return [*philly, tenants, "--partitioned"]
    if scenario == "philly_octnov_tight70_small7":
        return [*philly, f"{small_tenants(traces, scratch)}:nodes_tight70", "--partitioned"]
    if scenario == "philly_octnov_pool728":
        return [*philly, tenants]
    if scenario == "shockwave120":
        return ["--jobs", traces / "shockwave120_jobs.csv.gz", "--node-count", "4", "--gpus-per-node", "8"]
    if scenario.startswith("muri_"):
        return ["--jobs", traces / f"{scenario}_jobs.csv.gz", "--nodes", traces / "muri_nodes.csv"]
    trace = scenario.removesuffix("_tight80")
    nodes = {row["trace"]: row["nodes_tight80"] for row in rows(traces / "itp2021_cluster_nodes.csv")}
    return ["--jobs", traces / f"{trace}_jobs.csv.gz", "--node-count", nodes[trace], "--gpus-per-node", "8"]


def run(words):
    command = [str(word) for word in [*words, "--json", "-"]]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"{' '.join(command)}: {answer.stderr}")
    return json.loads(answer.stdout)


def problems_of_anchor(row, report):
    name = f"{row['scenario']} {row['policy']}"
    found = []
    if report["jobs"] != int(row["jobs"]) or report["gpus"] != int(row["total_gpus"]):
        found.append(f"{name}: {report['jobs']} jobs on {report['gpus']} GPUs, expected {row['jobs']} on {row['total_gpus']}")
    for column, key in TIMES.items():
        expected = float(row[column])
        if abs(report[key] - expected) > TOLERANCE * expected:
            found.append(f"{name}: {key} is {report[key]}, expected {expected}")
    days = (report["first_submit_s"] + report["makespan_s"]) / 86400
    expected = float(row["makespan_days"])
    if abs(days - expected) > TOLERANCE * expected + MAKESPAN_ROUNDING_DAYS:
        found.append(f"{name}: the last job ends on day {days:.2f}, expected {expected}")
    print(f"{name}: mean queue {report['mean_queue_s']:.0f} s, measured before {row['avg_queue_s']} s")
    return found


def problems_of_first_fit(row, report):
    found = []
    for percent in ("100", "130"):
        expected, spread = float(row[f"alloc_pct_at_{percent}"]), float(row["alloc_std_at_130"])
        allocated = report["allocated_percent"][percent]
        if abs(allocated - expected) > SEEDS_APART * spread:
            found.append(f"{row['workload']} first-fit: {allocated} % at {percent} %, expected {expected} +- {spread}")
    print(f"{row['workload']} first-fit: {allocated} % at 130 %, ten seeds {expected} +- {spread}")
    return found


def main():
    if "GUSU_TRACES" not in os.environ:
        print("sim_anchors: skipped, since GUSU_TRACES is not set; it names the folder of traces")
        sys.exit(SKIPPED)
    traces = pathlib.Path(os.environ["GUSU_TRACES"])
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(2) as pool:
        checks = []
        for row in rows(traces / "anchors_measured.csv"):
            if row["policy"] in POLICIES:
                words = scenario_words(row["scenario"], traces, pathlib.Path(folder))
                command = [program, "replay", *words, "--policy", POLICIES[row["policy"]]]
                checks.append((problems_of_anchor, row, pool.submit(run, command)))
        for row in rows(traces / "fgd_expected.csv"):
            if row["policy"] == "FirstFit(ours)":
                files = [f"openb_{row['workload']}_{kind}" for kind in ("pods.csv.gz", "order_s42.csv.gz")]
                command = [program, "place", "--policy", "first-fit", "--nodes", traces / "openb_nodes_gpu.csv.gz",
                           "--pods", traces / files[0], "--order", traces / files[1]]
                checks.append((problems_of_first_fit, row, pool.submit(run, command)))
        problems = [problem for check, row, report in checks for problem in check(row, report.result())]
    for problem in problems:
        print(problem)
    print(f"sim_anchors: {len(checks)} runs, {len(problems)} problems")
    sys.exit(1 if problems or not checks else 0)


main()
