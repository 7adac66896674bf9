# A failed job comes back after its back-off, which doubles; then it has failed for good.
node n1 gpus=8
tenant t

at 0s submit flaky tenant=t gpus=1 retries=2 backoff=10s
at 1s exits flaky code=1
explain flaky
----
0s    flaky placed on n1[0]
1s    flaky waits again until 11s: exit code 1; used 1 GPU-seconds
RETRY_BACKOFF: attempt 2 begins at 1970-01-01T00:00:11Z, after 1 failures

at 11s tick
at 12s exits flaky code=1
at 32s tick
at 33s exits flaky code=1
----
11s   flaky placed on n1[0]
12s   flaky waits again until 32s: exit code 1; used 1 GPU-seconds
32s   flaky placed on n1[0]
33s   flaky ended: exit code 1; used 1 GPU-seconds

