"""Accelerators that a vendor's device plugin brings: device_plugin.py beside this file is one."""

import pathlib
import subprocess
import sys
import urllib.request

from platform_under_test import SOURCE, wait_until

RESOURCE = "huawei.com/Ascend910"
DEVICES = ["Ascend910-0", "Ascend910-1"]


class Plugin:
    def __init__(self, folder):
        program = pathlib.Path(__file__).with_name("device_plugin.py")
        command = [sys.executable, "-B", program, folder, SOURCE / "proto", RESOURCE, *DEVICES]
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "registered\n"

    def set(self, device, health):
        self.process.stdin.write(f"{health} {device}\n")
        self.process.stdin.flush()

    def say(self, word):
        self.process.stdin.write(f"{word} -\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait(30)


def devices(platform):
    return platform.node("n1")["inventory"].get("devices", [])


def metrics_of(platform):
    http = platform.agents["n1"].wait_ready()["http"]
    return urllib.request.urlopen(f"http://{http}/metrics", timeout=30).read().decode()


def healths(platform):
    return [device["healthy"] for device in devices(platform)]


def test_a_plugin_s_devices_are_offered_given_out_and_watched(platform, folder):
    folder = folder / "plugins"
    platform.start_agent(
        "n1",
        gpus=None,
        catalogue_file=str(SOURCE / "deploy/catalogue.yaml"),
        device_plugins={"folder": str(folder), "resources": {RESOURCE: "ascend-910b"}},
        http_listen="127.0.0.1:0",
        http_insecure="loopback-only",
    )
    platform.gusu("tenant", "create", "lab")
    platform.gusu("quota", "set", "lab", "any", "--guaranteed", "8", "--limit", "8")
    plugin = Plugin(folder)
    try:
        # The inventory: by the catalogue's name and memory, real, healthy.
        wait_until("the devices to be offered", lambda: healths(platform) == [True, True])
        assert [device["accelerator"] for device in devices(platform)] == ["ascend-910b"] * 2
        assert [device["uuid"] for device in devices(platform)] == DEVICES
        assert not any(device.get("simulated") for device in devices(platform))

        # A job has what the plugin gives: the variable, and the device file through the filter.
        command = ["sh", "-c", 'echo "$ASCEND_VISIBLE_DEVICES/$CUDA_VISIBLE_DEVICES"; cat </dev/full | head -c 1 | wc -c']
        done = platform.gusu("run", "--tenant", "lab", "--gpus", "2", "--accelerator", "ascend-910b", "--", *command)
        assert done.stdout.split() == [",".join(DEVICES) + "/", "1"]
        assert plugin.process.stdout.readline().split() == ["prepared", *DEVICES]

        # A device fails while nothing runs: it is offered no more, and says why; and comes back.
        plugin.set(DEVICES[1], "Unhealthy")
        wait_until("it to be unhealthy", lambda: healths(platform) == [True, False])
        metrics = metrics_of(platform)
        for index, value in enumerate([1, 0]):
            assert f'gusu_gpu_healthy{{node="n1",gpu="{index}",accelerator="ascend-910b"}} {value}' in metrics
        assert 'its plugin says: "Unhealthy"' in devices(platform)[1]["health_detail"]
        shown = platform.gusu("node", "show", "n1").stdout
        assert "unhealthy" in shown and "its plugin says" in shown
        one = ["--tenant", "lab", "--gpus", "1", "--", "sh", "-c", "echo $ASCEND_VISIBLE_DEVICES"]
        assert platform.gusu("run", *one).stdout.strip() == DEVICES[0]
        plugin.set(DEVICES[1], "Healthy")
        wait_until("it to be healthy again", lambda: healths(platform) == [True, True])

        # A plugin that hangs, or refuses, costs the job neither its place nor a retry.
        for word, why in [("hang", "does not give"), ("refuse", "out of order")]:
            plugin.say(word)
            job = platform.submit(*one)
            told = wait_until("it to come back", lambda: "DEVICE_FAULT" in (text := platform.gusu("show", job).stdout) and text)
            assert why in told and "huawei.com/Ascend910" in told, told
            plugin.say("well")
            platform.wait_state(job, "SUCCEEDED", seconds=120)
            assert platform.node("n1")["gpus_used"] == 0
            wait_until("both to be offered again", lambda: healths(platform) == [True, True], 120)

        # The plugin dies: no device. It starts again: the same ones under the same numbers.
        plugin.kill()
        wait_until("them to be unhealthy", lambda: healths(platform) == [False, False])
        plugin = Plugin(folder)
        wait_until("them to be back", lambda: healths(platform) == [True, True])
        assert [device["uuid"] for device in devices(platform)] == DEVICES

        # The agent starts again: what it offers waits for the plugin, which looks for the new socket.
        platform.agents["n1"].kill()
        plugin.kill()
        platform.agents["n1"].start().wait_ready()
        wait_until("them to wait for their plugin", lambda: healths(platform) == [False, False])
        plugin = Plugin(folder)
        wait_until("them to be back", lambda: healths(platform) == [True, True])
    finally:
        plugin.kill()


def test_a_check_of_a_node_tells_what_came_of_it(platform):
    platform.start_agent("n1", gpus=1)
    checked = platform.gusu("node", "check", "n1", check=False)
    assert checked.returncode == 1
    assert "not run: only NVIDIA's cards can be diagnosed" in checked.stdout
    assert platform.gusu("node", "check", "n1", "--gpu", "7", check=False).returncode == 3
    assert platform.gusu("node", "check", "nobody", check=False).returncode == 3
