"""The site's prolog and epilog: what they see, and what becomes of jobs and nodes when they fail."""

import subprocess
import urllib.request

import pytest

from platform_under_test import BIN, wait_until


@pytest.fixture
def site(platform):
    platform.gusu("tenant", "create", "t")
    return platform


def program(platform, name, text):
    file = platform.folder / name
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)
    return {"command": [str(file)]}


def failures_counted(site, node, which):
    http = site.agents[node].wait_ready()["http"]
    text = urllib.request.urlopen(f"http://{http}/metrics", timeout=30).read().decode()
    return next(
        line.split()[-1]
        for line in text.splitlines()
        if line.startswith("gusu_site_program_failures_total{") and which in line
    )


def test_a_node_whose_prolog_fails_is_drained_and_the_job_goes_elsewhere(site):
    mended = site.folder / "mended"
    check = program(site, "check", f"[ -e {mended} ] && exit 0\necho checking links\necho nvlink 3 is down >&2\nexit 4\n")
    site.start_agent("n1", prolog=check, http_listen="127.0.0.1:0", http_insecure="loopback-only")
    job = site.submit("--gpus", "8", "--", "sh", "-c", "echo ran on $GUSU_NODELIST")

    node = wait_until("n1 to be drained", lambda: (n := site.node("n1"))["state"] == "DRAINED" and n)
    for word in ["prolog", check["command"][0], "exited with 4", "nvlink 3 is down"]:
        assert word in node["drain_reason"], node["drain_reason"]
    waits = site.wait_state(job, "PENDING")
    assert waits["attempt"] == 2
    told = site.gusu("show", job).stdout
    assert "DEVICE_FAULT" in told and "nvlink 3 is down" in told
    assert "nvlink 3 is down" in site.gusu("explain", job).stdout, "why the node is not there"
    assert float(failures_counted(site, "n1", "prolog")) == 1

    site.start_agent("n2")
    done = site.wait_state(job, "SUCCEEDED")
    assert done["placements"][0]["node"] == "n2"
    assert site.gusu("logs", job).stdout == "ran on n2\n"

    mended.touch()
    site.gusu("node", "resume", "n1")
    site.gusu("node", "drain", "n2", "--reason", "test")
    again = site.submit("--gpus", "8", "--", "true")
    assert site.wait_state(again, "SUCCEEDED")["placements"][0]["node"] == "n1"
    assert site.node("n1")["state"] == "READY"


def test_a_node_whose_epilog_fails_is_drained_and_the_job_keeps_its_result(site):
    sweep = program(site, "sweep", "echo $GUSU_JOB_ID of $GUSU_TENANT on $GUSU_DEVICES left files; exit 3\n")
    site.start_agent("n1", epilog=sweep)
    job = site.submit("--gpus", "2", "--", "sh", "-c", "exit 7")
    assert site.wait_state(job, "FAILED")["exit_code"] == 7
    node = site.node("n1")
    assert node["state"] == "DRAINED" and f"{job} of t on 0,1 left files" in node["drain_reason"]
    site.gusu("node", "resume", "n1")
    site.agents["n1"].kill()
    site.start_agent("n1")  # what was told and heard is not told again
    assert site.node("n1")["state"] == "READY"


def test_a_job_in_its_prolog_is_seen_to_be_so_and_can_be_cancelled(site):
    slow = program(site, "slow", "sleep 600\n") | {"timeout": "300s"}
    after = program(site, "after", f"touch {site.folder}/swept\n")
    site.start_agent("n1", prolog=slow, epilog=after)
    job = site.submit("--", "true")
    site.wait_state(job, "STARTING")
    wait_until("it to be told", lambda: "node n1: the node's prolog runs" in site.gusu("show", job).stdout)
    assert "node n1: the node's prolog runs" in site.gusu("explain", job).stdout
    site.gusu("cancel", job)
    site.wait_state(job, "CANCELLED")
    assert (site.folder / "swept").exists()
    assert site.node("n1")["state"] == "READY"


def test_an_agent_killed_in_a_prolog_neither_starts_the_task_nor_blames_the_node(site):
    once = site.folder / "once"
    slow = program(site, "slow", f"[ -e {once} ] && exit 0\ntouch {once}\nsleep 600\n")
    site.start_agent("n1", prolog=slow)
    job = site.submit("--retries", "1", "--", "true")
    wait_until("the prolog to begin", once.exists)
    site.agents["n1"].kill()
    site.start_agent("n1")
    assert site.wait_state(job, "SUCCEEDED")["attempt"] == 2
    assert site.node("n1")["state"] == "READY"


def test_a_program_that_is_not_there_is_refused_before_anything_starts(site):
    site.start_agent("n1")
    agent = site.agents["n1"]
    agent.kill()
    agent.settings["prolog"] = {"command": ["/nowhere/check"]}
    with pytest.raises(AssertionError, match="no such file|there is no"):
        agent.start().wait_ready()
    checked = subprocess.run([BIN / "gusu-agent", "--config", agent.config, "--check-config"], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 1 and 'prolog.command: there is no "/nowhere/check"' in checked.stderr
    del agent.settings["prolog"]
    site.start_agent("n1")
