"""A disk that fills: submissions fail with a clear error, running jobs go on, service returns."""

import subprocess

import pytest

from platform_under_test import Platform, wait_until


@pytest.fixture
def small_disk(folder):
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
    (disk / "platform").mkdir()
    running = Platform(disk / "platform")
    yield running, disk
    running.stop()
    subprocess.run(["umount", "-l", disk], check=True)


def test_service_returns_when_there_is_space_again(small_disk):
    platform, disk = small_disk
    platform.gusu("tenant", "create", "t")
    kept = platform.submit("--hold", "--tenant", "t", "--", "true")
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 65536)
        except OSError:
            pass

    def refused():
        done = platform.gusu("submit", "--hold", "--tenant", "t", "--", "true", check=False, timeout=60)
        return done if done.returncode != 0 else None

    message = wait_until("a submission to be refused", refused).stderr
    assert "journal" in message, message
    # Reads go on.
    assert platform.job(kept)["state"] == "PENDING"
    assert platform.json("status")["accepting"] is False
    filler.unlink()
    wait_until("the platform to accept again", lambda: platform.json("status")["accepting"])
    platform.submit("--hold", "--tenant", "t", "--", "true")
    assert platform.job(kept)["state"] == "PENDING"
