"""kill -9 of the scheduler while clients submit: nothing acknowledged is lost, nothing is there twice."""

import os
import threading

from platform_under_test import wait_until

KILLS = int(os.environ.get("GUSU_KILLS", "50"))
CLIENTS = 4


def submit_until(stop, platform, client, acknowledged):
    for number in range(1_000_000):
        if stop.is_set():
            return
        request = f"client-{client}-{number}"
        done = platform.gusu(
            "submit", "--name", request, "--request-id", request, "--tenant", "t", "--hold", "--", "true", check=False
        )
        if done.returncode == 0:
            acknowledged[request] = done.stdout.strip()


def test_every_acknowledged_job_is_there_once(platform):
    platform.gusu("tenant", "create", "t")
    stop = threading.Event()
    acknowledged = {}
    clients = [
        threading.Thread(target=submit_until, args=(stop, platform, client, acknowledged)) for client in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    for _ in range(KILLS):
        before = len(acknowledged)
        wait_until("more jobs to be acknowledged", lambda: len(acknowledged) >= before + 5)
        platform.scheduler.kill()
        platform.start_scheduler()
    stop.set()
    for client in clients:
        client.join(60)
    ids = {}
    for job in platform.json("jobs", "--all", "--limit", "1000000")["jobs"]:
        assert job["spec"]["name"] not in ids, "a request has two jobs"
        ids[job["spec"]["name"]] = job["id"]
    lost = {request: job for request, job in acknowledged.items() if ids.get(request) != job}
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged jobs are lost"
    assert len(acknowledged) >= 5 * KILLS
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged, 0 lost, {len(ids)} jobs in all")
