import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from walled_task import VICTOR, Node, Victor, processes_of, why_no_wall  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def wall():
    if reason := why_no_wall():
        pytest.skip(reason)


def a_node(bare):
    node = Node(bare)
    node.victor = Victor(node)
    yield node
    node.victor.end()
    left = processes_of(node.uid(VICTOR))
    node.close()
    assert not left, f"processes are left: {left}"


@pytest.fixture(scope="session")
def node(wall):
    yield from a_node(bare=False)


@pytest.fixture(scope="module")
def bare_node(wall):
    yield from a_node(bare=True)
