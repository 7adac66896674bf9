# A large job that finds no room has a place kept for it, from when running jobs will have ended on.
node n1 gpus=8
node n2 gpus=8
tenant t

at 0s submit a tenant=t gpus=8 time=2h
at 0s submit b tenant=t gpus=4 time=1h
at 0s runs a
at 0s runs b
at 60s submit large tenant=t nodes=2 gpus=8 time=4h
at 60s explain large
----
0s    a placed on n1[0-7]
0s    b placed on n2[0-3]
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 4 are free; "t" holds 12, others hold 0; a place on n1, n2 is kept for it, which should be free at 1970-01-01T02:00:30Z

# Beside it comes who will have ended by then, or may be stopped; not who might be in its way.
at 120s submit short tenant=t gpus=1 time=90m
at 120s submit long tenant=t gpus=1 time=3h
at 120s submit endless tenant=t gpus=1
at 120s submit stoppable tenant=t gpus=2 preemptible=yes
----
120s  short placed on n2[4]
120s  stoppable placed on n2[5-6]

explain long
----
RESERVED: there is room on n2, kept for job 8, which should start at 1970-01-01T02:00:30Z; with its time limit of 03:00:00 it might still run then
would start now with --preemptible
would start now with --time 01:57:00

explain endless
----
RESERVED: there is room on n2, kept for job 8, which should start at 1970-01-01T02:00:30Z; it has no time limit, so nobody knows that it will have ended
would start now with --preemptible
would start now with --time 01:57:00

# Its place comes, and what fills it makes room.
at 3600s exits b
at 5400s exits short
at 7200s exits a
at 7205s exits stoppable signal=15
----
3600s b ended: completed; used 14400 GPU-seconds
3720s long is to follow stoppable on n2[5]
3720s stoppable told to stop: preempted
3720s endless placed on n2[0]
3810s long lost the place kept for it
3810s long placed on n2[1]
5400s short ended: completed; used 5280 GPU-seconds
7200s a ended: completed; used 57600 GPU-seconds
7205s stoppable waits again until 7205s: preempted; used 14170 GPU-seconds
7205s stoppable placed on n2[2-3]

# What was kept off comes when it is gone.
at 9000s exits large
----

# A job that runs beyond its limit is waited for a little; then another place is looked for.
at 10000s exits long
at 10000s exits endless
at 10000s exits stoppable
at 10000s submit c tenant=t gpus=8 time=1h
at 10000s submit d tenant=t gpus=4 time=2h
at 10000s submit wide tenant=t nodes=2 gpus=8 time=1h
at 10000s submit waits tenant=t gpus=1
at 10000s explain wide
at 17300s explain wide
at 17400s exits d
at 17500s exits c
----
10000s long ended: completed; used 6190 GPU-seconds
10000s endless ended: completed; used 6280 GPU-seconds
10000s large is to follow stoppable on n1[0-7] n2[0-7]
10000s stoppable told to stop: preempted
10000s stoppable waits again until 10000s: preempted; used 5590 GPU-seconds
10000s large placed on n1[0-7] n2[0-7]
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 0 are free; "t" holds 16, others hold 0
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 0 are free; "t" holds 16, others hold 0

# Who goes before by right need not mind: nothing is known any more of when the large one may come.
at 17600s exits waits
at 17600s exits wide
at 17700s submit e tenant=t gpus=8 time=1h
at 17700s submit f tenant=t gpus=4 time=1h
at 17800s submit vast tenant=t nodes=2 gpus=8 time=1h
at 17900s submit urgent tenant=t gpus=1 priority=high
at 17900s explain vast
----
BEHIND: 1 jobs that ask for the same came first
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 0 are free; "t" holds 16, others hold 0

# Without time limits nothing is known, and nothing is kept.
at 18000s cancel vast
at 18000s exits urgent
at 18000s exits f
at 18000s exits e
at 18100s submit g tenant=t gpus=4
at 18200s submit vast2 tenant=t nodes=2 gpus=8 time=1h
at 18300s submit h tenant=t gpus=2
at 18300s explain vast2
----
18000s vast ended: cancelled by user
BEHIND: 1 jobs that ask for the same came first
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 0 are free; "t" holds 16, others hold 0
