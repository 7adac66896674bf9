# Replicas are spread evenly over the racks that could hold them.
node a1 gpus=4 labels=rack:a
node a2 gpus=4 labels=rack:a
node b1 gpus=4 labels=rack:b
node c1 gpus=2 labels=rack:c
node cpus gpus=0 labels=rack:d
node x1 gpus=4
tenant t

at 0s submit replicas tenant=t gpus=1 tasks=5 spread_over=rack
----
0s    replicas placed on a1[0] b1[0] b1[1] c1[0] c1[1]

# All or none: rack c has no room for its share.
at 1s submit more tenant=t gpus=1 tasks=6 spread_over=rack
explain more
----
TOPOLOGY: its 6 tasks are to be spread evenly over 3 values of rack, at least 2 in each; c has room for 0
would start now with --ntasks 2
would start now with no --spread-over

# Fewer tasks than racks: at most one in each.
at 2s submit two tenant=t gpus=1 tasks=2 spread_over=rack
----
2s    two placed on a1[1] b1[2]

# A rack that is out of service does not count.
at 3s drain c1
----
3s    c1 drained

# On nodes of their own in each rack.
at 4s exits replicas
at 5s exits more
at 6s exits two
at 7s submit apart tenant=t gpus=1 nodes=3 spread_over=rack
at 8s submit never tenant=t gpus=1 tasks=2 spread_over=room
----
4s    replicas ended: completed; used 20 GPU-seconds
4s    more placed on a1[0] a1[2] a1[3] b1[0] b1[1] b1[3]
5s    more ended: completed; used 6 GPU-seconds
6s    two ended: completed; used 8 GPU-seconds
7s    apart placed on a1[0] a2[0] b1[0]
8s    refused: spec.groups[0].spread_over: no node that suits has the label "room". Labels here: rack
