"""gusu admin: verify, backup and restore, and the move from SQLite to PostgreSQL, with a real scheduler before and after."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from platform_under_test import BIN, SOURCE, Platform, wait_until

sys.path.insert(0, str(SOURCE / "tests/ha"))
from postgresql import PostgreSQL  # noqa: E402


@pytest.fixture(scope="module")
def server():
    running = PostgreSQL()
    yield running
    running.remove()


def admin(platform, *words, check=True):
    done = subprocess.run(
        [BIN / "gusu", "admin", *map(str, words), "--scheduler-config", platform.scheduler.config],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"gusu admin {words}: {done.returncode}\n{done.stderr}{done.stdout}")
    return done


def submit(platform):
    return platform.submit("--hold", "--tenant", "t", "--", "true")


def change_settings(platform, **settings):
    """What the scheduler is started with next, and gusu admin works with now."""
    platform.scheduler.settings |= settings
    platform.scheduler.config.write_text(json.dumps(platform.scheduler.settings))


def test_a_backup_is_taken_while_it_runs_and_restored_without_giving_ids_out_again(platform):
    platform.gusu("tenant", "create", "t")
    kept = submit(platform)
    backup = platform.folder / "backup"
    assert "holds all" in admin(platform, "backup", backup).stdout
    assert "is there already" in admin(platform, "backup", backup, check=False).stderr
    lost = submit(platform)
    assert "is sound" in admin(platform, "verify").stdout
    refused = admin(platform, "restore", backup, check=False)
    assert refused.returncode == 1 and "is there already" in refused.stderr
    platform.scheduler.kill()
    journal = platform.folder / "scheduler/journal.sqlite"
    for part in ("", "-wal", "-shm"):
        os.path.exists(f"{journal}{part}") and os.rename(f"{journal}{part}", f"{journal}{part}.old")
    admin(platform, "restore", backup)
    platform.start_scheduler()
    assert platform.job(kept)["state"] == "PENDING"
    assert platform.gusu("show", lost, check=False).returncode == 3
    assert int(submit(platform)) > int(lost) + 1_000_000
    assert "is sound" in admin(platform, "verify").stdout


def test_a_platform_moves_to_postgresql(platform, server):
    server.query("CREATE DATABASE moved")
    platform.gusu("tenant", "create", "t")
    jobs = [submit(platform) for _ in range(20)]
    ended = platform.submit("--hold", "--tenant", "t", "--", "true")
    platform.gusu("cancel", ended)
    change_settings(platform, store={"postgresql": server.connection("moved"), "lease": "2s"})
    busy = admin(platform, "migrate", check=False)
    assert busy.returncode == 1 and "is locked" in busy.stderr
    platform.scheduler.kill()
    assert "PostgreSQL holds all" in admin(platform, "migrate").stdout
    assert not (platform.folder / "scheduler/journal.sqlite").exists()
    platform.start_scheduler()
    wait_until("it to lead", lambda: platform.gusu("admin", "leader", check=False).returncode == 0)
    assert platform.gusu("admin", "leader").stdout.strip() == platform.scheduler.settings["listen"]
    for job in jobs:
        assert platform.job(job)["state"] == "PENDING"
    assert platform.job(ended)["state"] == "CANCELLED"
    assert int(submit(platform)) > int(ended)
    assert "PostgreSQL is sound" in admin(platform, "verify").stdout
    # What is there already is not written over.
    backup = platform.folder / "backup"
    admin(platform, "backup", backup)
    platform.scheduler.kill(15)
    refused = admin(platform, "restore", backup, check=False)
    assert refused.returncode == 1 and "records already" in refused.stderr
    server.query("CREATE DATABASE restored")
    change_settings(platform, store={"postgresql": server.connection("restored"), "lease": "2s"})
    admin(platform, "restore", backup)
    platform.start_scheduler()
    wait_until("it to lead", lambda: platform.gusu("admin", "leader", check=False).returncode == 0)
    assert platform.job(jobs[0])["state"] == "PENDING"


def test_agents_find_out_that_a_store_is_older_than_they_are(platform):
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1")

    def start(name):
        program = f"exec -a {platform.folder.name}-{name} sleep 1000"
        job = platform.submit("--tenant", "t", "--gpus", "1", "--retries", "0", "--", "bash", "-c", program)
        platform.wait_state(job, "RUNNING")
        return job

    def processes(name):
        found = subprocess.run(["pgrep", "-f", f"^{platform.folder.name}-{name}"], capture_output=True, text=True)
        return found.stdout.split()

    kept = start("kept")
    backup = platform.folder / "backup"
    admin(platform, "backup", backup)
    later = start("later")
    before = processes("kept")
    assert len(before) == 1 and len(processes("later")) == 1

    def put_away():
        platform.scheduler.kill()
        for part in ("", "-wal", "-shm"):
            (platform.folder / f"scheduler/journal.sqlite{part}").unlink(missing_ok=True)

    # By hand: its ids would be given out again, so the agent stays away, and what runs runs on.
    put_away()
    shutil.copy(backup, platform.folder / "scheduler/journal.sqlite")
    platform.start_scheduler()
    log = platform.scheduler.log
    wait_until("the agent to be refused", lambda: "its store is older than the platform" in log.read_text())
    assert platform.node("n1")["state"] != "READY"
    assert processes("kept") == before and len(processes("later")) == 1

    # As it is to be done: what was there then goes on, what came later is ended and named.
    put_away()
    admin(platform, "restore", backup)
    platform.start_scheduler()
    wait_until("the agent to be back", lambda: platform.node("n1")["state"] == "READY")
    wait_until("what came later to be ended", lambda: not processes("later"))
    assert platform.job(kept)["state"] == "RUNNING" and processes("kept") == before
    assert platform.gusu("show", later, check=False).returncode == 3
    assert "tasks of no job that is placed" in log.read_text()
    last = platform.submit("--tenant", "t", "--gpus", "7", "--", "true")
    assert int(last) > int(later) + 1_000_000
    platform.wait_state(last, "SUCCEEDED")
