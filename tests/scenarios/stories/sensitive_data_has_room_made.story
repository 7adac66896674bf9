# Room is made for a job that shares no node by stopping all others there, or nobody.
node n1 gpus=4
node n2 gpus=4
tenant med guaranteed=4 class=sensitive
tenant lab

at 0s submit a tenant=lab gpus=2 preemptible=yes
at 0s submit b tenant=lab gpus=1 preemptible=yes
at 0s submit c tenant=lab gpus=4 preemptible=yes
at 0s runs a
at 0s runs b
at 0s runs c
----
0s    a placed on n1[0-1]
0s    b placed on n1[2]
0s    c placed on n2[0-3]

at 700s submit scan tenant=med gpus=1 time=1h
at 700s explain scan
at 701s submit sneaks tenant=lab gpus=1 time=10m
at 705s exits a signal=15
at 706s exits b signal=15
----
700s  scan is to follow a b on n1[0]
700s  a told to stop: preempted
700s  b told to stop: preempted
RECLAIMING: its place is being made: 2 jobs were asked to stop, at the latest by 1970-01-01T00:13:10Z
705s  a waits again until 705s: preempted; used 1410 GPU-seconds
706s  b waits again until 706s: preempted; used 706 GPU-seconds
706s  scan placed on n1[0]

# Its node stays closed while it is there, and so is the room that is left of it.
at 710s submit again tenant=med gpus=3 time=1h
at 711s explain a
----
710s  again placed on n1[1-3]
MODEL_BUSY: asks for 2 nvidia-h200; of 8, 0 are free; "lab" holds 4, others hold 4; a place on n1 is kept for it, which should be free at 1970-01-01T01:12:20Z

at 800s exits scan
at 801s exits again
----
800s  scan ended: completed; used 94 GPU-seconds
801s  again ended: completed; used 273 GPU-seconds
801s  sneaks placed on n1[0]
801s  b placed on n1[1]
801s  a placed on n1[2-3]

# A place is kept for one that must have a node for itself, even of one GPU.
at 900s cancel a b c sneaks
at 930s exits c signal=15
at 930s exits a signal=15
at 930s exits b signal=15
at 930s exits sneaks signal=15
----
900s  a told to stop: cancelled by user
900s  b told to stop: cancelled by user
900s  c told to stop: cancelled by user
900s  sneaks told to stop: cancelled by user
930s  c ended: cancelled by user; used 3720 GPU-seconds
930s  a ended: cancelled by user; used 258 GPU-seconds
930s  b ended: cancelled by user; used 129 GPU-seconds
930s  sneaks ended: cancelled by user; used 129 GPU-seconds

node n3 gpus=4
at 1000s submit x tenant=lab gpus=1 time=1h
at 1000s submit y tenant=lab gpus=4 time=2h
at 1000s submit z tenant=lab gpus=4 time=2h
at 1000s runs x
at 1000s runs y
at 1000s runs z
at 1010s submit kept tenant=med gpus=1 time=1h
at 1010s explain kept
at 1020s submit short tenant=lab gpus=1 time=30m priority=low
at 1020s submit late tenant=lab gpus=1 time=90m priority=low
at 1020s explain late
----
1000s x placed on n1[0]
1000s y placed on n2[0-3]
1000s z placed on n3[0-3]
KEPT_APART: node n1 has room and holds a job of another tenant, and data of "med" is sensitive: its jobs share no node with those of others; a place on n1 is kept for it, which should be free at 1970-01-01T01:17:10Z
1020s short placed on n1[1]
RESERVED: there is room on n1, kept for a job before it, which should start at 1970-01-01T01:17:10Z; with its time limit of 01:30:00 it might still run then
would start now with --preemptible
would start now with --time 00:59:00

at 2800s exits short
at 4600s exits x
----
2800s short ended: completed; used 1780 GPU-seconds
4600s x ended: completed; used 3600 GPU-seconds
4600s kept placed on n1[0]
