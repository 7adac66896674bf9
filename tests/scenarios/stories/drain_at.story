# A node that is to be drained takes until then only what will have ended, or may be stopped.
node n1 gpus=8
tenant t

drain n1 at=2h reason=new-power-supply
at 10s submit endless tenant=t gpus=2
at 10s submit short tenant=t gpus=2 time=1h
at 10s submit stoppable tenant=t gpus=2 preemptible=yes
at 10s explain endless
----
10s   short placed on n1[0-1]
10s   stoppable placed on n1[2-3]
RESERVED: there is room on n1, which will be drained at 1970-01-01T02:00:00Z; it has no time limit, so nobody knows that it will have ended
would start now with --preemptible
would start now with --time 01:58:00

at 3600s exits short
at 7200s exits stoppable signal=15
at 7300s explain endless
at 7300s drain n1 at=9h
----
3600s short ended: completed; used 7180 GPU-seconds
7200s n1 drained
7200s stoppable told to stop: preempted
7200s stoppable waits again until 7200s: preempted; used 14380 GPU-seconds
NODES_OUT: asks for 2 nvidia-h200; 0 are free and 8 are out of service on n1 (drained: new-power-supply)
7300s refused: node "n1" is drained already

at 8000s resume n1
----
8000s endless placed on n1[0-1]
8000s stoppable placed on n1[2-3]

# A plan can be changed, and dropped.
at 8100s drain n1 at=4h
at 8100s drain n1 at=3h
at 8100s submit again tenant=t gpus=1
at 8200s resume n1
at 8200s resume n1
----
8200s again placed on n1[4]
8200s refused: node "n1" is not drained
