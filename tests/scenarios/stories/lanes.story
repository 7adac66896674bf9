# Inside a tenant who was served less passes who was served more, and may stop them.
node n1 gpus=4
tenant t

at 0s submit long tenant=t gpus=4 preemptible=yes
at 0s submit longer tenant=t gpus=4 preemptible=yes
at 1s runs long
----
0s    long placed on n1[0-3]

# After half an hour on four GPUs it has left the first lane, and the other gets its turn.
at 1800s tick
at 1801s exits long signal=15
----
1800s longer is to follow long on n1[0-3]
1800s long told to stop: preempted
1801s long waits again until 1801s: preempted; used 7204 GPU-seconds
1801s longer placed on n1[0-3]

# Equal ones do not stop each other, and who was stopped waits behind who has had less.
at 1900s submit small tenant=t gpus=4 time=10m
at 2000s exits longer
at 2100s exits small
----
2000s longer ended: completed; used 796 GPU-seconds
2000s small placed on n1[0-3]
2100s small ended: completed; used 400 GPU-seconds
2100s long placed on n1[0-3]
