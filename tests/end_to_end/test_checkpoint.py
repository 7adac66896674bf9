"""A job that is stopped for another one says that its work is saved, and comes back to it."""

import datetime
import re
import shutil
import time
import urllib.request

import pytest

from platform_under_test import BIN, Platform, wait_until

# Counts for ever. When it is asked to stop it saves and says so, and does not end by itself.
COUNTER = """#!/bin/sh
trap '' TERM
step=$(cat "$GUSU_CHECKPOINT_DIR/step" 2>/dev/null || echo 0)
echo "attempt $GUSU_ATTEMPT begins at $step"
while :; do
    step=$((step + 1))
    sleep 0.1
    echo "step $step"
    if [ -e "$GUSU_CHECKPOINT_DIR/stop-requested" ]; then
        cat "$GUSU_CHECKPOINT_DIR/stop-requested"
        echo $step > "$GUSU_CHECKPOINT_DIR/step"
        gusu-agent --checkpoint-saved
        sleep 1000
    fi
done
"""

# Says that its work is saved when it is told to through a pipe.
SAVER = """
import os, signal, socket
folder = os.environ["GUSU_CHECKPOINT_DIR"]
os.mkfifo(folder + "/go")
open(folder + "/go").read()
s = socket.socket(socket.AF_UNIX); s.connect(os.environ["GUSU_CHECKPOINT_SOCKET"]); s.sendall(b"saved\\n")
print("answer", s.recv(99).decode(), flush=True)
open(folder + "/said", "w").close()
signal.pause()
"""


@pytest.fixture
def platform(folder):
    running = Platform(folder, policy={"run_at_least": "1s"})
    running.gusu("tenant", "create", "owner")
    running.gusu("tenant", "create", "guest")
    running.gusu("quota", "set", "owner", "nvidia-h200", "--guaranteed", "8")
    running.start_agent("n1")
    yield running
    running.stop()


def what_happened(job):
    return [event["what"] for event in job["events"]]


def test_the_owner_waits_for_the_work_to_be_saved_and_not_for_the_grace(platform):
    # The build under test may lie where the task's user cannot go.
    programs = platform.folder / "bin"
    programs.mkdir()
    programs.chmod(0o755)
    shutil.copy(BIN / "gusu-agent", programs)
    script = platform.folder / "counter.sh"
    script.write_text(COUNTER)
    guest = platform.submit(
        "--tenant", "guest", "--gpus", "8", "--preemptible", "--grace", "60s", "--env", f"PATH={programs}:/usr/bin:/bin",
        script,
    )
    wait_until("some work to be lost", lambda: "step 10" in platform.gusu("logs", guest, check=False).stdout)

    asked = time.monotonic()
    owner = platform.submit("--tenant", "owner", "--gpus", "8", "--", "sleep", "1")
    platform.wait_state(owner, "RUNNING", "SUCCEEDED", seconds=50)
    waited = time.monotonic() - asked
    assert waited < 30, f"the owner waited {waited} s of a grace of 60 s"
    print(f"the owner's job started after {waited:.1f} s")

    again = platform.wait_state(guest, "RUNNING")
    assert again["attempt"] == 2
    first = platform.gusu("logs", guest, "--attempt", "1", check=False).stdout
    saved = int((platform.folder / "checkpoints" / guest / "step").read_text())
    assert "reason=PREEMPTED" in first and saved >= 10, first
    wait_until(
        "the second attempt to go on from the first",
        lambda: f"attempt 2 begins at {saved}\n" in platform.gusu("logs", guest, check=False).stdout,
    )
    events = what_happened(again)
    assert "its work is saved" in events, events
    lost = float(re.search(r"lost ([0-9.]+) GPU-seconds since its work was saved", str(events)).group(1))
    assert lost < 8 * 20, events
    metrics = urllib.request.urlopen(f"http://{platform.http}/metrics").read().decode()
    counted = re.search(r'gusu_preempted_gpu_seconds_lost_total{tenant="guest"} ([0-9.e+-]+)', metrics)
    assert counted and abs(float(counted.group(1)) - lost) < 1, metrics
    platform.gusu("cancel", guest)


def saver(platform):
    job = platform.submit("--tenant", "guest", "--", "/usr/bin/python3", "-c", SAVER)
    folder = platform.folder / "checkpoints" / job
    wait_until("the job to listen", (folder / "go").exists)
    return job, folder


def test_what_is_saved_while_scheduler_or_agent_is_dead_is_known_afterwards(platform):
    for program in ("scheduler", "agent"):
        job, folder = saver(platform)
        killed = platform.scheduler if program == "scheduler" else platform.agents["n1"]
        killed.kill()
        before = datetime.datetime.now(datetime.timezone.utc)
        (folder / "go").write_text("go")
        wait_until("the job to be answered", (folder / "said").exists)
        said = datetime.datetime.now(datetime.timezone.utc)
        if program == "scheduler":
            platform.start_scheduler()
        else:
            platform.start_agent("n1")
        known = wait_until(f"it to be known, {program} killed", lambda: platform.job(job).get("checkpointed_at"))
        when = datetime.datetime.fromisoformat(known.replace("Z", "+00:00"))
        # When it was said, and not when it became known; on a busy machine the two clocks are read apart.
        assert before - datetime.timedelta(seconds=1) < when < said + datetime.timedelta(seconds=10), (known, said)
        assert "answer ok" in platform.gusu("logs", job).stdout
        platform.gusu("cancel", job)
