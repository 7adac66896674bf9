# An exclusive job shares its nodes with nothing, and pays for all of them.
node n1 gpus=4
node n2 gpus=4
tenant t

at 0s submit small tenant=t gpus=1
at 1s submit alone tenant=t gpus=1 exclusive=yes
at 2s submit beside tenant=t gpus=3
at 3s submit cpus tenant=t cpus=1
at 4s submit late tenant=t gpus=1
explain late
----
0s    small placed on n1[0]
1s    alone placed on n2[0]
2s    beside placed on n1[1-3]
3s    cpus placed on n1
MODEL_BUSY: asks for 1 nvidia-h200; of 8, 0 are free; "t" holds 8, others hold 0

# Where something runs it does not go, however much is free.
at 5s submit second tenant=t gpus=1 exclusive=yes
at 6s exits beside
explain second
----
6s    beside ended: completed; used 12 GPU-seconds
6s    late placed on n1[1]
FRAGMENTED: is to be alone on its nodes; of 2 nodes that suit and take work, 0 run nothing and are kept for nobody
would start now with no --exclusive

# All devices of the node are in its account.
at 10s exits alone
----
10s   alone ended: completed; used 36 GPU-seconds
10s   second placed on n2[0]

at 11s exits second
at 12s exits late
at 13s exits small
at 14s exits cpus
----
11s   second ended: completed; used 4 GPU-seconds
12s   late ended: completed; used 6 GPU-seconds
13s   small ended: completed; used 13 GPU-seconds
14s   cpus ended: completed

# Several tasks share the nodes of their own job.
at 20s submit gang tenant=t gpus=1 tasks=6 exclusive=yes
at 21s submit next tenant=t cpus=1
explain next
at 22s exits gang
----
20s   gang placed on n1[0] n1[1] n1[2] n1[3] n2[0] n2[1]
CPU_OR_MEM_SHORT: asks for 1 CPUs and 1GiB of memory in all; the most free on one node is 0 CPUs, and 0B
22s   gang ended: completed; used 16 GPU-seconds
22s   next placed on n1
