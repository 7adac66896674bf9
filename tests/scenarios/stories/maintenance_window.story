# Before a window a node takes only what will have ended when it begins, or may be stopped then.
node n1 gpus=8
tenant t

reserve fan nodes=n1 start=3h time=2h reason=fan
at 60s submit endless tenant=t gpus=1
at 60s submit long tenant=t gpus=1 time=3h
at 60s submit short tenant=t gpus=1 time=2h
at 60s submit stoppable tenant=t gpus=1 preemptible=yes
----
60s   short placed on n1[0]
60s   stoppable placed on n1[1]

explain endless
forecast endless
----
RESERVED: there is room on n1, reserved by "fan" from 1970-01-01T03:00:00Z until 1970-01-01T05:00:00Z; it has no time limit, so nobody knows that it will have ended
would start now with --preemptible
would start now with --time 02:58:00
endless is to start between 18000s and 18000s, likely at 18000s: 2 running jobs, 1 by their time limits, 1 of which nobody can tell when they end; jobs that come later are not counted

explain long
----
RESERVED: there is room on n1, reserved by "fan" from 1970-01-01T03:00:00Z until 1970-01-01T05:00:00Z; with its time limit of 03:00:00 it might still run then
would start now with --preemptible
would start now with --time 02:58:00

# What may be stopped is, and comes back; but not so shortly before that it would do nothing.
at 7200s exits short
at 10500s submit late tenant=t gpus=1 preemptible=yes
at 10500s explain late
at 10801s exits stoppable signal=15
at 10801s explain endless
----
7200s short ended: completed; used 7140 GPU-seconds
RESERVED: there is room on n1, reserved by "fan" from 1970-01-01T03:00:00Z until 1970-01-01T05:00:00Z; it would be stopped before it had done much
would start now with --time 00:04:00
10800s fan begins
10800s stoppable told to stop: preempted
10801s stoppable waits again until 10801s: preempted; used 10741 GPU-seconds
RESERVED: there is room on n1, reserved by "fan" until 1970-01-01T05:00:00Z

# When the window ends the node is there for all again, without anybody's doing.
at 18000s tick
----
18000s fan ends
18000s endless placed on n1[0]
18000s long placed on n1[1]
18000s late placed on n1[2]
18000s stoppable placed on n1[3]

# A reservation that is deleted gives its nodes back at once.
at 18100s exits endless
at 18100s exits long
at 18100s exits stoppable
at 18100s exits late
at 18200s reserve again nodes=n1 start=6h time=1h
at 18200s submit next tenant=t gpus=8
at 18300s unreserve again
at 18300s unreserve again
----
18100s endless ended: completed; used 100 GPU-seconds
18100s long ended: completed; used 100 GPU-seconds
18100s stoppable ended: completed; used 100 GPU-seconds
18100s late ended: completed; used 100 GPU-seconds
18300s next placed on n1[0-7]
18300s refused: no reservation "again"; `gusu reservation list` shows those there are
