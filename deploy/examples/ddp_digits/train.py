#!/usr/bin/python3
"""Learns to read handwritten digits with PyTorch DistributedDataParallel, one process a node.

Written as a job on a shared cluster should be:
  - it takes its place in the group from the environment (MASTER_ADDR, MASTER_PORT, NODE_RANK, NNODES);
  - it writes a checkpoint to GUSU_CHECKPOINT_DIR after each epoch, whole or not at all, and goes on from there
    when it is started again;
  - on SIGTERM it ends after the epoch under way, with its checkpoint written.

The same seed and the same number of processes give the same model, interrupted or not.
EPOCHS (30), SEED (0) and DATA (digits.csv.gz beside this file) may be set in the environment.
"""

import datetime
import gzip
import ipaddress
import os
import pathlib
import signal
import sys
import time

import numpy
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

EXIT_STOPPED = 128 + signal.SIGTERM
BATCH = 32
TEST_SHARE = 0.2

stop_asked = False


def ask_to_stop(_signal, _frame):
    global stop_asked
    stop_asked = True


def from_environment(*names, default):
    """The first of these variables that is set."""
    return next((os.environ[name] for name in names if os.environ.get(name)), default)


def join_group():
    """(rank, number of processes, device); the process group is up when this returns."""
    rank = int(from_environment("RANK", "SLURM_PROCID", "NODE_RANK", default="0"))
    world = int(from_environment("WORLD_SIZE", "SLURM_NTASKS", "NNODES", default="1"))
    os.environ["RANK"], os.environ["WORLD_SIZE"] = str(rank), str(world)
    os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
    os.environ.setdefault("MASTER_PORT", "29500")
    if is_loopback(os.environ["MASTER_ADDR"]):  # all processes on one machine: stay off its network cards
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        os.environ.setdefault("NCCL_SOCKET_IFNAME", "lo")
    cuda = torch.cuda.is_available() and dist.is_nccl_available()
    device = torch.device("cuda", 0) if cuda else torch.device("cpu")
    dist.init_process_group("nccl" if cuda else "gloo", timeout=datetime.timedelta(minutes=5))
    return rank, world, device


def is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_digits(path):
    """Images in 0..1 as (n, 1, 8, 8), and their labels."""
    with gzip.open(path, "rt") as lines:
        table = numpy.loadtxt(lines, delimiter=",", dtype=numpy.int64)
    images = torch.from_numpy(table[:, :64]).float().div(16).view(-1, 1, 8, 8)
    return images, torch.from_numpy(table[:, 64])


def split(images, labels):
    """The same images are kept for the test in every run, whatever the seed."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(1998))
    test, train = order.split([int(len(order) * TEST_SHARE), len(order) - int(len(order) * TEST_SHARE)])
    return (images[train], labels[train]), (images[test], labels[test])


def make_model():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Dropout(0.25), nn.Linear(128, 10),
    )


def shaken(images, generator):
    """Shifts each image by up to a pixel each way, and adds a little noise."""
    padded = nn.functional.pad(images, (1, 1, 1, 1))
    shifts = torch.randint(0, 3, (len(images), 2), generator=generator).tolist()
    moved = [padded[i, :, y : y + 8, x : x + 8] for i, (y, x) in enumerate(shifts)]
    return torch.stack(moved) + 0.05 * torch.randn(images.shape, generator=generator)


class Checkpoint:
    """Epoch, weights and optimizer of rank 0. Without GUSU_CHECKPOINT_DIR it keeps nothing."""

    def __init__(self):
        folder = os.environ.get("GUSU_CHECKPOINT_DIR")
        self.path = pathlib.Path(folder) / "checkpoint.pt" if folder else None

    def save(self, epochs_done, model, optimizer):
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".unfinished")
        with open(unfinished, "wb") as file:
            torch.save({"epochs": epochs_done, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self.path)

    def load(self):
        if self.path is None or not self.path.exists():
            return None
        return torch.load(self.path, map_location="cpu")


def resume(checkpoint, rank, model, optimizer):
    """Gives every process what rank 0 finds, so that only its node needs the file. Returns epochs done."""
    found = [checkpoint.load() if rank == 0 else None]
    dist.broadcast_object_list(found, src=0)
    if found[0] is None:
        return 0
    model.load_state_dict(found[0]["model"])
    optimizer.load_state_dict(found[0]["optimizer"])
    if rank == 0:
        print(f"resumed from {checkpoint.path} after epoch {found[0]['epochs']}", flush=True)
    return found[0]["epochs"]


def train_epoch(model, optimizer, data, epoch, seed, device):
    """One pass over this process's part of the images; returns the mean loss over all processes."""
    images, labels = data
    rank, world = dist.get_rank(), dist.get_world_size()
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed * 1000 + epoch))
    mine = order[rank : len(order) // world * world : world]
    own = torch.Generator().manual_seed((seed * 1000 + epoch) * 1000 + rank)
    torch.manual_seed((seed * 1000 + epoch) * 1000 + 500 + rank)  # of dropout
    model.train()
    total, batches = torch.zeros(1, device=device), 0
    for batch in mine.split(BATCH):
        optimizer.zero_grad()
        answers = model(shaken(images[batch], own).to(device))
        loss = nn.functional.cross_entropy(answers, labels[batch].to(device))
        loss.backward()
        optimizer.step()
        total += loss.detach()
        batches += 1
    dist.all_reduce(total)
    return float(total) / (batches * world)


def accuracy(model, data, device):
    images, labels = data
    model.eval()
    with torch.no_grad():
        return float((model(images.to(device)).argmax(1).cpu() == labels).float().mean())


def any_asked_to_stop(device):
    asked = torch.tensor([1.0 if stop_asked else 0.0], device=device)
    dist.all_reduce(asked)
    return bool(asked.item() > 0)


def train(rank, world, device):
    """Returns the exit status."""
    epochs, seed = int(os.environ.get("EPOCHS", "30")), int(os.environ.get("SEED", "0"))
    path = os.environ.get("DATA", pathlib.Path(__file__).resolve().parent / "digits.csv.gz")
    training, test = split(*read_digits(path))
    torch.manual_seed(seed)
    model = make_model().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    checkpoint = Checkpoint()
    done = resume(checkpoint, rank, model, optimizer)
    parallel = DistributedDataParallel(model)
    for epoch in range(done + 1, epochs + 1):
        began = time.monotonic()
        loss = train_epoch(parallel, optimizer, training, epoch, seed, device)
        if rank == 0:
            checkpoint.save(epoch, model, optimizer)
            took = time.monotonic() - began
            print(f"epoch {epoch}/{epochs} loss {loss:.4f} accuracy {accuracy(model, test, device):.3f} {took:.1f} s",
                  flush=True)
        if any_asked_to_stop(device) and epoch < epochs:
            print(f"rank {rank}: asked to stop, epoch {epoch} is saved", flush=True)
            return EXIT_STOPPED
    if rank == 0:
        print(f"test accuracy: {accuracy(model, test, device):.3f}", flush=True)
    return 0


def main():
    signal.signal(signal.SIGTERM, ask_to_stop)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    rank, world, device = join_group()
    job, attempt = os.environ.get("GUSU_JOB_ID", "-"), os.environ.get("GUSU_ATTEMPT", "-")
    print(f"rank {rank} of {world} on {os.uname().nodename}, {device}, {dist.get_backend()}, "
          f"job {job}, attempt {attempt}", flush=True)
    status = train(rank, world, device)
    dist.destroy_process_group()
    sys.exit(status)


main()
