"""Jobs that run in containers, by a podman and a Docker of the test's own: services, images, folders."""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

import pytest

from platform_under_test import wait_until

IMAGE = "localhost/gusu/small:1"
TOOLS = ["sh", "sleep", "echo", "cat", "id", "ls", "touch", "env", "true", "kill"]
CONF = """[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{0}/graph"\nrunroot = "{0}/run"\n'


class Registry:
    """Has no image at all, and is in no hurry to say so of those that are called slow."""

    def __init__(self):
        self.hurry = threading.Event()
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if "slow" in self.path:
                    registry.hurry.wait(120)
                known = self.path == "/v2/"
                body = b"{}" if known else b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def root_of_image(folder):
    """One program of many names, without a registry."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for tool in TOOLS:
        (root / "bin" / tool).symlink_to("busybox")
    subprocess.run(["tar", "-C", root, "-cf", folder / "root.tar", "."], check=True, timeout=60)
    return folder / "root.tar"


class OwnPodman:
    def __init__(self, folder):
        self.folder = folder
        self.registry = Registry()
        folder.mkdir()
        (folder / "registries.conf").write_text(f'[[registry]]\nlocation = "{self.registry.place}"\ninsecure = true\n')
        (folder / "containers.conf").write_text(CONF)
        (folder / "storage.conf").write_text(STORAGE.format(folder))
        self.environment = os.environ | {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
        }
        self.socket = folder / "podman.sock"
        self.service = None

    def __call__(self, *words, check=True):
        return subprocess.run(
            ["podman", *words], env=self.environment, check=check, capture_output=True, text=True, timeout=120
        )

    def make_image(self):
        self("import", str(root_of_image(self.folder)), IMAGE)

    def works(self):
        return self("run", "--rm", "--network", "host", IMAGE, "true", check=False).returncode == 0

    def start(self):
        self.service = subprocess.Popen(
            ["podman", "system", "service", "--time", "0", f"unix://{self.socket}"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "service.log").open("w"),
        )
        wait_until("podman's service", self.socket.exists)

    def names(self):
        return self("ps", "-a", "--format", "{{.Names}}").stdout.split()

    def stop(self):
        self.registry.hurry.set()
        self.registry.server.shutdown()
        if self.service is not None:
            self.service.kill()
            self.service.wait()
        self("rm", "-f", "-a", "-t", "0", check=False)


class OwnDocker:
    """Without Docker's own client, and without networks of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.registry = Registry()
        folder.mkdir()
        self.socket = folder / "docker.sock"
        self.service = None

    def ask(self, method, target, body=None):
        connection = http.client.HTTPConnection("docker")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.socket))
        connection.request(method, "/v1.41" + target, body)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status < 300, said
        return said

    def start(self):
        words = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=vfs"]
        places = ["--data-root", self.folder / "data", "--exec-root", self.folder / "run", "--pidfile", self.folder / "pid"]
        self.service = subprocess.Popen(
            ["dockerd", *words, *places, "--exec-opt", "native.cgroupdriver=cgroupfs", "-H", f"unix://{self.socket}"],
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "service.log").open("w"),
        )

        def answers():
            assert self.service.poll() is None, (self.folder / "service.log").read_text()[-2000:]
            return self.socket.exists()

        wait_until("Docker's service", answers)
        self.ask("POST", "/images/create?fromSrc=-&repo=localhost/gusu/small&tag=1", root_of_image(self.folder).read_bytes())

    def names(self):
        return [name.removeprefix("/") for each in json.loads(self.ask("GET", "/containers/json?all=1")) for name in each["Names"]]

    def stop(self):
        self.registry.hurry.set()
        self.registry.server.shutdown()
        if self.service is not None:
            self.service.send_signal(signal.SIGTERM)
            self.service.wait(60)
        for line in pathlib.Path("/proc/mounts").read_text().splitlines():
            if line.split()[1].startswith(str(self.folder)):
                subprocess.run(["umount", "-l", line.split()[1]], check=False, timeout=60)


@pytest.fixture(params=["podman", "docker"])
def engine(request, folder):
    program = {"podman": "podman", "docker": "dockerd"}[request.param]
    if shutil.which(program) is None or os.geteuid() != 0:
        pytest.skip(f"needs {program} and root; deploy/install-deps --test brings podman, Debian's docker.io dockerd")
    own = OwnPodman(folder / "podman") if request.param == "podman" else OwnDocker(folder / "docker")
    try:
        if request.param == "podman":
            own.make_image()
            if not own.works():
                pytest.skip("podman runs no container on this machine")
        own.start()
        yield own
    finally:
        own.stop()


@pytest.fixture
def node(platform, engine):
    shared = platform.folder / "shared"
    shared.mkdir()
    (shared / "data").write_text("of the site\n")
    results = platform.folder / "results"
    results.mkdir()
    results.chmod(0o1777)
    (results / "way-out").symlink_to("/etc/gusu-test-way-out")
    platform.gusu("tenant", "create", "t")
    platform.start_agent("n1", containers={"socket": str(engine.socket), "mounts": [f"{shared}:/data:ro", f"{results}:/results", "/usr:ro", "/lib64:ro", "/lib:ro"]})
    assert "container" in platform.node("n1")["inventory"]["runtimes"]
    return platform


def output_of(node, *words, ends="SUCCEEDED"):
    job = node.submit(*words)
    node.wait_state(job, ends)
    return job, node.gusu("logs", job).stdout


def groups_left(name):
    return [path for path in pathlib.Path("/sys/fs/cgroup").glob(f"*/gusu/{name}/*.0*")]


def test_a_job_runs_in_its_image_as_its_tenant_and_leaves_nothing(node, engine):
    job, said = output_of(
        node, "--image", IMAGE, "--gpus", "1", "--",
        "sh", "-c", "id -u; cat /data/data; echo $GUSU_JOB_ID; ls /bin; touch $GUSU_SCRATCH_DIR/mine && echo wrote",
    )  # fmt: skip
    lines = said.splitlines()
    assert int(lines[0]) >= 1_900_000_000, "the tenant's user, not the image's"
    assert lines[1] == "of the site" and lines[2] == job
    assert "busybox" in lines and lines[-1] == "wrote"
    wait_until("the container to be gone", lambda: engine.names() == [])
    assert groups_left("n1") == []


def test_what_a_container_may_not_do(node):
    said = output_of(
        node, "--image", IMAGE, "--",
        "sh", "-c", "touch /data/x && echo wrote; cat /proc/self/status; ls /dev",
    )[1]  # fmt: skip
    assert "wrote" not in said
    assert "CapBnd:\t0000000000000000" in said and "NoNewPrivs:\t1" in said
    assert not {"sda", "vda", "kmsg", "mem", "fuse"} & set(said.split())


@pytest.mark.parametrize(
    "words, why",
    [
        (["--image", "localhost:1/none:1", "--", "true"], "registry of image"),
        (["--image", IMAGE, "--", "nosuch"], "the image has no such program"),
        (["--image", IMAGE, "--output", "/etc/out", "--", "true"], "would be lost with the container"),
        (["--image", IMAGE, "--output", "/data/out", "--", "true"], "which containers may only read"),
        (["--image", IMAGE, "--output", "/results/way-out", "--", "true"], "cannot be opened"),
        (["--image", IMAGE, "--workdir", "/root", "--", "true"], "is not seen in containers"),
    ],
)
def test_why_one_does_not_start_is_told(node, engine, words, why):
    job = node.submit(*words)
    ended = node.wait_state(job, "FAILED")
    assert ended["end_reason"] == "LAUNCH_FAILED" and why in ended["end_detail"], ended["end_detail"]
    assert why in node.gusu("explain", job, check=False).stdout + node.gusu("show", job).stdout
    assert engine.names() == []


def test_an_image_that_is_being_pulled_is_no_job_that_runs_yet(node, engine):
    image = f"{engine.registry.place}/slow:1"
    job = node.submit("--image", image, "--gpus", "2", "--time", "2s", "--", "true")
    telling = f"node n1: pulling image {image}"
    wait_until("it to be told", lambda: telling in node.gusu("show", job).stdout)
    assert telling in node.gusu("explain", job).stdout
    node.agents["n1"].kill()
    node.start_agent("n1")
    assert node.job(job)["state"] == "STARTING"
    engine.registry.hurry.set()
    ended = node.wait_state(job, "FAILED")
    assert ended["end_reason"] == "LAUNCH_FAILED", "and its time limit has not begun"
    assert f'image "{image}" cannot be had' in ended["end_detail"] and "unknown" in ended["end_detail"]
    assert node.node("n1")["gpus_used"] == 0


def test_what_it_says_is_kept_in_the_user_s_own_files_too(node):
    said = node.folder / "results" / "said"
    words = ["--image", IMAGE, "--output", "/results/said.%j", "--error", "/results/errors", "--"]
    job, log = output_of(node, *words, "sh", "-c", "echo well; echo ill >&2")
    assert log == "well\n" and node.gusu("logs", job, "--stderr").stdout == "ill\n"
    said = said.with_name(f"said.{job}")
    assert said.read_text() == "well\n" and said.stat().st_uid >= 1_900_000_000
    assert (node.folder / "results/errors").read_text() == "ill\n"
    job, log = output_of(node, "--image", IMAGE, "--output", "/results/both", "--", "sh", "-c", "echo well; echo ill >&2")
    assert sorted((node.folder / "results/both").read_text().split()) == ["ill", "well"]


def test_it_says_that_its_work_is_saved_and_nobody_says_it_for_it(node):
    speak = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(b'saved\\n'); print(s.recv(99).decode(), end='')"
    )
    script = f"python3 -c \"{speak}\" $GUSU_CHECKPOINT_SOCKET; sleep 600"
    job = node.submit("--image", IMAGE, "--", "/usr/bin/dash", "-c", f"PATH=/usr/bin; {script}")
    wait_until("it to be answered", lambda: node.gusu("logs", job).stdout == "ok\n")
    wait_until("it to be known", lambda: node.job(job).get("checkpointed_at"))
    (socket,) = (node.folder / "n1/state/scratch").glob("*/.checkpoint")
    other = subprocess.run(["/usr/bin/python3", "-c", speak, socket], capture_output=True, text=True, timeout=60)
    assert other.stdout == "no: this is the socket of another task\n"


def test_exit_codes_and_memory_limits(node):
    job = node.submit("--image", IMAGE, "--", "sh", "-c", "exit 7")
    assert node.wait_state(job, "FAILED")["exit_code"] == 7
    greedy = "a=x; while true; do a=$a$a$a; done"
    job = node.submit("--image", IMAGE, "--mem", "64M", "--", "sh", "-c", greedy)
    assert node.wait_state(job, "FAILED")["end_reason"] == "OUT_OF_MEMORY"


def test_a_cancelled_container_has_its_grace_and_then_ends(node, engine):
    polite = "trap 'echo saving; exit 0' TERM; echo up; while true; do sleep 0.1; done"
    stubborn = "trap '' TERM; echo up; while true; do sleep 0.1; done"
    for script, says in [(polite, "saving"), (stubborn, "up")]:
        job = node.submit("--image", IMAGE, "--grace", "3s", "--", "sh", "-c", script)
        node.wait_state(job, "RUNNING")
        wait_until("it to speak", lambda job=job: "up" in node.gusu("logs", job).stdout)
        node.gusu("cancel", job)
        node.wait_state(job, "CANCELLED")
        assert says in node.gusu("logs", job).stdout
    wait_until("the containers to be gone", lambda: engine.names() == [])
    assert groups_left("n1") == []


def test_further_programs_run_in_the_container(node):
    job = node.submit("--image", IMAGE, "--", "sh", "-c", "echo up; sleep 600")
    node.wait_state(job, "RUNNING")
    wait_until("it to speak", lambda: "up" in node.gusu("logs", job).stdout)
    look = "id -u; ls /; echo $GUSU_JOB_ID; cat /proc/1/comm /proc/self/status; exit 7"
    done = node.gusu("exec", job, "--", "sh", "-c", look, check=False)
    assert done.returncode == 7, done.stderr
    lines = done.stdout.splitlines()
    assert int(lines[0]) >= 1_900_000_000 and job in lines and "data" in lines and "boot" not in lines
    assert "CapBnd:\t0000000000000000" in lines and "NoNewPrivs:\t1" in lines and "Seccomp:\t2" in lines
    node.gusu("cancel", job)
    node.wait_state(job, "CANCELLED")


def test_a_container_outlives_the_agent_and_nothing_outlives_its_supervisor(node, engine):
    job = node.submit("--image", IMAGE, "--retries", "0", "--", "sh", "-c", "echo up; sleep 600")
    node.wait_state(job, "RUNNING")
    wait_until("it to speak", lambda: "up" in node.gusu("logs", job).stdout)
    node.agents["n1"].kill()
    node.start_agent("n1")
    assert node.job(job)["state"] == "RUNNING" and len(engine.names()) == 1
    for pid in [int(entry.name) for entry in pathlib.Path("/proc").glob("[0-9]*")]:
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if command[0].endswith(b"gusu-supervisor") and str(node.folder).encode() in b"".join(command):
            os.kill(pid, 9)
    node.wait_state(job, "FAILED")
    wait_until("the container to be gone", lambda: engine.names() == [])
    wait_until("its groups to be gone", lambda: groups_left("n1") == [])
