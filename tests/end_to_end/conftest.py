import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from platform_under_test import Platform  # noqa: E402


@pytest.fixture
def folder():
    # Not below pytest's own folders: tasks run as another user and must get through. Nor in /tmp if
    # tasks have one of their own, which is so where the agent is root.
    shared = "/var/lib" if os.geteuid() == 0 else None
    path = pathlib.Path(tempfile.mkdtemp(prefix="gusu-", dir=shared))
    yield path
    if "GUSU_KEEP" not in os.environ:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def platform(folder):
    running = Platform(folder)
    yield running
    running.stop()
