"""Gusu for submit_and_kill: one scheduler on SQLite."""

import json
import subprocess

from platform_under_test import Platform, wait_until


class GusuTarget(Platform):
    name = "gusu"

    def __init__(self, folder):
        super().__init__(folder)
        self.gusu("tenant", "create", "t")

    def submit(self, request):
        words = ("--name", request, "--request-id", request, "--tenant", "t", "--hold", "--", "true")
        try:
            done = self.gusu("submit", *words, check=False, timeout=60)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    def is_accepting(self):
        return json.loads(self.gusu("status", "--json").stdout)["accepting"]

    def kill(self):
        self.scheduler.kill()

    def start(self):
        self.start_scheduler()

    def listed(self):
        wait_until("the scheduler to accept", self.is_accepting)
        jobs = json.loads(self.gusu("jobs", "--all", "--limit", "10000000", "--json", timeout=600).stdout)["jobs"]
        return [(job["id"], job["spec"]["name"]) for job in jobs]
