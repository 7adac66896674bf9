"""What is wrong is refused by a message that names the field, the value and what is allowed; and what only
the node finds out is told by one clear error, and keeps nothing."""

import os

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


def script(platform, name, text, mode=0o755):
    file = platform.folder / name
    file.write_text(text)
    file.chmod(mode)
    return str(file)


def test_what_the_node_finds_wrong_is_told_and_keeps_nothing(tenant):
    tenant.start_agent("n1")
    plain = script(tenant, "plain.sh", "#!/bin/sh\ntrue\n", 0o644)
    windows = script(tenant, "windows.sh", "#!/bin/sh\r\ntrue\r\n")
    no_interpreter = script(tenant, "lost.sh", "#!/nowhere/python9\n")
    bomb = "a=x; while true; do a=$a$a$a; done"
    cases = [
        (["--", plain], "LAUNCH_FAILED", f'"{plain}" is not executable: run chmod +x'),
        (["--", windows], "LAUNCH_FAILED", "Windows line ends (CRLF)"),
        (["--", no_interpreter], "LAUNCH_FAILED", 'the interpreter "/nowhere/python9"'),
        (["--", "/nowhere/train"], "LAUNCH_FAILED", '"/nowhere/train" does not exist on this node'),
        (["--workdir", "/nowhere", "--", "true"], "LAUNCH_FAILED", 'the working directory "/nowhere" does not exist'),
        (["--output", "/nowhere/out", "--", "true"], "LAUNCH_FAILED", 'the output file "/nowhere/out" cannot be opened'),
    ]
    if os.geteuid() == 0:
        cases.append((["--mem", "64M", "--", "sh", "-c", bomb], "OUT_OF_MEMORY", "at its memory limit; ask for more by --mem"))
    for words, reason, why in cases:
        job = tenant.submit("--gpus", "2", *words)
        ended = tenant.wait_state(job, "FAILED")
        assert ended["end_reason"] == reason and why in ended["end_detail"], ended
        assert why in tenant.gusu("show", job).stdout
        assert why in tenant.gusu("explain", job, check=False).stdout
        assert tenant.node("n1")["gpus_used"] == 0
    refused(tenant, [windows], ["windows.sh has Windows line ends (CRLF)", "sed -i"])
