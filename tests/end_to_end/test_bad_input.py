"""What is wrong is refused by a message that names the field, the value and what is allowed."""

import pytest

# A job file, or words after `gusu submit`, and what the message must say.
FILES = [
    ("command: [true]\ngrups: []", ["job.yaml:2:1", "grups", "groups"]),
    ("command: [true]\ngroups: {resources: {gpus: -1}}", ["gpus", "-1"]),
    ("command: [true]\ngroups: {resources: {gpus: 1e30}}", ["gpus", "1e"]),
    ("command: [true]\ngroups: {tasks: 9223372036854775808}", ["tasks", "9223372036854775808"]),
    ("command: [true]\ngroups: {resources: {memory: 1e30G}}", ["memory", "1e30G"]),
    ("command: []\ngroups: {}", ["command"]),
    ("command: [true]\ngroups: {}\nimage: ' '", ["image"]),
    ("command: [true]\ngroups: {}\ntenant: nobody", ["tenant", "nobody"]),
    ("command: [true]\ngroups: {resources: {gpus: 1}, accelerators: nvidia-h2000}", ["nvidia-h2000", "did you mean"]),
    ("command: [true]\ngroups: {}\ntime_limit: four hours", ["time_limit", "four hours", "4h"]),
    ("command: [true]\ngroups: {}\ndependencies: {condition: afterok, job_ids: '#0'}", ["afterok", "AFTER_OK"]),
    ("command: [true]\ngroups: {}\ndependencies: {condition: after_ok, job_ids: '#0'}", ["dependencies", "#0"]),
    (b"command: [true]\nname: \"\xff\xfe\"", ["UTF-8"]),
    ("command: [true]\ncomment: " + "x" * 10_000_000, ["4 MiB"]),
]
WORDS = [
    (["--gpus", "-1", "--", "true"], ["-1"]),
    (["--gpus", "1e30", "--", "true"], ["1e30"]),
    (["--mem", "1e30G", "--", "true"], ["1e30G"]),
    (["--time", "soon", "--", "true"], ["soon"]),
    (["--depends-on", "999999", "--", "true"], ["999999"]),
]


@pytest.fixture
def tenant(platform):
    platform.gusu("tenant", "create", "t")
    return platform


def refused(platform, words, expected):
    done = platform.gusu("submit", *words, check=False)
    assert done.returncode in (1, 2, 3), done
    for word in expected:
        assert word in done.stderr, f"{word!r} is not in: {done.stderr[:2000]}"


def test_bad_requests_are_refused_and_change_nothing(tenant):
    for content, expected in FILES:
        file = tenant.folder / "job.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        refused(tenant, ["-f", str(file)], expected)
    for words, expected in WORDS:
        refused(tenant, words, expected)
    assert tenant.json("jobs", "--all")["jobs"] == []
    assert len(tenant.scheduler.log.read_text().splitlines()) < 60
