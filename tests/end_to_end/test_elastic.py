"""A job that may run with fewer nodes gives one up for an owner, and goes on with the others."""

import pytest

from platform_under_test import Platform, wait_until


@pytest.fixture
def platform(folder):
    running = Platform(folder, policy={"run_at_least": "1s"})
    running.gusu("tenant", "create", "owner")
    running.gusu("tenant", "create", "guest")
    running.start_agent("n1")
    running.start_agent("n2")
    running.gusu("quota", "set", "owner", "nvidia-h200", "--guaranteed", "16")
    yield running
    running.stop()


def test_a_node_is_given_up_and_the_job_goes_on(platform):
    script = 'echo "one of $GUSU_NNODES"; trap "echo goes; exit 1" TERM; while :; do sleep 0.1; done'
    elastic = platform.submit(
        "--tenant", "guest", "--nodes", "1-4", "--gpus-per-node", "8", "--preemptible", "--", "sh", "-c", script
    )
    started = platform.wait_state(elastic, "RUNNING")
    assert started["nodes"] == 2 and started["gpus"] == 16, started

    owner = platform.submit("--tenant", "owner", "--gpus", "8", "--", "sleep", "1000")
    platform.wait_state(owner, "RUNNING")
    shrunk = platform.job(elastic)
    assert shrunk["state"] == "RUNNING" and shrunk["attempt"] == 1, shrunk
    assert shrunk["nodes"] == 1 and shrunk["gpus"] == 8, shrunk
    log = platform.gusu("logs", elastic, "--task", "1").stdout
    # Between the two the shell may say that its sleep was ended.
    assert log.startswith("one of 2\n") and log.endswith("goes\n"), log
    assert "goes" not in platform.gusu("logs", elastic, "--task", "0").stdout
    assert any("goes on with 1" in event["what"] for event in shrunk["events"]), shrunk["events"]

    # With its least it can only be stopped as a whole.
    second = platform.submit("--tenant", "owner", "--gpus", "8", "--", "sleep", "1000")
    platform.wait_state(second, "RUNNING")
    again = wait_until("the job to wait again", lambda: (job := platform.job(elastic))["attempt"] == 2 and job)
    assert again["state"] == "PENDING"
    held = sum(row["gpu_hours"] for row in platform.json("usage", "guest")["rows"])
    assert abs(held - again["gpu_hours"]) < 1e-6, (held, again["gpu_hours"])
    for job in (elastic, owner, second):
        platform.gusu("cancel", job)
