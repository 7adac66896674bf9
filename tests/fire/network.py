"""Network namespaces around one bridge, each with an address of its own, that can be cut off.

Only in a network namespace of our own (ground.enter_own_namespaces).
"""

import subprocess

HUB = "10.77.0.1"
CUTS = {
    # What the one who is cut off no longer hears, no longer can say, or both; or every packet to it is answered
    # by a reset.
    "cut-in": "chain in { type filter hook input priority 0; iifname eth0 drop; }",
    "cut-out": "chain out { type filter hook output priority 0; oifname eth0 drop; }",
    "cut-both": "chain in { type filter hook input priority 0; iifname eth0 drop; }\n"
    "chain out { type filter hook output priority 0; oifname eth0 drop; }",
    "cut-reset": "chain in { type filter hook input priority 0; iifname eth0 meta l4proto tcp reject with tcp reset; }",
}


def run(*words, **more):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, **more)


class Network:
    def __init__(self):
        self.places = {}
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "hub", "type", "bridge")
        run("ip", "address", "add", f"{HUB}/24", "dev", "hub")
        run("ip", "link", "set", "hub", "up")

    def place(self, name):
        if name not in self.places:
            self.places[name] = Place(len(self.places) + 2)
        return self.places[name]

    def close(self):
        for place in self.places.values():
            place.holder.kill()
            place.holder.wait()


class Place:
    def __init__(self, number):
        self.address = f"10.77.0.{number}"
        # Holds the namespace; ends with us, as its input does.
        self.holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo here; cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.holder.stdout.readline()
        link = f"place{number}"
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", self.holder.pid)
        run("ip", "link", "set", link, "master", "hub", "up")
        for words in (
            ("address", "add", f"{self.address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            run(*self.prefix(), "ip", *words)

    def prefix(self):
        """Runs a command here; nsenter becomes that command, with its process id."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--"]

    def cut(self, kind):
        rules = f"table inet fire {{\n{CUTS[kind]}\n}}\n".replace("; }", ";\n}").replace("{ type", "{\ntype")
        run(*self.prefix(), "nft", "-f", "-", input=rules, text=True)

    def heal(self):
        run(*self.prefix(), "nft", "flush", "ruleset")
