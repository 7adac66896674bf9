# Two tenants at their guarantee do not stop each other, whatever their priority.
node n1 gpus=4
tenant a guaranteed=2
tenant b guaranteed=2

at 0s submit a1 tenant=a gpus=2 preemptible=yes
at 0s submit b1 tenant=b gpus=2 preemptible=yes
at 10s submit a2 tenant=a gpus=2 preemptible=yes priority=high
at 20s submit b2 tenant=b gpus=2 preemptible=yes priority=high
at 3500s tick
----
0s    a1 placed on n1[0-1]
0s    b1 placed on n1[2-3]

# Within b the second has been served less when the first leaves its lane, and takes its place. The victim
# does not come back ahead of it, and is not asked again for the same cause.
at 3601s tick
at 3602s exits b1 signal=15
at 3603s tick
----
3600s a2 is to follow a1 on n1[0-1]
3600s a1 told to stop: preempted
3600s b2 is to follow b1 on n1[2-3]
3600s b1 told to stop: preempted
3602s b1 waits again until 3602s: preempted; used 7204 GPU-seconds
3602s b2 placed on n1[2-3]
