"""A device plugin as a vendor would write it, for the published API: its messages are made by protoc
from the .proto, gRPC is Debian's python3-grpcio.

    device_plugin.py FOLDER PROTO_FOLDER RESOURCE DEVICE...

serves at FOLDER/toy.sock, registers at FOLDER/kubelet.sock, lists the devices, and gives each task
ASCEND_VISIBLE_DEVICES and /dev/full. Lines on stdin change its devices: "Unhealthy ID", "Healthy ID"; or how it
answers who wants some: "hang -", "refuse -", "well -".
"""

import concurrent.futures
import os
import pathlib
import queue
import subprocess
import sys
import tempfile
import threading

import grpc


def messages(proto_folder):
    out = tempfile.mkdtemp()
    subprocess.run(["protoc", f"--proto_path={proto_folder}", f"--python_out={out}", "deviceplugin/v1beta1/api.proto"], check=True)
    sys.path.insert(0, out)
    from deviceplugin.v1beta1 import api_pb2

    return api_pb2


class Plugin:
    def __init__(self, api, devices):
        self.api = api
        self.health = dict.fromkeys(devices, "Healthy")
        self.watchers = []
        self.mood = "well"
        self.answering = threading.Event()
        self.answering.set()

    def list(self):
        return self.api.ListAndWatchResponse(devices=[self.api.Device(ID=id_, health=health) for id_, health in self.health.items()])

    def set(self, device, health):
        self.health[device] = health
        for watcher in self.watchers:
            watcher.put(self.list())

    def options(self, request, context):
        return self.api.DevicePluginOptions(pre_start_required=True)

    def list_and_watch(self, request, context):
        changes = queue.Queue()
        self.watchers.append(changes)
        yield self.list()
        while True:
            yield changes.get()

    def allocate(self, request, context):
        self.answering.wait()
        if self.mood == "refuse":
            context.abort(grpc.StatusCode.INTERNAL, "out of order")
        answer = self.api.AllocateResponse()
        for container in request.container_requests:
            given = answer.container_responses.add()
            given.envs["ASCEND_VISIBLE_DEVICES"] = ",".join(sorted(container.devices_ids))
            given.devices.add(container_path="/dev/full", host_path="/dev/full", permissions="rw")
            given.annotations["vendor.example/of"] = "no use to a process"
        return answer

    def prepare(self, request, context):
        print("prepared", *request.devices_ids, flush=True)
        return self.api.PreStartContainerResponse()

    def handlers(self):
        def unary(method, request):
            return grpc.unary_unary_rpc_method_handler(method, request.FromString, lambda message: message.SerializeToString())

        api = self.api
        return grpc.method_handlers_generic_handler(
            "v1beta1.DevicePlugin",
            {
                "GetDevicePluginOptions": unary(self.options, api.Empty),
                "ListAndWatch": grpc.unary_stream_rpc_method_handler(self.list_and_watch, api.Empty.FromString, lambda message: message.SerializeToString()),
                "Allocate": unary(self.allocate, api.AllocateRequest),
                "PreStartContainer": unary(self.prepare, api.PreStartContainerRequest),
            },
        )


def main():
    folder, proto_folder, resource, *devices = sys.argv[1:]
    api = messages(proto_folder)
    plugin = Plugin(api, devices)
    endpoint = pathlib.Path(folder, "toy.sock")
    endpoint.unlink(missing_ok=True)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((plugin.handlers(),))
    server.add_insecure_port(f"unix:{endpoint}")
    server.start()
    channel = grpc.insecure_channel(f"unix:{folder}/kubelet.sock")
    register = channel.unary_unary("/v1beta1.Registration/Register", request_serializer=lambda message: message.SerializeToString(), response_deserializer=api.Empty.FromString)
    register(api.RegisterRequest(version="v1beta1", endpoint=endpoint.name, resource_name=resource), timeout=10)
    print("registered", flush=True)
    for line in sys.stdin:
        word, device = line.split()
        if device == "-":
            plugin.mood = word
            (plugin.answering.clear if word == "hang" else plugin.answering.set)()
        else:
            plugin.set(device, word)
    os._exit(0)


main()
