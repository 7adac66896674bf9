"""A node enrols with the one token it was given, whoever is killed on the way and whatever answer is lost."""

import random
import shutil
import subprocess
import threading

from platform_under_test import wait_until

NODES = 10
KILLS_OF_EACH = 3


def run_for(agent, seconds):
    """Starts it, and kills it (-9) after so long, if it has not ended by itself."""
    agent.start()
    try:
        agent.process.wait(seconds)
    except subprocess.TimeoutExpired:
        agent.kill()


def run_until_ready(platform, agent):
    """As systemd does: whoever finds no scheduler ends, and is started again."""

    def is_ready():
        if agent.process is None or agent.process.poll() is not None:
            agent.start()
        return agent.ready_file.exists()

    wait_until(f"{agent.folder.name} to be in touch, see {agent.log}", is_ready, 120)


def kill_the_scheduler_until(stop, platform, chance):
    while not stop.wait(chance.uniform(0.05, 0.6)):
        platform.scheduler.kill()
        platform.start_scheduler()


def test_one_token_is_enough_whoever_is_killed(platform):
    chance = random.Random(7)
    agents = [platform.add_agent(f"n{number}") for number in range(NODES)]
    stop = threading.Event()
    killing = threading.Thread(target=kill_the_scheduler_until, args=(stop, platform, random.Random(8)))
    killing.start()
    try:
        for agent in agents:
            for _ in range(KILLS_OF_EACH):
                run_for(agent, chance.uniform(0.01, 0.25))
            run_until_ready(platform, agent)
            agent.kill()
    finally:
        stop.set()
        killing.join(120)
    refusals = [line for agent in agents for line in agent.log.read_text().splitlines() if "token" in line]
    assert refusals == []
    assert sum(token["used"] for token in platform.json("token", "list")["tokens"] if token.get("node")) == NODES


def test_an_answer_that_was_lost_is_given_again_and_to_nobody_else(platform):
    platform.start_agent("n1")
    agent = platform.agents["n1"]
    identity = platform.folder / "n1/state/identity"
    key = (identity / "node.key").read_bytes()
    agent.kill()
    platform.scheduler.kill()
    platform.start_scheduler()
    (identity / "node.pem").unlink()  # as if the answer had never come
    platform.start_agent("n1")
    assert (identity / "node.key").read_bytes() == key
    agent.kill()

    shutil.rmtree(identity)  # whoever else has seen the token
    agent.start()
    assert agent.process.wait(60) != 0
    assert "with another key" in agent.log.read_text()
    (platform.folder / "n1/token").write_text(platform.gusu("token", "create", "--node", "n1").stdout)
    platform.start_agent("n1")
    assert (identity / "node.key").read_bytes() != key
