"""Guarantees, borrowing and giving back, on real nodes; and what is said of the start meanwhile."""

import pytest

from platform_under_test import wait_until


@pytest.fixture
def node(platform):
    # A change of the rules acts when the scheduler starts.
    platform.scheduler.kill()
    platform.scheduler.settings["policy"] = {"run_at_least": "1s"}
    platform.start_scheduler()
    for tenant, guaranteed in [("owner", 8), ("guest", 0)]:
        platform.gusu("tenant", "create", tenant)
        platform.gusu("quota", "set", tenant, "nvidia-h200", "--guaranteed", guaranteed)
    platform.start_agent("n1")
    return platform


def submit(node, tenant, *words):
    return node.submit("--tenant", tenant, *words)


STOPS_IN_TWO_SECONDS = ["sh", "-c", "trap 'sleep 2; exit 0' TERM; sleep 1000 & wait"]


def test_an_owner_has_its_gpus_back(node):
    borrower = submit(node, "guest", "--gpus", "8", "--preemptible", "--", "sleep", "1000")
    node.wait_state(borrower, "RUNNING")
    owner = submit(node, "owner", "--gpus", "4", "--", "sleep", "1000")
    node.wait_state(owner, "RUNNING")
    back = node.job(borrower)
    assert back["state"] == "PENDING" and back["attempt"] == 2, back
    node.gusu("cancel", owner)
    node.wait_state(borrower, "RUNNING")
    node.gusu("cancel", borrower)


def test_who_waits_for_its_place_has_it_though_the_scheduler_is_killed(node):
    borrower = submit(node, "guest", "--gpus", "8", "--preemptible", "--grace", "30s", "--", *STOPS_IN_TWO_SECONDS)
    node.wait_state(borrower, "RUNNING")
    owner = submit(node, "owner", "--gpus", "8", "--", "sleep", "1000")
    wait_until(
        "the borrower to be asked",
        lambda: node.json("explain", owner)["constraints"][0]["reason"] == "RECLAIMING"
        or node.job(owner)["state"] == "RUNNING",
    )
    late = submit(node, "owner", "--gpus", "1", "--", "true")
    node.scheduler.kill()
    node.start_scheduler()
    node.wait_state(owner, "RUNNING")
    assert node.job(late)["state"] == "PENDING", "it came later, and the place was kept"
    assert node.job(borrower)["attempt"] == 2
    node.gusu("cancel", owner, borrower)


def test_a_limit_is_reclaimed_when_asked(node):
    jobs = [submit(node, "guest", "--gpus", "4", "--preemptible", "--", "sleep", "1000") for _ in range(2)]
    for job in jobs:
        node.wait_state(job, "RUNNING")
    node.gusu("quota", "set", "guest", "nvidia-h200", "--limit", "4")
    assert [node.job(job)["state"] for job in jobs] == ["RUNNING", "RUNNING"], "lowering evicts nobody"
    node.gusu("quota", "set", "guest", "nvidia-h200", "--limit", "4", "--reclaim")
    waiting = node.wait_state(jobs[1], "PENDING")
    assert waiting["attempt"] == 2
    assert node.json("explain", jobs[1])["constraints"][0]["reason"] == "TENANT_LIMIT"
    assert node.job(jobs[0])["state"] == "RUNNING"
    refused = node.gusu("quota", "set", "owner", "nvidia-h200", "--reclaim", check=False)
    assert refused.returncode == 1 and "--limit" in refused.stderr, refused
    node.gusu("cancel", *jobs)


def test_sensitive_data_shares_no_node(node):
    beside = submit(node, "guest", "--gpus", "1", "--", "sleep", "1000")
    node.wait_state(beside, "RUNNING")
    node.gusu("tenant", "create", "clinic", "--data-class", "sensitive")
    assert "from above" in node.gusu("tenant", "create", "clinic/genome").stdout
    below = node.gusu("tenant", "set", "clinic/genome", "--data-class", "internal", check=False)
    assert below.returncode == 1 and "can only be stricter" in below.stderr
    scan = submit(node, "clinic/genome", "--gpus", "1", "--time", "1h", "--", "sleep", "1000")
    wait_until("the reason", lambda: node.job(scan).get("wait_reason") == "KEPT_APART")
    node.scheduler.kill()
    node.start_scheduler()
    why = lambda job: node.json("explain", job)["constraints"][0]["reason"]
    wait_until("the node to be back", lambda: why(scan) == "KEPT_APART")
    node.gusu("cancel", beside)
    node.wait_state(scan, "RUNNING")
    outside = submit(node, "guest", "--gpus", "1", "--", "true")
    assert why(outside) == "KEPT_APART"
    node.gusu("cancel", scan)
    node.wait_state(outside, "SUCCEEDED")


def test_the_start_is_forecast(node):
    running = submit(node, "owner", "--gpus", "8", "--name", "other", "--", "sleep", "1000")
    node.wait_state(running, "RUNNING")
    waits = submit(node, "owner", "--gpus", "8", "--time", "1h", "--", "true")
    unknown = node.json("explain", waits)["forecast"]
    assert "likely" not in unknown and "nobody can tell" in unknown["basis"], unknown
    node.gusu("cancel", running)
    node.wait_state(waits, "SUCCEEDED")
    limited = submit(node, "owner", "--gpus", "8", "--time", "10m", "--", "sleep", "1000")
    node.wait_state(limited, "RUNNING")
    waits = submit(node, "owner", "--gpus", "8", "--", "true")
    forecast = node.json("explain", waits)["forecast"]
    assert forecast["earliest"] <= forecast["likely"] <= forecast["latest"], forecast
    assert "Likely start: " in node.gusu("explain", waits).stdout
    tried = node.gusu("submit", "--dry-run", "--tenant", "owner", "--gpus", "8", "--", "true").stdout
    assert "Likely start: " in tried, tried
    node.gusu("cancel", limited, waits)


def test_a_deadline_ends_what_cannot_be_in_time(node):
    running = submit(node, "owner", "--gpus", "8", "--", "sleep", "1000")
    node.wait_state(running, "RUNNING")
    refused = node.gusu(
        "submit", "--tenant", "owner", "--time", "1h", "--deadline", "+30m", "--", "true", check=False
    )
    assert refused.returncode == 1 and "deadline" in refused.stderr, refused
    late = submit(node, "owner", "--gpus", "8", "--time", "10s", "--deadline", "+12s", "--", "true")
    assert node.wait_state(late, "FAILED")["end_reason"] == "DEADLINE"
    node.gusu("cancel", running)


def test_which_exits_are_tried_again(node):
    job = submit(node, "owner", "--retries", "3", "--retry-on", "75", "--", "sh", "-c", "exit 3")
    assert node.wait_state(job, "FAILED")["attempt"] == 1
