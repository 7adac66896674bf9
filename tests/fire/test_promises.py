"""The judge is judged: a history in which every promise holds, and what breaks one of them at a time."""

import copy
import json

import pytest

import history
import promises

SECOND = 1_000_000_000


def calls():
    def call(what, request, job, asked_at, told_at, code=0):
        return history.Call(what, request, job, asked_at, told_at, code)

    return [
        call("submit", "a-1", "1", 0.0, 0.1),
        call("submit", "b-1", "2", 0.2, 0.3),
        call("submit", "a-2", None, 0.4, 0.5, 4),
        call("submit", "b-2", "4", 0.5, 0.6),
        call("submit", "a-2", "3", 0.7, 0.8),
        call("submit", "a-1", "1", 0.9, 1.0),
        call("show", "a-1", "1", 1.1, 1.2),
        call("cancel", "b-2", "4", 1.3, 1.4),
    ]


def life(job, incarnation, began, last_seen, node="n1", devices=(0,), rank=0, ended_with=0):
    began, last_seen = int(began * SECOND), int(last_seen * SECOND)
    return history.Life(job, incarnation, rank, [began], ended_with, began, last_seen, node, list(devices))


def lives():
    return [
        life("1", 1, 1.0, 2.0, ended_with=None),
        life("1", 3, 2.1, 3.0),
        life("2", 2, 1.0, 2.5, node="n2", devices=(0, 1)),
        life("2", 2, 1.0, 2.6, node="n3", devices=(0, 1), rank=1),
        life("3", 4, 3.1, 4.0, ended_with=3),
    ]


def job(number, name, state, incarnation, retries=0, tasks=1, hold=False):
    spec = {"name": name, "groups": [{"tasks": tasks}], "retry": {"retries": retries}, "hold": hold}
    return {"id": str(number), "state": state, "incarnation": str(incarnation), "spec": spec}


def jobs():
    return [
        job(1, "a-1", "SUCCEEDED", 3, retries=1),
        job(2, "b-1", "SUCCEEDED", 2, tasks=2),
        job(3, "a-2", "FAILED", 4),
        job(4, "b-2", "CANCELLED", 0),
        job(5, "c-1", "PENDING", 0, hold=True),
    ]


class Told:
    def __init__(self):
        self.calls, self.lives, self.jobs, self.leftovers = calls(), lives(), jobs(), []

    def broken(self):
        return promises.broken_promises(self.calls, self.lives, self.jobs, self.leftovers)


def test_a_good_history_breaks_nothing():
    assert Told().broken() == []


def lose_a_job(told):
    told.jobs.pop(2)


def lose_a_job_nobody_ran(told):
    told.jobs.pop(3)
    told.calls.pop()  # nor cancelled


def give_a_request_two_jobs(told):
    told.jobs.append(job(6, "a-1", "CANCELLED", 0))


def tell_a_request_another_job(told):
    told.calls[5].job = "6"
    told.jobs.append(job(6, "d-1", "CANCELLED", 0))


def give_an_id_twice(told):
    told.calls[3].job = "2"


def give_a_lower_id_later(told):
    told.calls[0].job = told.calls[5].job = "9"
    told.jobs[0]["id"] = "9"
    told.lives[0].job = told.lives[1].job = "9"


def list_a_job_twice(told):
    told.jobs.append(copy.deepcopy(told.jobs[4]))


def not_find_what_was_acknowledged(told):
    told.calls[6].exit = 3


def overlap(told):
    told.lives[1].began = int(1.99 * SECOND)


def overlap_on_another_node(told):
    told.lives[1].began, told.lives[1].node = int(1.5 * SECOND), "n9"


def overlap_with_an_earlier_long_one(told):
    told.jobs[0]["spec"]["retry"]["retries"] = 2
    told.lives[0].last_seen = int(9 * SECOND)
    told.lives[1].node = "n8"
    told.lives.append(life("1", 5, 5.0, 6.0, node="n9"))


def share_a_device(told):
    told.lives[4].began, told.lives[4].node = int(2.55 * SECOND), "n3"


def start_twice(told):
    told.lives[1].starts *= 2


def try_once_more_than_allowed(told):
    told.jobs[0]["spec"]["retry"]["retries"] = 0


def succeed_without_an_end(told):
    told.lives[1].ended_with = None


def succeed_with_a_failed_task(told):
    told.lives[3].ended_with = 3


def succeed_without_a_witness(told):
    told.lives.pop(3)


def forget_a_cancellation(told):
    told.jobs[3]["state"] = "PENDING"
    told.jobs[3]["spec"]["hold"] = True


def never_end(told):
    told.jobs.append(job(7, "e-1", "RUNNING", 0))


def leave_something_behind(told):
    told.leftovers.append("control group /sys/fs/cgroup/gusu/n1/17.0")


@pytest.mark.parametrize(
    "break_it, promise",
    [
        (lose_a_job, "P1: a-2"),
        (lose_a_job_nobody_ran, "P1: b-2"),
        (give_a_request_two_jobs, "P2: a-1"),
        (tell_a_request_another_job, "P2: a-1"),
        (give_an_id_twice, "P3: job 2"),
        (give_a_lower_id_later, "P3: b-1"),
        (list_a_job_twice, "P3: job 5"),
        (not_find_what_was_acknowledged, "P1: job 1"),
        (overlap, "P4: job 1"),
        (overlap_on_another_node, "P4: job 1"),
        (overlap_with_an_earlier_long_one, "P4: job 1"),
        (share_a_device, "P5: n3[0]"),
        (start_twice, "P4: task 3.0"),
        (try_once_more_than_allowed, "P4: job 1"),
        (succeed_without_an_end, "job 1 has succeeded"),
        (succeed_with_a_failed_task, "job 2 has succeeded"),
        (succeed_without_a_witness, "job 2 has succeeded"),
        (forget_a_cancellation, "P1: the cancellation of job 4"),
        (never_end, "job 7 is still RUNNING"),
        (leave_something_behind, "P6: left behind"),
    ],
)
def test_what_breaks_a_promise_is_found(break_it, promise):
    told = Told()
    break_it(told)
    assert any(sentence.startswith(promise) for sentence in told.broken()), told.broken()


def test_files_are_read_as_they_are_written(tmp_path):
    writer = history.Writer(tmp_path / "client-a.jsonl")
    writer.write(ask="submit", request="a-1", spec={"name": "a-1"})
    writer.write(told="submit", request="a-1", exit=4, why="")
    writer.write(ask="submit", request="a-1", spec={"name": "a-1"})
    writer.write(told="submit", request="a-1", job="7")
    writer.write(ask="show", request="a-1", job="7")
    read, specs = history.read_calls(tmp_path)
    assert [(call.what, call.job, call.exit) for call in read] == [("submit", None, 4), ("submit", "7", 0), ("show", "7", None)]
    assert read[0].asked_at <= read[0].told_at <= read[1].asked_at
    assert not read[2].acknowledged
    assert specs == {"a-1": {"name": "a-1"}}


def test_a_life_is_read_from_its_lines(tmp_path):
    (tmp_path / "12_3.17.1").write_text("start 100 n1,n2 1 0,3 55\nbeat 110\nend 120 0\nbeat 140\n")
    (tmp_path / "13.18.0").write_text("start 200 n1 0 - 56\nbeat 210\n")
    (tmp_path / "14.19.0").write_text("")
    first, second = history.read_lives(tmp_path)
    assert (first.job, first.incarnation, first.rank, first.node, first.devices) == ("12_3", 17, 1, "n2", [0, 3])
    assert (first.began, first.last_seen, first.ended_with) == (100, 140, 0)
    assert (second.devices, second.ended_with) == ([], None)
    assert json.dumps(second.starts) == "[200]"
