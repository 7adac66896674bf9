# A node out of touch keeps its jobs until its lease ends; only then are they started elsewhere.
node n1 gpus=8
node n2 gpus=8
tenant t

at 0s submit lasting tenant=t gpus=8 retries=1 backoff=1s
at 0s submit once tenant=t gpus=8
at 1s runs lasting
at 1s runs once
at 10s lose n1
at 40s node n1
at 41s exits lasting
----
0s    lasting placed on n1[0-7]
0s    once placed on n2[0-7]
41s   lasting ended: completed; used 328 GPU-seconds

# This time it does not come back.
at 50s submit second tenant=t gpus=8 retries=1 backoff=1s
at 51s runs second
at 60s lose n1
at 119s tick
at 120s tick
----
50s   second placed on n1[0-7]
120s  n1 lost
120s  second waits again until 121s: node lost; used 560 GPU-seconds

at 130s exits once
----
130s  once ended: completed; used 1040 GPU-seconds
130s  second placed on n2[0-7]

# A machine that was restarted has lost what ran on it.
at 140s runs second
at 150s node n2 boot=boot-2
----
150s  second ended: node lost; used 160 GPU-seconds

# A drained node finishes what it has and takes nothing new.
at 160s drain n2 reason=fan
at 161s submit late tenant=t gpus=8
explain late
----
160s  n2 drained
NODES_OUT: asks for 8 nvidia-h200; 0 are free and 16 are out of service on n1, n2 (drained: fan)

at 170s resume n2
----
170s  late placed on n2[0-7]

