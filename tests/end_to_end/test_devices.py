"""What the agent's kernel filter lets a job open, and what the agent serves by HTTP."""

import os
import ssl
import stat
import urllib.error
import urllib.request

import pytest

from platform_under_test import BIN, wait_until

# One that no task may open, and one that every task may. Both files may be opened by anybody.
NUMBERS = {"fuse": os.makedev(10, 229), "full": os.makedev(1, 7)}
LOOK = """#!/bin/sh
for d in fuse full; do
    if why=$( (: < FOLDER/$d) 2>&1 ); then
        echo "$d opens"
    else
        echo "$d ${why##*: }"
    fi
done
"""
KEPT = ["fuse Operation not permitted", "full opens"]


@pytest.fixture
def node(platform):
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1", http_listen="127.0.0.1:0", http_insecure="loopback-only")
    return platform


def filter_of(platform, name):
    return platform.node(name)["inventory"]["labels"]["device_filter"]


def make_device_files(folder):
    """False where they cannot be made, or made and not used."""
    try:
        for name, number in NUMBERS.items():
            os.mknod(folder / name, stat.S_IFCHR, number)
            (folder / name).chmod(0o666)
        (folder / "full").open("rb").close()
    except OSError:
        return False
    look = folder / "look"
    look.write_text(LOOK.replace("FOLDER", str(folder)))
    look.chmod(0o755)
    return True


def said_by(node, *words):
    job = node.submit(*words)
    node.wait_state(job, "SUCCEEDED")
    return node.gusu("logs", job).stdout.splitlines()


def test_a_job_opens_what_it_was_given_and_nothing_else(node):
    if not make_device_files(node.folder) or filter_of(node, "n1") == "none":
        assert "kept off devices" in node.agents["n1"].log.read_text() or os.geteuid() != 0
        return
    look = node.folder / "look"
    assert said_by(node, "--", look) == KEPT
    assert said_by(node, "--gpus", "2", "--", look) == KEPT  # simulated ones have no files
    # Of another session, its parents gone.
    away = f'cd $GUSU_SCRATCH_DIR; (setsid sh -c "({look} > out; mv out seen) &" &); until test -e seen; do sleep 0.05; done; cat seen'
    assert said_by(node, "--", "sh", "-c", away) == KEPT


def test_where_there_is_no_filter_the_agent_says_so_or_does_not_start(node):
    # Root can leave its control group.
    node.start_agent("n2", task_user="root", device_filter="preferred")
    assert filter_of(node, "n2") == "none"
    assert "kept off devices" in node.agents["n2"].log.read_text()
    with pytest.raises(AssertionError, match="device_filter: is required, and there is none"):
        node.start_agent("n3", task_user="root", device_filter="required")


def test_an_agent_serves_its_health_and_no_metrics_of_simulated_devices(node):
    address = node.agents["n1"].wait_ready()["http"]

    def get(path):
        return urllib.request.urlopen(f"http://{address}{path}").read().decode()

    assert get("/healthz") == "alive\n"
    assert get("/readyz") == "in touch\n"
    assert get("/metrics") == ""
    node.scheduler.kill()

    def is_out_of_touch():
        try:
            return get("/readyz") is None
        except urllib.error.HTTPError as error:
            return error.code == 503

    wait_until("the agent to notice that the scheduler is gone", is_out_of_touch)
    assert get("/healthz") == "alive\n"


def test_without_a_word_about_loopback_it_is_tls_with_the_nodes_certificate(node):
    node.start_agent("n2", http_listen="127.0.0.1:0")
    host, port = node.agents["n2"].wait_ready()["http"].split(":")
    shown = ssl.get_server_certificate((host, int(port)))
    own = (node.folder / "n2/state/identity/node.pem").read_text()
    assert ssl.PEM_cert_to_DER_cert(shown) == ssl.PEM_cert_to_DER_cert(own)


def test_a_gpu_that_vanishes_under_a_job_costs_the_job_neither_its_place_nor_a_retry(platform):
    fake = BIN.parent / "tests/unit/agent/libfake_eight_nvml.so"
    assert fake.exists(), "it is built with the unit tests"
    events = platform.use_nvml(fake)
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1", gpus=None, gpu_checks={"program": "none", "scrub": "never"})
    assert [d["healthy"] for d in platform.node("n1")["inventory"]["devices"]] == [True] * 8
    job = platform.submit("--gpus", "4", "--", "sh", "-c", "[ $GUSU_ATTEMPT = 2 ] || sleep 600")
    platform.wait_state(job, "RUNNING")
    assert 0 in platform.job(job)["placements"][0]["devices"]
    events.write_text("xid 79\n")
    done = platform.wait_state(job, "SUCCEEDED")
    assert done["attempt"] == 2 and 0 not in done["placements"][0]["devices"]
    told = platform.gusu("show", job).stdout
    assert "DEVICE_FAULT" in told and "device 0: XID 79: fallen off the bus" in told
    node = platform.node("n1")
    assert node["state"] == "READY" and node["gpus_used"] == 0
    lost = node["inventory"]["devices"][0]
    assert not lost.get("healthy") and "XID 79" in lost["health_detail"]


def test_a_driver_that_is_no_use_is_seen_at_the_node_and_costs_no_job_without_gpus(platform):
    import ctypes.util

    platform.use_nvml(f"/lib/x86_64-linux-gnu/{ctypes.util.find_library('m')}")
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1", gpus=None)
    (device,) = platform.node("n1")["inventory"]["devices"]
    assert not device.get("healthy") and "lacks functions that every NVIDIA driver" in device["health_detail"]
    assert "lacks functions" in platform.gusu("node", "show", "n1").stdout
    platform.wait_state(platform.submit("--", "true"), "SUCCEEDED")
