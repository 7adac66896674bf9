"""Everything in cases.py, and what takes more than one line to look at."""

import os
import re

import pytest

import cases
from walled_task import MALLORY, VICTOR, Victor, processes_of, syscall_number

CASES = cases.all_cases(syscall_number, Victor.KEY)
WITHOUT_WALL = [case for case in CASES if case.bare is not None]


def words_of(node, task):
    """What stands in braces in a case."""
    victor = node.victor
    return {
        "node": node.folder, "scratch": victor.task.scratch, "checkpoints": victor.task.checkpoints,
        "victor": victor.pid, "supervisor": victor.task.process.pid, "test": os.getpid(), "task": task.folder,
        "log": task.log, "own_checkpoints": task.checkpoints, "name": task.folder.name, "host_tmp": node.in_host_tmp,
        "mallorys_uid": MALLORY, "victors_uid": VICTOR, "abstract": victor.abstract,
        "group_root": "unified" if os.path.isdir("/sys/fs/cgroup/unified") else ".",
    }


def filled(text, words):
    for name, value in words.items():
        text = text.replace("{" + name + "}", str(value))
    return text.replace("{{", "{").replace("}}", "}")


def try_it(node, case):
    task = node.task()
    words = words_of(node, task)
    task.start("python3", "-c", cases.PRELUDE + filled(case.tries, words), **case.order)
    record = task.end()
    assert record["launch_error"] == ""
    return task.output(), words


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_tried_is_contained(node, case):
    seen, words = try_it(node, case)
    assert re.fullmatch(filled(case.sees, words), seen), f"{case.tries}\nsaw:\n{seen}"
    assert node.victor.is_well() and node.canary.read_text() == "precious"
    assert processes_of(MALLORY) == []


# Beside the task's own program there is that program; and nobody else says that the work is saved.
NOT_ALONE = {
    "kill all there are", "kill all there are, and its own child", "processes that it sees",
    "flood the checkpoint socket",
}


# By `gusu exec`.
@pytest.mark.parametrize("case", [case for case in CASES if case.name not in NOT_ALONE], ids=lambda case: case.name)
def test_who_enters_a_task_is_behind_its_wall(node, case):
    task = node.task()
    words = words_of(node, task)
    task.start("sh", "-c", "echo up; exec sleep 1000", **case.order)
    try:
        task.wait_for_output("up")
        seen = task.enter("python3", "-c", cases.PRELUDE + filled(case.tries, words))
    finally:
        task.stop(0)
        task.end()
    assert re.fullmatch(filled(case.sees, words), seen), f"{case.tries}\nsaw:\n{seen}"
    assert node.victor.is_well() and node.canary.read_text() == "precious"
    assert processes_of(MALLORY) == []


# So that the cases above are known to be able to fail.
@pytest.mark.parametrize("case", WITHOUT_WALL, ids=lambda case: case.name)
def test_without_a_wall_it_is_not(bare_node, case):
    seen, words = try_it(bare_node, case)
    assert re.fullmatch(case.bare, seen, re.DOTALL), f"{case.tries}\nsaw:\n{seen}"
    assert not re.fullmatch(filled(case.sees, words), seen), "the case sees no difference"


def test_there_are_enough():
    assert len(CASES) >= 200 and len(WITHOUT_WALL) >= 30
