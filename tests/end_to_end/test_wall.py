"""Two tenants on one node, as far as the scheduler, agents and users see it."""

import os
import pathlib

import pytest

WALLED = {"device_filter": "kernel", "wall": "full", "task_user": "tenant"}


@pytest.fixture
def node(platform):
    for tenant in ("red", "blue"):
        platform.gusu("tenant", "create", tenant)
    platform.start_agent("n1")
    return platform


def labels_of(platform, name):
    return platform.node(name)["inventory"]["labels"]


def said_by(node, tenant, *words):
    job = node.submit("--tenant", tenant, *words)
    node.wait_state(job, "SUCCEEDED")
    return job, node.gusu("logs", job).stdout.split()


def test_each_tenant_is_a_user_of_its_own(node):
    if not WALLED.items() <= labels_of(node, "n1").items():
        return  # this machine has no wall, and says so; tests/hostile says why
    first, red = said_by(node, "red", "--", "sh", "-c", "id -u; echo $USER; echo kept > $GUSU_CHECKPOINT_DIR/weights")
    _, blue = said_by(node, "blue", "--", "id", "-u")
    _, again = said_by(node, "red", "--", "id", "-u")
    assert red[0] == again[0] != blue[0] and int(red[0]) > 1_900_000_000
    assert red[1] == f"gusu-{int(red[0]) - 1_900_000_000}"
    weights = node.folder / "checkpoints" / first / "weights"
    look = ["--", "sh", "-c", f"cat {weights} || echo closed"]
    assert said_by(node, "blue", *look)[1][-1] == "closed"
    assert said_by(node, "red", *look)[1] == ["kept"]


def own_way():
    programs = pathlib.Path(os.environ["GUSU_BIN"]).resolve()
    return programs.parts[2:3] if programs.is_relative_to("/tmp") else ()


def test_what_a_job_leaves_in_tmp_no_other_finds(node):
    if labels_of(node, "n1")["wall"] == "none":
        return
    said_by(node, "red", "--", "sh", "-c", "echo x > /tmp/left; echo x > /dev/shm/left")
    seen = said_by(node, "red", "--", "sh", "-c", "ls /tmp /dev/shm")[1]
    # Where this very checkout is in /tmp, the task sees the way to its programs.
    assert "left" not in seen and {"/dev/shm:", "/tmp:"} <= set(seen) <= {"/dev/shm:", "/tmp:", *own_way()}, seen


def test_a_node_says_what_it_has_not(node):
    node.start_agent("n2", wall="off", task_user="nobody")
    labels = labels_of(node, "n2")
    assert labels["wall"] == "none" and labels["task_user"] == "shared"
    for wall, name in {"full": "n1", "none": "n2"}.items():
        if wall == labels_of(node, name)["wall"]:
            asked = ["--node-label", f"wall={wall}", "--", "sh", "-c", "echo $GUSU_NODELIST"]
            assert said_by(node, "red", *asked)[1] == [name]
