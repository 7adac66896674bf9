# An array of which two elements run at once.
node n1 gpus=8
tenant t

at 0s submit sweep tenant=t gpus=1 array=5 at_once=2
explain sweep_4
----
0s    sweep_0 placed on n1[0]
0s    sweep_1 placed on n1[1]
ARRAY_THROTTLE: its array lets 2 elements run at once

at 5s exits sweep_0
at 6s exits sweep_1 code=3
----
5s    sweep_0 ended: completed; used 5 GPU-seconds
5s    sweep_2 placed on n1[0]
6s    sweep_1 ended: exit code 3; used 6 GPU-seconds
6s    sweep_3 placed on n1[1]

at 7s submit report tenant=t afterany=sweep
at 8s cancel sweep
at 9s exits sweep_2 signal=15
at 9s exits sweep_3 signal=15
----
8s    sweep_2 told to stop: cancelled by user
8s    sweep_3 told to stop: cancelled by user
8s    sweep_4 ended: cancelled by user
9s    sweep_2 ended: cancelled by user; used 4 GPU-seconds
9s    sweep_3 ended: cancelled by user; used 3 GPU-seconds
9s    report placed on n1

