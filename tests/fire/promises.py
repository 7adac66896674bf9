"""Which promises a history breaks. Reads files alone; nothing of the platform is asked.

Each function gives a list of sentences, one for each time that its promise is broken.
"""

import itertools

ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}


def acknowledged_is_there(calls, jobs):
    ids = {job["id"] for job in jobs}
    return [
        f"P1: {call.request} was acknowledged as job {call.job}, which is lost"
        for call in calls
        if call.what == "submit" and call.acknowledged and call.job not in ids
    ]


def one_job_a_request(calls, jobs):
    broken, told, listed = [], {}, {}
    for call in calls:
        if call.what == "submit" and call.acknowledged and told.setdefault(call.request, call.job) != call.job:
            broken.append(f"P2: {call.request} was told job {told[call.request]}, then job {call.job}")
    for job in jobs:
        name = job["spec"]["name"]
        if listed.setdefault(name, job["id"]) != job["id"]:
            broken.append(f"P2: {name} is job {listed[name]} and job {job['id']}")
    return broken


def ids_rise(calls, jobs):
    """What is asked after another was told has the higher id; and no id is given twice."""
    broken, first_told, owner = [], {}, {}
    for call in calls:
        if call.what == "submit" and call.acknowledged:
            first_told.setdefault(call.request, call)
            if owner.setdefault(call.job, call.request) != call.request:
                broken.append(f"P3: job {call.job} is {owner[call.job]} and {call.request}")
    asked = {}
    for call in calls:
        if call.what == "submit":
            asked[call.request] = min(call.asked_at, asked.get(call.request, call.asked_at))
    moments = [(call.told_at, 1, call) for call in first_told.values()]
    moments += [(asked[call.request], 0, call) for call in first_told.values()]
    floor, highest = {}, 0
    for _, is_told, call in sorted(moments, key=lambda moment: moment[:2]):
        if is_told:
            highest = max(highest, int(call.job))
            if int(call.job) <= floor[call.request]:
                broken.append(f"P3: {call.request} has job {call.job}, though {floor[call.request]} was given before")
        else:
            floor[call.request] = highest
    counts = itertools.groupby(sorted(job["id"] for job in jobs))
    return broken + [f"P3: job {name} is listed twice" for name, same in counts if len(list(same)) > 1]


def read_sees_acknowledged(calls):
    return [
        f"P1: job {call.job} was acknowledged, and `show` did not find it at {call.told_at:.3f}"
        for call in calls
        if call.what == "show" and call.exit == 3
    ]


def overlaps(lives, key):
    """Pairs of lives of different incarnations with the same key that were there at the same time."""
    by_key = {}
    for life in lives:
        for one in key(life):
            by_key.setdefault(one, []).append(life)
    for one, group in by_key.items():
        group.sort(key=lambda life: life.began)
        latest = group[0]
        for life in group[1:]:
            if life.incarnation != latest.incarnation and life.began < latest.last_seen:
                yield one, latest, life
            latest = max(latest, life, key=lambda each: each.last_seen)


def one_incarnation_at_a_time(lives):
    return [
        f"P4: job {job}: incarnation {second.incarnation} began on {second.node} "
        f"{(first.last_seen - second.began) / 1e9:.3f} s before {first.incarnation} on {first.node} was gone"
        for job, first, second in overlaps(lives, lambda life: [life.job])
    ]


def one_holder_a_device(lives):
    return [
        f"P5: {device[0]}[{device[1]}] was held by job {first.job} and job {second.job} at once"
        for device, first, second in overlaps(lives, lambda life: [(life.node, each) for each in life.devices])
    ]


def started_once(lives):
    return [
        f"P4: task {life.incarnation}.{life.rank} of job {life.job} was started {len(life.starts)} times"
        for life in lives
        if len(life.starts) > 1
    ]


def tries_are_bounded(lives, jobs):
    incarnations = {}
    for life in lives:
        incarnations.setdefault(life.job, set()).add(life.incarnation)
    broken = []
    for job in jobs:
        allowed = 1 + job["spec"].get("retry", {}).get("retries", 0)
        tried = len(incarnations.get(job["id"], ()))
        if tried > allowed:
            broken.append(f"P4: job {job['id']} was tried {tried} times, {allowed} are allowed")
    return broken


def success_was_seen(lives, jobs):
    """Nothing has succeeded whose every task did not reach its own end with 0."""
    ends = {(life.job, life.incarnation, life.rank): life.ended_with for life in lives}
    broken = []
    for job in jobs:
        tasks = sum(group.get("tasks", 1) or 1 for group in job["spec"].get("groups", [{}]))
        for rank in range(tasks if job["state"] == "SUCCEEDED" else 0):
            code = ends.get((job["id"], int(job["incarnation"]), rank))
            if code != 0:
                broken.append(f"job {job['id']} has succeeded, but its task {rank} says {code}")
    return broken


def cancelled_is_over(calls, jobs):
    states = {job["id"]: job["state"] for job in jobs}
    return [
        f"P1: the cancellation of job {call.job} was acknowledged, and it is {states.get(call.job)}"
        for call in calls
        if call.what == "cancel" and call.acknowledged and states.get(call.job) not in ENDED
    ]


def all_came_to_an_end(jobs):
    return [
        f"job {job['id']} is still {job['state']} ({job.get('wait_reason', '')})"
        for job in jobs
        if job["state"] not in ENDED and not job["spec"].get("hold", False)
    ]


def nothing_is_left(leftovers):
    return [f"P6: left behind: {what}" for what in leftovers]


def broken_promises(calls, lives, jobs, leftovers):
    return [
        *acknowledged_is_there(calls, jobs),
        *one_job_a_request(calls, jobs),
        *ids_rise(calls, jobs),
        *read_sees_acknowledged(calls),
        *one_incarnation_at_a_time(lives),
        *one_holder_a_device(lives),
        *started_once(lives),
        *tries_are_bounded(lives, jobs),
        *success_was_seen(lives, jobs),
        *cancelled_is_over(calls, jobs),
        *all_came_to_an_end(jobs),
        *nothing_is_left(leftovers),
    ]
