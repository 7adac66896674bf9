#!/usr/bin/python3 -B
"""A real PostgreSQL of the tests' own: a private cluster on loopback, gone afterwards.

    tests/ha/postgresql.py COMMAND...      runs it with GUSU_TEST_POSTGRESQL, a connection string

PostgreSQL refuses root, so root runs it as the user that Debian's package makes. A password keeps
other users of the machine out.
"""

import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

# Debian keeps the programs of each version apart.
PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[4]))
UNPRIVILEGED = "postgres"


class PostgreSQL:
    def __init__(self, address="127.0.0.1"):
        """Another address is of a network of the tests' own, and heard by all of its /24."""
        self.address = address
        if not PROGRAMS:
            raise SystemExit("postgresql.py: no PostgreSQL in /usr/lib/postgresql; run deploy/install-deps --test")
        self.programs = PROGRAMS[-1].parent
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gusu-postgresql-"))
        self.user = {}
        if os.getuid() == 0:
            entry = pwd.getpwnam(UNPRIVILEGED)
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self.password = secrets.token_hex(16)
        self.log = self.folder / "log"
        self.port = None
        self._make_cluster()
        self.start()

    def _run(self, program, *words):
        done = subprocess.run(
            [self.programs / program, *map(str, words)],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PGPASSWORD": self.password},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **self.user,
        )
        if done.returncode != 0:
            log = self.log.read_text()[-2000:] if self.log.exists() else ""
            raise RuntimeError(f"{program} {words}: {done.returncode}\n{done.stderr}{done.stdout}{log}")
        return done.stdout

    def _make_cluster(self):
        password = self.folder / "password"
        password.write_text(self.password)
        password.chmod(0o644)  # in a folder of mode 0700
        self._run(
            *("initdb", "--pgdata", self.folder / "data", "--username", "gusu", "--encoding", "UTF8"),
            *("--locale", "C.UTF-8", "--auth", "scram-sha-256", "--pwfile", password),
        )
        with (self.folder / "data/pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {self.address}/24 scram-sha-256\n")

    def start(self):
        if self.port is None:
            with socket.socket() as probe:
                probe.bind((self.address, 0))
                self.port = probe.getsockname()[1]
        settings = f"-p {self.port} -c listen_addresses={self.address} -c unix_socket_directories= -c max_connections=60"
        # Its output must not be a pipe of ours: the server would hold it open.
        self._run("pg_ctl", "start", "--wait", "--pgdata", self.folder / "data", "--log", self.log, "-o", settings)

    def stop(self, how="fast"):
        self._run("pg_ctl", "stop", "--wait", "--mode", how, "--pgdata", self.folder / "data")

    def signal(self, which):
        """To every process of the server: SIGSTOP makes it silent, SIGCONT ends that."""
        postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for pid in [postmaster, *map(int, children)]:
            os.kill(pid, which)

    def connection(self, database="postgres"):
        return f"host={self.address} port={self.port} user=gusu password={self.password} dbname={database}"

    def query(self, sql, database="postgres"):
        return self._run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, self.connection(database)).strip()

    def remove(self):
        try:
            self.stop("immediate")
        except RuntimeError:
            pass  # not running
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    server = PostgreSQL()
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        environment = os.environ | {"GUSU_TEST_POSTGRESQL": server.connection()}
        return subprocess.run(sys.argv[1:], env=environment).returncode
    finally:
        server.remove()


if __name__ == "__main__":
    sys.exit(main())
