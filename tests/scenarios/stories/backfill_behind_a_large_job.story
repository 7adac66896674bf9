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

# Behind it comes who will have ended by then, or may be stopped; not who might be in its way.
at 120s submit short tenant=t gpus=1 time=90m priority=low
at 120s submit long tenant=t gpus=1 time=3h priority=low
at 120s submit endless tenant=t gpus=1 priority=low
at 120s submit stoppable tenant=t gpus=2 preemptible=yes priority=low
----
120s  short placed on n2[4]
120s  stoppable placed on n2[5-6]

explain long
----
RESERVED: there is room on n2, kept for a job before it, which should start at 1970-01-01T02:00:30Z; with its time limit of 03:00:00 it might still run then
would start now with --preemptible
would start now with --time 01:57:00

explain endless
----
RESERVED: there is room on n2, kept for a job before it, which should start at 1970-01-01T02:00:30Z; it has no time limit, so nobody knows that it will have ended
would start now with --preemptible
would start now with --time 01:57:00

# Its place comes, and what fills it makes room.
at 3600s exits b
at 5400s exits short
at 7200s exits a
at 7205s exits stoppable signal=15
----
3600s b ended: completed; used 14400 GPU-seconds
5400s short ended: completed; used 5280 GPU-seconds
7200s a ended: completed; used 57600 GPU-seconds
7200s large is to follow stoppable on n1[0-7] n2[0-7]
7200s stoppable told to stop: preempted
7205s stoppable waits again until 7205s: preempted; used 14170 GPU-seconds
7205s large placed on n1[0-7] n2[0-7]

# What was kept off comes when it is gone.
at 9000s exits large
----
9000s large ended: completed; used 28720 GPU-seconds
9000s long placed on n1[0]
9000s endless placed on n1[1]
9000s stoppable placed on n1[2-3]

# A job that runs beyond its limit is waited for a little; then another place is looked for.
at 10000s exits long
at 10000s exits endless
at 10000s exits stoppable
at 10000s submit c tenant=t gpus=8 time=1h
at 10000s submit d tenant=t gpus=4 time=2h
at 10000s submit wide tenant=t nodes=2 gpus=8 time=1h
at 10000s submit waits tenant=t gpus=1 priority=low
at 10000s explain wide
at 17300s explain wide
at 17400s exits d
at 17500s exits c
----
10000s long ended: completed; used 1000 GPU-seconds
10000s endless ended: completed; used 1000 GPU-seconds
10000s stoppable ended: completed; used 2000 GPU-seconds
10000s c placed on n1[0-7]
10000s d placed on n2[0-3]
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 4 are free; "t" holds 12, others hold 0; a place on n1, n2 is kept for it, which should be free at 1970-01-01T04:47:10Z
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 4 are free; "t" holds 12, others hold 0; a place on n1, n2 is kept for it, which should be free at 1970-01-01T04:49:10Z
17400s d ended: completed; used 29600 GPU-seconds
17500s c ended: completed; used 60000 GPU-seconds
17500s wide placed on n1[0-7] n2[0-7]

# Who goes before in turn need not mind, by priority or since it is likely to need less: nothing is
# known any more of when the large one may come.
at 17600s exits wide
at 17650s exits waits
at 17700s submit e tenant=t gpus=8 time=1h
at 17700s submit f tenant=t gpus=4 time=1h
at 17800s submit vast tenant=t nodes=2 gpus=8 time=1h
at 17800s explain vast
at 17900s submit urgent tenant=t gpus=1 priority=high
at 17900s submit small tenant=t gpus=1
at 17900s explain vast
----
17600s wide ended: completed; used 1600 GPU-seconds
17600s waits placed on n1[0]
17650s waits ended: completed; used 50 GPU-seconds
17700s e placed on n1[0-7]
17700s f placed on n2[0-3]
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 4 are free; "t" holds 12, others hold 0; a place on n1, n2 is kept for it, which should be free at 1970-01-01T05:55:30Z
17900s urgent placed on n2[4]
17900s small placed on n2[5]
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 2 are free; "t" holds 14, others hold 0

# Without time limits nothing is known, and nothing is kept.
at 18000s cancel vast
at 18000s exits urgent
at 18000s exits small
at 18000s exits f
at 18000s exits e
at 18100s submit g tenant=t gpus=4
at 18200s submit vast2 tenant=t nodes=2 gpus=8 time=1h
at 18300s submit h tenant=t gpus=2
at 18300s explain vast2
----
18000s vast ended: cancelled by user
18000s urgent ended: completed; used 100 GPU-seconds
18000s small ended: completed; used 100 GPU-seconds
18000s f ended: completed; used 1200 GPU-seconds
18000s e ended: completed; used 2400 GPU-seconds
18100s g placed on n1[0-3]
18300s h placed on n1[4-5]
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 10 are free; "t" holds 6, others hold 0
would start now with --nodes 1
would start now with --gpus-per-node 2
