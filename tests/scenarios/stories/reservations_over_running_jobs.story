# What runs on the nodes and cannot be stopped is named when they are reserved, unless it is gone by then.
node n1 gpus=8
node n2 gpus=8
tenant t

at 0s submit endless tenant=t gpus=4
at 0s submit brief tenant=t gpus=4 time=2h
at 0s submit stoppable tenant=t gpus=8 preemptible=yes
at 10s runs brief
at 100s reserve early nodes=n1,n2 start=1h time=1h
at 100s reserve later nodes=n1,n2 start=3h time=1h
----
0s    endless placed on n1[0-3]
0s    brief placed on n1[4-7]
0s    stoppable placed on n2[0-7]
100s  refused: these jobs cannot be stopped and may still run there when the window begins: 4 (no time limit), 6 (until 1970-01-01T02:00:10Z); wait, cancel them, or let them run on with --force
100s  refused: these jobs cannot be stopped and may still run there when the window begins: 4 (no time limit); wait, cancel them, or let them run on with --force

# --force lets them run on; what may be stopped is stopped when it begins.
at 100s reserve early nodes=n1,n2 start=1h time=1h force=yes
at 3600s tick
at 3605s exits stoppable signal=15
at 3605s explain stoppable
----
3600s early begins
3600s stoppable told to stop: preempted
3605s stoppable waits again until 3605s: preempted; used 28840 GPU-seconds
RESERVED: there is room on n2, reserved by "early" until 1970-01-01T02:00:00Z

# At the end it comes back.
at 7200s tick
----
7200s early ends
7200s stoppable placed on n2[0-7]

# Times that have passed, names that are taken, nodes that are not there.
at 7300s reserve past nodes=n1 start=1h time=10m
at 7300s reserve nowhere nodes=n3 start=9h
at 7300s reserve nobody labels=rack:z start=9h
at 7300s reserve nothing start=9h
at 7300s reserve always nodes=n1 start=9h time=24h every=24h
at 7300s reserve twice nodes=n1 start=99h time=1h force=yes
at 7300s reserve twice nodes=n1 start=99h time=1h force=yes request=other
at 7300s reserve none nodes=n1 start=9h time=0s
at 7300s reserve mine nodes=n1 start=9h user=somebody
at 7300s unreserve twice user=somebody
----
7300s refused: start: the window would have ended at 1970-01-01T01:10:00Z, and that has passed
7300s refused: nodes: no node "n3"; `gusu nodes` lists those there are
7300s refused: node_labels: no node carries these labels
7300s refused: nodes: names none; allowed: names of nodes, or labels they carry
7300s refused: every: the window lasts 1-00:00:00 and would begin again after 1-00:00:00, so nobody would ever have the nodes back
7300s refused: reservation "twice" is there already; choose another name, or delete it first
7300s refused: duration: must be above 0
7300s refused: somebody may not reserve nodes; that takes the role "operator" or "system_admin"
7300s refused: somebody may not reserve nodes; that takes the role "operator" or "system_admin"
