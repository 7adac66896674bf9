# A gang that prefers one rack waits for it a while, and then takes what there is.
node a1 gpus=4 labels=rack:a
node a2 gpus=4 labels=rack:a
node b1 gpus=4 labels=rack:b
node b2 gpus=4 labels=rack:b
tenant t

at 0s submit left tenant=t gpus=4 labels=rack:a
at 0s submit right tenant=t gpus=4 labels=rack:b
at 1s submit gang tenant=t gpus=4 nodes=2 within=rack locality_wait=5m
explain gang
at 60s submit later tenant=t gpus=4 nodes=2 within=rack locality_wait=5m
at 400s tick
explain later
----
0s    left placed on a1[0-3]
0s    right placed on b1[0-3]
TOPOLOGY: is to be on nodes of one rack; the best one, a, has room for 1 of 2 tasks
would start now with --nodes 1
would start now with no --topology
301s  gang placed on a2[0-3] b2[0-3]
MODEL_BUSY: asks for 8 nvidia-h200; of 16, 0 are free; "t" holds 16, others hold 0

# Each waits for its own time: the second finds a rack before it is over.
at 410s exits gang
----
410s  gang ended: completed; used 872 GPU-seconds
410s  later placed on a2[0-3] b2[0-3]

# What waits for no rack takes one if there is one, and else any nodes at once.
at 500s exits later
at 500s submit eager tenant=t gpus=4 nodes=2 within=rack locality_wait=0s
at 501s exits eager
at 502s exits left
at 503s submit again tenant=t gpus=4 nodes=2 within=rack locality_wait=0s
----
500s  later ended: completed; used 720 GPU-seconds
500s  eager placed on a2[0-3] b2[0-3]
501s  eager ended: completed; used 8 GPU-seconds
502s  left ended: completed; used 2008 GPU-seconds
503s  again placed on a1[0-3] a2[0-3]

# Time counts from when nothing of its own kept the job.
at 600s exits again
at 600s submit back tenant=t gpus=4 labels=rack:a
at 600s submit held tenant=t gpus=4 nodes=2 within=rack locality_wait=5m hold=yes
at 2000s release held
explain held
at 2300s tick
----
600s  again ended: completed; used 776 GPU-seconds
600s  back placed on a1[0-3]
TOPOLOGY: is to be on nodes of one rack; the best one, a, has room for 1 of 2 tasks
would start now with --nodes 1
would start now with no --topology
2300s held placed on a2[0-3] b2[0-3]
