# A user who splits a job in many is served as one: the lane counts all jobs whose names differ in digits.
node n1 gpus=8
tenant t

at 0s submit p1 name=part-1 tenant=t gpus=8
at 3600s exits p1
at 3601s submit holder tenant=t gpus=8
at 3602s submit p2 name=part-2 tenant=t gpus=8
at 3603s submit other tenant=t gpus=8
at 3700s exits holder
----
0s    p1 placed on n1[0-7]
3600s p1 ended: completed; used 28800 GPU-seconds
3601s holder placed on n1[0-7]
3700s holder ended: completed; used 792 GPU-seconds
3700s other placed on n1[0-7]
