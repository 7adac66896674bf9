"""What a platform tells of its whole state; what of that a later version must still tell."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("GUSU_BIN", str(ROOT / "build/release/bin"))
os.environ.setdefault("GUSU_SOURCE", str(ROOT))
sys.path.insert(0, str(ROOT / "tests/end_to_end"))

SAMPLES = pathlib.Path(__file__).parent / "samples"


# What depends on which nodes are in touch, and so on a restart.
LIVE = ("state", "last_seen", "lent", "lendable_now")


def without_live(rows):
    return [{name: value for name, value in row.items() if name not in LIVE} for row in rows]


def told(platform):
    jobs = platform.json("jobs", "--all", "--limit", "1000")["jobs"]
    return {
        "jobs": [platform.job(job["id"]) for job in jobs],
        "tenants": platform.json("tenants"),
        "quotas": without_live(platform.json("quota", "show")["quotas"]),
        "usage": platform.json("usage", "--since", "2020-01-01")["rows"],
        "users": platform.json("user", "list"),
        "tokens": platform.json("token", "list"),
        "reservations": platform.json("reservation", "list"),
        "nodes": without_live(platform.json("nodes")["nodes"]),
    }


def difference(kept, now, path=""):
    """Where `now` lacks or changes something of `kept`; "" if nowhere. More may be told."""
    if isinstance(kept, dict) and isinstance(now, dict):
        for name, value in kept.items():
            if name not in now:
                return f"{path}.{name} is gone"
            if found := difference(value, now[name], f"{path}.{name}"):
                return found
        return ""
    if isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        return next((found for i in range(len(kept)) if (found := difference(kept[i], now[i], f"{path}[{i}]"))), "")
    return "" if kept == now else f"{path}: {kept!r} is now {now!r}"
