"""Programs that a task starts in other tasks of its job, and real MPI on top of them."""

import json
import os
import shutil
import subprocess

import pytest

from platform_under_test import SOURCE, wait_until

# The two nodes are this machine, which has one address that both may use.
ON_LOOPBACK = ["--env", "OMPI_MCA_oob_tcp_if_include=lo", "--env", "OMPI_MCA_btl_tcp_if_include=lo",
               "--env", "OMPI_MCA_btl=self,tcp"]


@pytest.fixture
def nodes(platform):
    platform.gusu("tenant", "create", "red")
    for name in ("n1", "n2"):
        platform.start_agent(name, gpus=2)
    return platform


def gang(nodes, *words):
    job = nodes.submit("--tenant", "red", "--nodes", 2, "--mem", "512M", *words)
    ended = nodes.wait_state(job, "SUCCEEDED", "FAILED", "CANCELLED", seconds=120)
    return ended, nodes.gusu("logs", job).stdout


def test_a_task_starts_programs_in_the_others(nodes):
    script = (
        "set -e\n"
        "gusu-step -- sh -c 'echo rank $RANK on $GUSU_NODE_RANK'\n"
        "echo to all | gusu-step -- sh -c 'read line; echo $RANK heard $line'\n"
        "gusu-step --task 1 -- sh -c 'exit 4' || echo code $?\n"
        "gusu-step --node n2 -- sh -c 'echo on $SLURM_NODEID' || exit 1\n"
        "gusu-step --node n9 -- true || echo nowhere $?\n"
        "gusu-step --task 1 -- sh -c 'kill -9 $$' || echo killed $?\n"
    )
    job, said = gang(nodes, "--launch", "first", "--", "sh", "-c", script)
    assert job["state"] == "SUCCEEDED", said
    lines = said.splitlines()
    for line in ("rank 0 on 0", "rank 1 on 1", "0 heard to all", "1 heard to all", "code 4", "on 1", "nowhere 125",
                 "killed 137"):
        assert line in lines, said


def test_where_the_first_fails_the_job_does(nodes):
    job, _ = gang(nodes, "--launch", "first", "--", "sh", "-c", "exit 6")
    assert (job["state"], job["exit_code"]) == ("FAILED", 6)


def test_others_of_the_tenant_are_not_reached(nodes):
    other = nodes.submit("--tenant", "red", "--", "sleep", "1000")
    nodes.wait_state(other, "RUNNING")
    socket = nodes.gusu("exec", other, "--", "sh", "-c", "echo $GUSU_STEP_SOCKET").stdout.strip()
    done = nodes.gusu("submit", "--tenant", "red", "--wait", "--", "sh", "-c",
                      f"GUSU_STEP_SOCKET={socket} gusu-step --task 0 -- true", check=False)
    assert done.returncode == 125


def test_agents_that_start_anew_serve_the_tasks_of_those_before(nodes):
    script = "while [ ! -e $GUSU_CHECKPOINT_DIR/go ]; do sleep 0.1; done; gusu-step -- echo there"
    job = nodes.submit("--tenant", "red", "--nodes", 2, "--launch", "first", "--", "sh", "-c", script)
    nodes.wait_state(job, "RUNNING")
    for name in ("n1", "n2"):
        nodes.agents[name].kill()
        nodes.start_agent(name)
    (nodes.folder / "checkpoints" / job / "go").touch()
    nodes.wait_state(job, "SUCCEEDED")
    assert nodes.gusu("logs", job).stdout == "there\n" * 2


def test_outside_of_a_task_it_says_so(nodes):
    clean = {"PATH": os.environ["PATH"]}
    done = subprocess.run([os.environ["GUSU_BIN"] + "/gusu-step", "--", "true"], env=clean, capture_output=True,
                          text=True, timeout=20)
    assert done.returncode == 1 and "no task of a job" in done.stderr


@pytest.fixture
def mpi_program(nodes):
    if shutil.which("mpicc") is None:
        pytest.skip("needs Open MPI (deploy/install-deps --test)")
    program = nodes.folder / "ranks"
    subprocess.run(["mpicc", "-o", program, SOURCE / "tests/end_to_end/mpi_ranks.c"], check=True, timeout=120)
    return program


def test_mpirun_starts_ranks_in_both_tasks(nodes, mpi_program):
    job, said = gang(nodes, "--launch", "first", *ON_LOOPBACK, "--", "mpirun", mpi_program)
    assert job["state"] == "SUCCEEDED", said + nodes.gusu("logs", "--task", 1, job["id"]).stdout
    ranks = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert {(rank["rank"], rank["of"], rank["sum"]) for rank in ranks} == {(0, 2, 3), (1, 2, 3)}
    assert {rank["task"] for rank in ranks} == {"0", "1"}
    assert len({rank["scratch"] for rank in ranks}) == 2


def test_a_cancelled_mpi_job_leaves_nothing(nodes, mpi_program):
    job = nodes.submit("--tenant", "red", "--nodes", 2, "--mem", "512M", "--grace", "1s", "--launch", "first",
                       *ON_LOOPBACK, "--", "mpirun", mpi_program, "for-ever")

    def running():
        return subprocess.run(["pgrep", "-cf", f"^{mpi_program} for-ever"], capture_output=True, text=True,
                              check=False).stdout.strip()

    wait_until("two ranks to run", lambda: running() == "2")
    nodes.gusu("cancel", job)
    nodes.wait_state(job, "CANCELLED")
    wait_until("nothing to be left", lambda: running() == "0", 20)
