"""What clients asked and were told, one JSON object a line, written before and after each call.

    {"at": 12.5, "ask": "submit", "request": "c1-7", "spec": {...}}
    {"at": 12.6, "told": "submit", "request": "c1-7", "job": "41"}         acknowledged
    {"at": 12.9, "told": "submit", "request": "c1-8", "exit": 4}           not: nobody knows whether it is there

`at` is the monotonic clock, in seconds. Asks are `submit`, `cancel` and `show`.
"""

import dataclasses
import json
import pathlib
import time


class Writer:
    def __init__(self, file):
        self.file = file.open("a", buffering=1)

    def write(self, **entry):
        self.file.write(json.dumps({"at": time.monotonic()} | entry) + "\n")


@dataclasses.dataclass
class Call:
    what: str
    request: str
    job: str | None
    asked_at: float
    told_at: float | None = None
    exit: int | None = None
    answer: dict = dataclasses.field(default_factory=dict)

    @property
    def acknowledged(self):
        return self.exit == 0


@dataclasses.dataclass
class Life:
    """One task of one incarnation, as it told itself."""

    job: str
    incarnation: int
    rank: int
    starts: list
    ended_with: int | None
    began: int
    last_seen: int
    node: str
    devices: list


def read_calls(folder):
    """The calls of every client, each in its own order; and the specs by request."""
    calls, specs = [], {}
    for file in sorted(pathlib.Path(folder).glob("client-*.jsonl")):
        open_call = None
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            if "ask" in entry:
                specs |= {entry["request"]: entry["spec"]} if "spec" in entry else {}
                open_call = Call(entry["ask"], entry.get("request", ""), entry.get("job"), entry["at"])
                calls.append(open_call)
            else:
                open_call.told_at = entry["at"]
                open_call.exit = entry.get("exit", 0)
                open_call.job = entry.get("job", open_call.job)
                open_call.answer = entry
    return calls, specs


def read_life(file):
    job, incarnation, rank = file.name.rsplit(".", 2)
    lines = [line.split() for line in file.read_text().splitlines()]
    starts = [line for line in lines if line[0] == "start"]
    ends = [line for line in lines if line[0] == "end"]
    if not starts:
        return None
    _, began, nodes, node_rank, devices, _ = starts[0]
    return Life(
        job=job,
        incarnation=int(incarnation),
        rank=int(rank),
        starts=[int(start[1]) for start in starts],
        ended_with=int(ends[-1][2]) if ends else None,
        began=int(began),
        last_seen=max(int(line[1]) for line in lines),
        node=nodes.split(",")[int(node_rank)],
        devices=[] if devices == "-" else [int(each) for each in devices.split(",")],
    )


def read_lives(folder):
    lives = (read_life(file) for file in sorted(pathlib.Path(folder).iterdir()))
    return [life for life in lives if life is not None]
