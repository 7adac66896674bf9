"""A scheduler of today starts on the journal of every released version, tells what was told then, and goes on."""

import json
import pathlib
import re
import shutil
import tempfile

import pytest

from kept_platform import SAMPLES, difference, told
from platform_under_test import Platform, wait_until

VERSIONS = sorted(sample.name for sample in SAMPLES.iterdir())


class Upgraded(Platform):
    """A platform whose state is the sample's. Its certificates are new, its administrator's token is not."""

    def __init__(self, folder, sample):
        self.sample = sample
        super().__init__(folder)

    def put_in_place(self, program, name):
        if name == "scheduler":
            shutil.copy(self.sample / "journal.sqlite", self.folder / "scheduler/journal.sqlite")

    def start_scheduler(self):
        ready = super().start_scheduler()
        kept = (self.sample / "admin.credentials.yaml").read_text()
        authority = (self.folder / "scheduler/tls/authority.pem").read_text()
        credentials = self.folder / "scheduler/admin.credentials.yaml"
        token = re.search(r"^token: *(.+)$", kept, re.MULTILINE).group(1).strip().strip('"')
        credentials.write_text(json.dumps({"scheduler": ready["grpc"], "authority": authority, "token": token}))
        credentials.chmod(0o600)
        return ready


@pytest.fixture(params=VERSIONS)
def upgraded(request):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gusu-"))
    running = Upgraded(folder, SAMPLES / request.param)
    yield running
    running.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_what_was_told_is_told_and_work_goes_on(upgraded):
    kept = json.loads((upgraded.sample / "platform.json").read_text())
    now = told(upgraded)
    for part in kept:
        assert difference(kept[part], now[part], part) == ""
    assert "is sound" in upgraded.gusu("admin", "verify", "--scheduler-config", upgraded.scheduler.config).stdout
    newest = max(int(job["id"]) for job in kept["jobs"] if "_" not in job["id"])
    upgraded.gusu("node", "resume", "n1")
    job = upgraded.submit("--tenant", "suda/nlp", "--gpus", "1", "--", "true")
    assert int(job) > newest
    held = next(job["id"] for job in kept["jobs"] if job["spec"].get("hold"))
    upgraded.start_agent("n1")
    upgraded.gusu("release", held)
    for each in (job, held):
        upgraded.wait_state(each, "SUCCEEDED")
    # And once more from what today's version wrote behind it.
    upgraded.scheduler.kill()
    upgraded.start_scheduler()
    wait_until("the job to be known", lambda: upgraded.job(held)["state"] == "SUCCEEDED")


def test_a_difference_is_found():
    kept = {"jobs": [{"id": "1", "state": "FAILED"}]}
    assert difference(kept, {"jobs": [{"id": "1", "state": "FAILED", "new": 1}]}) == ""
    assert difference(kept, {"jobs": [{"id": "1", "state": "PENDING"}]}) == ".jobs[0].state: 'FAILED' is now 'PENDING'"
    assert difference(kept, {"jobs": [{"id": "1"}]}) == ".jobs[0].state is gone"
    assert difference(kept, {"jobs": []}) != ""
