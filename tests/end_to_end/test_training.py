"""A real distributed training goes on undisturbed while scheduler and agent are killed."""

import re
import shutil

from platform_under_test import SOURCE, wait_until


def log_of(platform, job):
    return platform.gusu("logs", job, check=False).stdout


def test_training_survives_the_death_of_scheduler_and_agent(platform):
    platform.gusu("tenant", "create", "t")
    for node in ("n1", "n2"):
        platform.start_agent(node)
    example = platform.folder / "ddp_digits"
    shutil.copytree(SOURCE / "deploy/examples/ddp_digits", example)
    job = platform.submit("-f", str(example / "job.yaml"), "--tenant", "t", "--workdir", str(example))
    wait_until("the training to begin", lambda: "epoch" in log_of(platform, job), 120)

    platform.scheduler.kill()
    platform.start_scheduler()
    seen = wait_until("the log to be readable again", lambda: log_of(platform, job))
    wait_until("the training to go on", lambda: len(log_of(platform, job)) > len(seen), 120)

    platform.agents["n1"].kill()
    platform.start_agent("n1")

    ended = platform.wait_state(job, "SUCCEEDED", "FAILED", seconds=300)
    log = log_of(platform, job)
    assert ended["state"] == "SUCCEEDED" and ended["attempt"] == 1, log[-2000:]
    assert float(re.search(r"test accuracy: ([0-9.]+)", log).group(1)) > 0.95
    epochs = [int(epoch) for epoch in re.findall(r"^epoch +(\d+)", log, re.MULTILINE)]
    assert epochs == list(range(epochs[0], epochs[0] + len(epochs))), "the log has a gap"
    assert sum(row["gpu_hours"] for row in platform.json("usage", "t")["rows"]) > 0
