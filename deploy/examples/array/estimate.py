#!/usr/bin/python3
"""One element of an array: estimates pi from its own stream of random points."""

import os
import random

POINTS = 1_000_000

index = int(os.environ["GUSU_ARRAY_TASK_ID"])
stream = random.Random(index)
inside = sum(stream.random() ** 2 + stream.random() ** 2 <= 1 for _ in range(POINTS))
print(f"element {index}: pi is about {4 * inside / POINTS:.5f}")
