"""A process that has got the number of a supervisor which is gone is neither taken over nor ended."""

import ctypes
import os
import pathlib
import signal

import pytest

from platform_under_test import wait_until

CLONE3 = 435
LIBC = ctypes.PyDLL(None, use_errno=True)  # keeps the interpreter's lock, which a clone could not take


def start_as(pid, program, *words):
    """Under that number, which must be free; the kernel lets root choose."""
    number = (ctypes.c_int * 1)(pid)
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(number), 1, 0)
    cloned = LIBC.syscall(CLONE3, ctypes.byref(arguments), ctypes.sizeof(arguments))
    if cloned == 0:
        os.setsid()
        os.execv(program, words)
    if cloned < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return cloned


def supervisors(state):
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0].endswith("gusu-supervisor") and len(words) > 1 and words[1].startswith(f"{state}/tasks/"):
            found[pathlib.Path(words[1]).name] = int(folder.name)
    return found


def is_there(pid):
    return pathlib.Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("agent_is", ["gone meanwhile", "there"])
def test_whoever_has_the_number_of_a_supervisor_is_left_alone(platform, agent_is):
    if os.geteuid() != 0:
        pytest.skip("only root chooses the number of a process")
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1")
    agent = platform.agents["n1"]
    job = platform.submit("--tenant", "t", "--gpus", "1", "--retries", "0", "--", "sleep", "1000")
    other = platform.submit("--tenant", "t", "--gpus", "1", "--", "sleep", "1000")
    platform.wait_state(job, "RUNNING")
    platform.wait_state(other, "RUNNING")
    incarnations = supervisors(agent.settings["state_dir"])
    assert len(incarnations) == 2
    first = min(incarnations, key=lambda name: int(name.split(".")[0]))
    supervisor, its_neighbour = incarnations.pop(first), next(iter(incarnations.values()))

    if agent_is == "gone meanwhile":
        agent.kill()
    os.kill(supervisor, signal.SIGKILL)
    # A zombie keeps its number: it is init's to bury, or the agent's.
    wait_until("the supervisor's number to be free", lambda: not is_there(supervisor))
    imposter = start_as(supervisor, "/bin/sleep", "gusu-supervisor", "1000")
    try:
        assert imposter == supervisor
        if agent_is == "gone meanwhile":
            platform.start_agent("n1")
        ended = platform.wait_state(job, "FAILED")
        assert is_there(imposter)
        assert platform.job(other)["state"] == "RUNNING"
        assert supervisors(agent.settings["state_dir"]) == {next(iter(incarnations)): its_neighbour}
        assert ended["attempt"] == 1
        # Its devices are free again: all but the neighbour's.
        last = platform.submit("--tenant", "t", "--gpus", "7", "--", "true")
        platform.wait_state(last, "SUCCEEDED")
        platform.gusu("cancel", other)
        platform.wait_state(other, "CANCELLED")
        assert is_there(imposter)
    finally:
        os.kill(imposter, signal.SIGKILL)
        os.waitpid(imposter, 0)
