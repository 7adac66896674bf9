"""What Mallory tries, and what must be seen. A table a field; README.md of this folder tells how to read it."""

import dataclasses
import re


@dataclasses.dataclass
class Case:
    name: str
    # Lines of Python; call() makes a system call by number, attempt() calls a function.
    tries: str
    # The whole output, as a regular expression.
    sees: str
    # What it sees where there is no wall: so the case can fail.
    bare: str | None = None
    # More for the order of its task.
    order: dict = dataclasses.field(default_factory=dict)


PRELUDE = """
import ctypes, errno, os, resource, select, signal, socket, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def linger(seconds=100):
    select.select([], [], [], seconds)
def told(number):
    return errno.errorcode.get(number, str(number))
def call(number, *words):
    got = libc.syscall(number, *(ctypes.c_long(w) if isinstance(w, int) else w for w in words))
    print("done" if got >= 0 else told(ctypes.get_errno()), flush=True)
def attempt(act, *words):
    try:
        act(*words)
        print("done", flush=True)
    except OSError as wrong:
        print(told(wrong.errno), flush=True)
def read(path):
    with open(path, "rb", buffering=0) as file:
        file.read(1)
def write(path, text="x"):
    with open(path, "wb", buffering=0) as file:
        file.write(text.encode())
def connect(kind, name):
    socket.socket(kind).connect(name)
"""

ABSENT = "clone3 io_uring_setup io_uring_enter io_uring_register userfaultfd bpf perf_event_open keyctl add_key " \
    "request_key fanotify_init fanotify_mark memfd_secret"
REFUSED = "mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr setns " \
    "open_by_handle_at quotactl quotactl_fd swapon swapoff acct kexec_load kexec_file_load init_module finit_module " \
    "delete_module reboot syslog lookup_dcookie uselib sysfs vhangup iopl ioperm modify_ldt settimeofday " \
    "clock_settime sethostname setdomainname"
# What the kernel answers to the same call with nothing in it, if it comes to look.
LOOKED_AT = {
    "clone3": "EINVAL",
    "bpf": "EPERM|EINVAL",
    "keyctl": "done|EINVAL|ENOKEY|EOPNOTSUPP",
    "add_key": "EFAULT|EINVAL",
    "io_uring_setup": "EFAULT",
    "setns": "EBADF|EINVAL",
    "quotactl_fd": "EBADF",
    "sysfs": "EINVAL|EFAULT|done",
}


def of_syscalls(number):
    for answer, names in {"ENOSYS": ABSENT, "EPERM": REFUSED}.items():
        for name in names.split():
            if number(name) >= 0:
                words = "1, 0" if name in ("keyctl", "sysfs") else "-1 if %d else 0" % (name in ("setns", "quotactl_fd"))
                yield Case(f"syscall {name}", f"call({number(name)}, {words}, 0, 0, 0, 0)", answer, LOOKED_AT.get(name))


NAMESPACES = {"mnt": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
              "pid": 0x20000000, "net": 0x40000000}
TIME = {"time": 0x80}


def of_namespaces(number):
    for name, flag in (NAMESPACES | TIME).items():
        bare = "done" if name == "user" else None
        yield Case(f"unshare {name}", f"call({number('unshare')}, {flag})", "EPERM", bare)
    for name, flag in NAMESPACES.items():
        # 17 is SIGCHLD. Born there, the child ends at once.
        born = f"got = libc.syscall({number('clone')}, {flag | 17}, 0, 0, 0, 0)\nif got == 0: os._exit(0)\n" \
            "print('done' if got > 0 else told(ctypes.get_errno()))"
        yield Case(f"clone {name}", born, "EPERM", "done" if name == "user" else None)
    for name in [*NAMESPACES, "time"]:
        yield Case(f"namespace {name} of process 1", f"attempt(os.open, '/proc/1/ns/{name}', 0)", "EACCES")
    yield Case("unshare with user and mnt, by its program", "os.execlp('unshare', 'unshare', '-Urm', 'true')",
               ".*Operation not permitted", "")
    yield Case("threads and forks are no namespaces",
               "t = threading.Thread(target=print, args=('a',)); t.start(); t.join()\n"
               "print(os.waitpid(os.fork() or os._exit(3), 0)[1] >> 8)", "a\n3")


def of_victors_files():
    places = {"scratch": "{scratch}", "checkpoints": "{checkpoints}"}
    for name, place in places.items():
        gone = "ENOENT" if name == "scratch" else "EACCES"
        open_to_all = {"bare": "done"}
        yield Case(f"read in Victor's {name}", f"attempt(read, '{place}/victors-file')", gone, **open_to_all)
        yield Case(f"list Victor's {name}", f"attempt(os.listdir, '{place}')", gone, **open_to_all)
        yield Case(f"enter Victor's {name}", f"attempt(os.chdir, '{place}')", gone, **open_to_all)
        yield Case(f"new file in Victor's {name}", f"attempt(write, '{place}/left')", gone, **open_to_all)
        yield Case(f"rename in Victor's {name}", f"attempt(os.rename, '{place}/left', '{place}/victor')", gone)
        yield Case(f"remove Victor's {name}", f"attempt(os.rmdir, '{place}')", "EBUSY|ENOENT|EACCES|EPERM")
        yield Case(f"chmod Victor's {name}", f"attempt(os.chmod, '{place}', 0o777)", "ENOENT|EPERM")
        yield Case(f"by .. to Victor's {name}",
                   f"attempt(read, '../../{name}/' + '{place}'.split('/')[-1] + '/victors-file')", gone, **open_to_all)
        yield Case(f"by a link to Victor's {name}",
                   f"os.symlink('{place}', 'link'); attempt(read, 'link/victors-file')", gone, **open_to_all)
        yield Case(f"by the own root to Victor's {name}",
                   f"attempt(read, '/proc/self/root{place}/victors-file')", gone, **open_to_all)
        yield Case(f"by process 1's root to Victor's {name}",
                   f"attempt(read, '/proc/1/root{place}/victors-file')", "EACCES|ENOENT")
        yield Case(f"by the working directory to Victor's {name}",
                   f"attempt(read, '/proc/self/cwd/../../{name}/' + '{place}'.split('/')[-1] + '/victors-file')", gone)
        yield Case(f"a hard link to Victor's file in {name}",
                   f"attempt(os.link, '{place}/victors-file', 'mine')", "ENOENT|EACCES|EXDEV")
    for place in ("/tmp", "/dev/shm", "/var/tmp"):
        yield Case(f"read Victor's file in {place}", f"attempt(read, '{place}/victors-file')", "ENOENT", "done")
        yield Case(f"overwrite Victor's file in {place}", f"attempt(write, '{place}/victors-file')", "done")
        yield Case(f"see anything in {place}", f"print(os.listdir('{place}'))", r"\[\]", r"\[.*victors-file.*\]")
        yield Case(f"leave a file in {place}", f"attempt(write, '{place}/left-by-mallory')", "done")
        yield Case(f"find the file left in {place}", f"attempt(read, '{place}/left-by-mallory')", "ENOENT")
        yield Case(f"remove {place} itself", f"attempt(os.rename, '{place}', '{place}-mine')",
                   "EBUSY|EACCES|EXDEV|EPERM")
    yield Case("the machine's /tmp by its name", "attempt(read, '{host_tmp}/open')", "ENOENT", "done")
    yield Case("the machine's /tmp by process 1", "attempt(read, '/proc/1/root{host_tmp}/open')", "EACCES|ENOENT")
    yield Case("/run/lock is its own", "attempt(write, '/run/lock/left'); print(os.listdir('/run/lock'))",
               r"done\n\['left'\]")
    yield Case("scratch of all tenants holds the own one", "print(os.listdir('..') if os.access('..', 4) else 'closed')",
               "closed")
    yield Case("Victor's environment", "attempt(read, '/proc/{victor}/environ')", "ENOENT", "done")


def of_the_agents_files():
    for name in ("order.json", "exit.json", "stop.json", "saves.json", "started"):
        yield Case(f"read the own {name}", f"attempt(read, '{{task}}/{name}')", "EACCES")
        yield Case(f"write the own {name}", f"attempt(write, '{{task}}/{name}')", "EACCES")
    yield Case("list the tasks", "attempt(os.listdir, '{node}/tasks')", "EACCES")
    yield Case("list the logs", "attempt(os.listdir, '{node}/logs')", "EACCES")
    yield Case("read the own log", "attempt(read, '{log}')", "EACCES")
    yield Case("a pipe in place of the log", "attempt(os.unlink, '{log}'); attempt(os.mkfifo, '{log}')", "EACCES\nEACCES")
    yield Case("a link in place of the log", "attempt(os.symlink, '{node}/canary', '{log}')", "EACCES")
    yield Case("a log of another job", "attempt(write, '{node}/logs/99.0')", "EACCES")
    yield Case("overwrite the canary", "attempt(write, '{node}/canary')", "EACCES")
    yield Case("the log by its open file", "attempt(read, '/proc/self/fd/1')", "EACCES|ENXIO|done")
    yield Case("open files are the own three", "print(sorted(os.listdir('/proc/self/fd'))[:3], len(os.listdir('/proc/self/fd')))",
               r"\['0', '1', '2'\] 4")
    yield Case("nothing to read from stdin", "print(os.read(0, 10))", "b''")
    yield Case("the supervisor's environment", "print('SECRET' in os.environ, sorted(os.environ))",
               r"False \['GUSU_CHECKPOINT_SOCKET', (?:'LC_CTYPE', )?'PATH'\]")
    yield Case("the supervisor's memory", "attempt(read, '/proc/1/mem')", "EACCES")
    yield Case("the supervisor by its number", "attempt(os.kill, {supervisor}, 0)", "ESRCH", "EPERM")
    yield Case("links in place of the notice", "os.symlink('{node}/canary', '{own_checkpoints}/stop-requested')\n"
               "os.symlink('{node}/canary', '{own_checkpoints}/.stop-requested.{name}')\n"
               "signal.signal(signal.SIGTERM, signal.SIG_IGN); linger()", "", order={"time_limit_ms": 300})
    yield Case("a pipe in place of the notice", "os.mkfifo('{own_checkpoints}/stop-requested'); linger()", "",
               order={"time_limit_ms": 300})
    yield Case("a folder in place of the notice", "os.makedirs('{own_checkpoints}/stop-requested/x'); linger()",
               "", order={"time_limit_ms": 300})
    yield Case("a checkpoint folder that nobody may enter", "os.chmod('{own_checkpoints}', 0); linger()", "", order={"time_limit_ms": 300})
    yield Case("flood the checkpoint socket",
               "path = os.environ['GUSU_CHECKPOINT_SOCKET']; held = []\n"
               "for _ in range(100):\n"
               "    held.append(socket.socket(socket.AF_UNIX)); held[-1].settimeout(2)\n"
               "    try: held[-1].connect(path)\n"
               "    except OSError: break\n"
               "last = socket.socket(socket.AF_UNIX); [h.close() for h in held[:-1]]; last.connect(path)\n"
               "last.sendall(b'saved\\n'); print(last.recv(9))", r"b'ok\\n'")


def of_the_systems_files():
    for path in ("/etc/shadow", "/etc/sudoers.d", "/root", "/proc/kcore", "/proc/kmsg", "/proc/1/environ",
                 "/proc/1/maps", "/proc/1/io", "/proc/1/fd", "/proc/1/cwd/", "/proc/1/exe"):
        yield Case(f"read {path}", f"attempt(os.listdir if os.path.isdir('{path}') else read, '{path}')",
                   "EACCES|EPERM|ENOENT|done" if path == "/etc/sudoers.d" else "EACCES|EPERM|ENOENT")
    for path in ("/etc/passwd", "/usr/bin/true", "/bin/sh", "/lib/ld-evil.so", "/root/x", "/proc/sysrq-trigger",
                 "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/hostname",
                 "/proc/1/oom_score_adj", "/proc/irq/0/smp_affinity", "/sys/power/state", "/sys/kernel/mm/ksm/run",
                 "/dev/evil", "/run/evil", "/etc/ld.so.preload", "/etc/cron.d/evil", "/var/lib/evil"):
        yield Case(f"write {path}", f"attempt(write, '{path}')", "EACCES|EPERM|ENOENT|EROFS|EIO")
    yield Case("be spared by the killer of memory", "attempt(write, '/proc/self/oom_score_adj', '-1000')", "EACCES")
    yield Case("the own numbers of users", "attempt(write, '/proc/self/uid_map', '0 0 1')", "EPERM|EACCES")
    yield Case("own groups: leave", "attempt(write, '/sys/fs/cgroup/{group_root}/cgroup.procs', '0')", "EACCES|ENOENT|EROFS")
    yield Case("own groups: make one below", "attempt(os.mkdir, '/sys/fs/cgroup/{group_root}/x')", "EACCES|ENOENT|EROFS")
    yield Case("own groups: a higher limit",
               "import glob\nfor f in glob.glob('/sys/fs/cgroup/**/*max*', recursive=True) + "
               "glob.glob('/sys/fs/cgroup/**/*limit_in_bytes', recursive=True):\n"
               "    if os.access(f, os.W_OK): print(f)", "")
    yield Case("groups of others", "print([f for f, *_ in os.walk('/sys/fs/cgroup') if 'gusu' in f])", r"\[\]", r"\[.*gusu.*")
    yield Case("where its own group is", "print({{line.strip().split(':')[-1] for line in open('/proc/self/cgroup')}})",
               r"\{'/'\}", ".*gusu.*")


def of_privileges():
    for call in ("os.setuid(0)", "os.setgid(0)", "os.setresuid(0, 0, 0)", "os.setresuid({victors_uid}, -1, -1)",
                 "os.setgroups([0])", "os.setgroups([])", "os.chown('.', 0, 0)", "os.chown('.', {victors_uid}, -1)",
                 "os.nice(-5)", "os.setpriority(os.PRIO_PROCESS, 1, 10)", "os.sched_setaffinity(1, [0])",
                 "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))",
                 "resource.prlimit(1, resource.RLIMIT_NOFILE, (1, 1))", "os.chroot('.')",
                 "os.sched_setscheduler(1, os.SCHED_BATCH, os.sched_param(0))"):
        yield Case(call, f"attempt(lambda: {call})", "EPERM|EACCES|EINVAL" if "victors" in call else "EPERM|EACCES")
    yield Case("a raised core limit", "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\ntry:\n"
               "    resource.setrlimit(resource.RLIMIT_CORE, (1, 1))\nexcept ValueError as no: print(no)", "not allowed.*")
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        yield Case(field, f"print([l.split()[1] for l in open('/proc/self/status') if l.startswith('{field}')][0])",
                   "0+")
    yield Case("Seccomp", "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('Seccomp:')][0])", "2", "0")
    yield Case("NoNewPrivs", "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('NoNewPrivs')][0])", "1")
    yield Case("take NoNewPrivs back", "print(libc.prctl(38, 0, 0, 0, 0))", "-1")
    yield Case("keep capabilities", "print(libc.prctl(47, 2, 21, 0, 0))", "-1")
    yield Case("a program that is root's and setuid", "os.execv('{node}/programs/suid', ['suid', '-u'])", "{mallorys_uid}")
    yield Case("a program with capabilities",
               "os.execv('{node}/programs/capable', ['grep', '-c', 'CapEff.*0000000000000000', '/proc/self/status'])",
               "(?s).*PermissionError.*")
    yield Case("an own program made setuid",
               "import shutil; shutil.copy('/usr/bin/id', 'id'); os.chmod('id', 0o6755); os.execv('./id', ['id', '-u'])",
               "{mallorys_uid}")
    yield Case("su", "os.execlp('su', 'su', '-c', 'id -u')", "(?s)(?!0).*(failure|terminal|not|Authentication).*")
    yield Case("files that pretend to be Victor's", "write('x'); attempt(os.chown, 'x', {victors_uid}, {victors_uid})", "EPERM")


def of_devices():
    for name, sees in {"fuse": "EPERM", "kmsg": "EPERM", "mem": "EPERM", "full": "ENOSPC"}.items():
        bare = "done" if name == "kmsg" else None
        yield Case(f"open the device {name}", f"attempt(write, '{{node}}/programs/{name}')", sees, bare)
    for path in ("/dev/mem", "/dev/port", "/dev/kmsg", "/dev/vda", "/dev/sda", "/dev/kvm", "/dev/fuse", "/dev/net/tun",
                 "/dev/loop-control", "/dev/mapper/control", "/dev/console", "/dev/tty0", "/dev/vhost-net"):
        yield Case(f"open {path}", f"attempt(os.open, '{path}', os.O_RDWR)", "EPERM|EACCES|ENOENT")
    for kind, mode in {"character": 0o20666, "block": 0o60666}.items():
        yield Case(f"make a {kind} device", f"attempt(os.mknod, 'device', {mode}, os.makedev(1, 1))", "EPERM")
        yield Case(f"make a {kind} device at a folder",
                   f"attempt(lambda: os.mknod('device', {mode}, os.makedev(1, 1), dir_fd=os.open('.', 0)))", "EPERM")
    yield Case("a pipe may be made", "attempt(os.mkfifo, 'pipe')", "done")
    yield Case("terminals are its own", "m, s = os.openpty(); print(os.ttyname(s), os.listdir('/dev/pts'))",
               r"/dev/pts/0 \['0', 'ptmx'\]")
    yield Case("type into a terminal", "import fcntl\nm, s = os.openpty(); attempt(lambda: fcntl.ioctl(s, 0x5412, b'x'))",
               "EPERM")


def of_processes(number):
    for name, act in {"kill": "os.kill, {pid}, 9", "stop": "os.kill, {pid}, 19", "look for": "os.kill, {pid}, 0",
                      "hold": "os.pidfd_open, {pid}", "trace": "", "read": "", "limit": ""}.items():
        for whom, pid in {"Victor": "{victor}", "process 1": "1", "the test": "{test}"}.items():
            sees = "EPERM" if whom == "process 1" else "ESRCH"
            tries = {"trace": f"call({number('ptrace')}, 16, {pid}, 0, 0)",
                     "read": f"b = ctypes.create_string_buffer(8); v = (ctypes.c_size_t * 2)(ctypes.addressof(b), 8); "
                     f"call({number('process_vm_readv')}, {pid}, v, 1, v, 1, 0)",
                     "limit": f"attempt(lambda: resource.prlimit({pid}, resource.RLIMIT_CPU, (1, 1)))"}.get(name)
            if name == "hold":
                sees = "done" if whom == "process 1" else sees
            yield Case(f"{name} {whom}", (tries or f"attempt({act})").replace("{pid}", pid), sees,
                       "done" if name in ("look for", "hold") and whom == "Victor" else None)
    yield Case("kill all there are", "attempt(os.kill, -1, 9)", "ESRCH")
    yield Case("kill all there are, and its own child", "child = os.fork() or linger()\n"
               "os.kill(-1, 9); print(os.waitpid(child, 0)[1])", "9")
    yield Case("processes that it sees", "print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()))",
               r"\[1, \d+\]", r"\[1, .*\d+, \d+, \d+.*\]")
    yield Case("the test's files", "attempt(os.listdir, '/proc/{test}/fd')", "ENOENT", "EACCES")
    yield Case("files of process 1", "attempt(lambda: os.listdir('/proc/1/fd'))", "EACCES")
    yield Case("take a file of process 1", f"call({number('pidfd_getfd')}, os.pidfd_open(1), 0, 0)", "EPERM")
    yield Case("a signal by the pidfd of process 1", f"call({number('pidfd_send_signal')}, os.pidfd_open(1), 9, None, 0)", "EPERM")


def of_ipc(key, number):
    for what in ("shmget", "msgget", "semget"):
        words = {"shmget": "1, 0", "msgget": "0", "semget": "1, 0"}[what]
        yield Case(f"Victor's {what}", f"got = libc.{what}({key}, {words}); print('done' if got >= 0 else told(ctypes.get_errno()))",
                   "ENOENT", "done")
        yield Case(f"leave a {what}", f"got = libc.{what}({key} + 1, {words} | 0o1666); print(got >= 0)", "True")
        yield Case(f"find the {what} left", f"print(libc.{what}({key} + 1, {words}))", "-1")
    yield Case("Victor's queue", "r = ctypes.CDLL('librt.so.1', use_errno=True)\n"
               "got = r.mq_open(b'/victors-queue', 0); print('done' if got >= 0 else told(ctypes.get_errno()))", "ENOENT", "done")
    yield Case("shared memory of the machine", "print(open('/proc/sysvipc/shm').read().count('\\n'))", "1", None)
    for name, door in {"in scratch": "'{scratch}/victors-door'", "in /tmp": "'/tmp/victors-door'"}.items():
        yield Case(f"Victor's socket {name}", f"attempt(connect, socket.AF_UNIX, {door})", "ENOENT", "done")
    yield Case("Victor's checkpoint socket", "attempt(connect, socket.AF_UNIX, '{scratch}/.checkpoint')", "ENOENT", "done")
    yield Case("Victor's socket without a file", "attempt(connect, socket.AF_UNIX, '\\0{abstract}')", "EPERM", "done")
    yield Case("an own socket without a file",
               "s = socket.socket(socket.AF_UNIX); s.bind('\\0mallory'); s.listen()\n"
               "attempt(connect, socket.AF_UNIX, '\\0mallory')", "done")
    yield Case("ranks of one task share memory",
               "import mmap\nfd = os.open('/dev/shm/ring', os.O_CREAT | os.O_RDWR); os.ftruncate(fd, 4096)\n"
               "m = mmap.mmap(fd, 4096)\nif os.fork() == 0:\n"
               "    mmap.mmap(os.open('/dev/shm/ring', os.O_RDWR), 4096)[0:2] = b'hi'; os._exit(0)\n"
               "os.wait(); print(m[0:2])", "b'hi'")
    for name, family in {"AF_PACKET": 17, "AF_ALG": 38, "AF_VSOCK": 40, "AF_KEY": 15}.items():
        yield Case(f"a socket of {name}", f"call({number('socket')}, {family}, 3, 0)", "EAFNOSUPPORT",
                   "EPERM|ESOCKTNOSUPPORT" if name == "AF_PACKET" else None)
    yield Case("raw packets", f"call({number('socket')}, 2, 3, 1)", "EPERM")
    yield Case("a port of the system", "attempt(lambda: socket.socket().bind(('127.0.0.1', 80)))", "EACCES", None)
    yield Case("sockets that jobs need", "for f in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):\n"
               "    attempt(lambda: socket.socket(f, socket.SOCK_RAW if f == socket.AF_NETLINK else socket.SOCK_STREAM))",
               "(done\n){3}done")


def checked(cases):
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), "a name stands for one case"
    for case in cases:
        re.compile(case.sees)
    return cases


def all_cases(number, key):
    return checked([
        *of_syscalls(number), *of_namespaces(number), *of_victors_files(), *of_the_agents_files(),
        *of_the_systems_files(), *of_privileges(), *of_devices(), *of_processes(number), *of_ipc(key, number),
    ])
