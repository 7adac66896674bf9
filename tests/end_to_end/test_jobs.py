"""The life of jobs, by the command line, on a real node."""

import json
import time
import urllib.request

import pytest

from platform_under_test import wait_until


@pytest.fixture
def node(platform):
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1")
    return platform


def test_run_streams_output_and_exits_as_the_job(node):
    done = node.gusu("run", "--gpus", "2", "--", "sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert done.returncode == 7, done
    assert "out\n" in done.stdout and "err\n" in done.stdout


def test_a_job_is_told_what_it_holds(node):
    job = node.submit("--gpus", "2", "--name", "env", "--", "env")
    node.wait_state(job, "SUCCEEDED")
    environment = dict(line.split("=", 1) for line in node.gusu("logs", job).stdout.splitlines() if "=" in line)
    assert environment["GUSU_JOB_ID"] == job == environment["SLURM_JOB_ID"]
    assert environment["GUSU_JOB_NAME"] == "env"
    assert environment["GUSU_TENANT"] == "t"
    assert environment["GUSU_NODELIST"] == "n1"
    assert environment["CUDA_VISIBLE_DEVICES"] == ""  # no real card is touched
    assert environment["GUSU_SIMULATED_DEVICES"] == "0,1"
    assert "GUSU_CREDENTIALS" not in environment


def test_cancel_ends_a_running_job_and_frees_its_gpus(node):
    job = node.submit("--gpus", "8", "--grace", "1s", "--", "sleep", "1000")
    node.wait_state(job, "RUNNING")
    waiting = node.submit("--gpus", "8", "--", "true")
    explained = node.json("explain", waiting)
    assert explained["constraints"][0]["reason"] == "MODEL_BUSY"
    node.gusu("cancel", job)
    ended = node.wait_state(job, "CANCELLED")
    assert ended["end_reason"] == "CANCELLED_BY_USER"
    node.wait_state(waiting, "SUCCEEDED")


def test_a_script_with_sbatch_lines(node):
    script = node.folder / "job.sh"
    script.write_text("#!/bin/bash\n#SBATCH --job-name=old --gres=gpu:1\n#SBATCH --time=00:01:00\necho $SLURM_JOB_NAME $1\n")
    job = node.submit(script)
    node.wait_state(job, "SUCCEEDED")
    assert node.gusu("logs", job).stdout.startswith("old")


def test_arrays_and_dependencies(node):
    array = node.submit("--array", "1-3", "--", "sh", "-c", "test $GUSU_ARRAY_TASK_ID != 2")
    after = node.submit("--depends-on", f"afterok:{array}", "--", "true")
    anyway = node.submit("--depends-on", f"afterany:{array}", "--", "true")
    node.wait_state(anyway, "SUCCEEDED")
    assert node.job(f"{array}_2")["state"] == "FAILED"
    assert node.wait_state(after, "FAILED")["end_reason"] == "DEPENDENCY_FAILED"


def test_a_time_limit_ends_the_job(node):
    job = node.submit("--time", "1s", "--grace", "1s", "--", "sleep", "1000")
    assert node.wait_state(job, "FAILED")["end_reason"] == "TIMED_OUT"


def test_what_cannot_be_launched_says_why(node):
    for words, expected in [
        (["--", "/no/such/program"], "/no/such/program"),
        (["--workdir", "/no/such/folder", "--", "true"], "/no/such/folder"),
    ]:
        job = node.submit(*words)
        ended = node.wait_state(job, "FAILED")
        assert ended["end_reason"] == "LAUNCH_FAILED" and expected in ended["end_detail"], ended


def test_usage_is_what_was_held(node):
    job = node.submit("--gpus", "4", "--", "sleep", "1")
    hours = node.wait_state(job, "SUCCEEDED")["gpu_hours"]
    assert 4 / 3600 < hours < 20 / 3600
    rows = node.json("usage", "t")["rows"]
    assert abs(sum(row["gpu_hours"] for row in rows) - hours) < 1e-6


def test_a_killed_agent_comes_back_to_its_running_job(node):
    job = node.submit("--gpus", "1", "--", "sh", "-c", "echo $$; sleep 3; echo end")
    node.wait_state(job, "RUNNING")
    node.agents["n1"].kill()
    node.start_agent("n1")
    ended = node.wait_state(job, "SUCCEEDED")
    assert ended["attempt"] == 1
    lines = node.gusu("logs", job).stdout.splitlines()
    assert len(lines) == 2 and lines[1] == "end"


def test_metrics_and_health(node):
    def get(path):
        return urllib.request.urlopen(f"http://{node.http}{path}").read().decode()

    assert get("/healthz") and get("/readyz")
    job = node.submit("--gpus", "2", "--", "sleep", "1000")
    node.wait_state(job, "RUNNING")
    wait_until(
        "the metrics to show it",
        lambda: 'gusu_gpus{accelerator="nvidia-h200",state="allocated"} 2' in get("/metrics"),
    )
    assert "gusu_leader 1" in get("/metrics")
    assert "gusu_full_pass_started_total 0" in get("/metrics")
    node.gusu("cancel", job)


def test_status_is_one_screen(node):
    status = json.loads(node.gusu("status", "--json").stdout)
    assert status["accelerators"][0]["accelerator"] == "nvidia-h200"
    assert status["accelerators"][0]["simulated"] is True
    assert "(simulated)" in node.gusu("status").stdout
    assert time.strptime(status["now"][:19], "%Y-%m-%dT%H:%M:%S")


def test_a_maintenance_window_keeps_jobs_off_until_it_is_deleted(node):
    short = node.submit("--gpus", "1", "--time", "10m", "--", "sleep", "1000")
    node.wait_state(short, "RUNNING")
    node.gusu("reservation", "create", "fans", "--nodes", "n1", "--start", "+1h", "--duration", "2h")
    endless = node.submit("--gpus", "1", "--", "true")
    explained = node.json("explain", endless)
    assert explained["constraints"][0]["reason"] == "RESERVED", explained
    assert '"fans"' in explained["constraints"][0]["detail"]
    assert any(hint.startswith("--time") for hint in explained["would_start_now"]), explained
    fits = node.submit("--gpus", "1", "--time", "30m", "--", "true")
    node.wait_state(fits, "SUCCEEDED")
    assert node.job(endless)["state"] == "PENDING"
    listed = node.json("reservation", "list")["reservations"]
    assert [(each["name"], each["nodes"], each["state"]) for each in listed] == [("fans", ["n1"], "AHEAD")]
    node.gusu("reservation", "delete", "fans")
    node.wait_state(endless, "SUCCEEDED")
    node.gusu("cancel", short)
