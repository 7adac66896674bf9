# An administrator lowers a limit and asks for what is above it at once.
node n1 gpus=8
tenant a
at 0s submit a1 tenant=a gpus=2 preemptible=yes
at 1s submit a2 tenant=a gpus=2 preemptible=yes
at 2s submit a3 tenant=a gpus=2
at 60s quota a limit=1 reclaim=yes
at 60s quota a guaranteed=0 reclaim=yes
----
0s    a1 placed on n1[0-1]
1s    a2 placed on n1[2-3]
2s    a3 placed on n1[4-5]
60s   refused: reclaim: with all preemptible jobs stopped "a" still uses 2 nvidia-h200, and its limit is 1; cancel some of jobs 7, or set a limit of at least 2
60s   refused: reclaim: "a" has no limit of nvidia-h200 to come down to; give one with --limit

# The latest goes first, and only as many as it takes; they wait for their turn again.
at 61s quota a limit=4 reclaim=yes
at 65s exits a2 signal=15
explain a2
----
61s   a2 told to stop: preempted
65s   a2 waits again until 65s: preempted; used 128 GPU-seconds
TENANT_LIMIT: tenant "a" uses 4 of at most 4 GPUs (nvidia-h200); this job asks for 2

at 70s exits a1
----
70s   a1 ended: completed; used 140 GPU-seconds
70s   a2 placed on n1[0-1]

