# A gang that must be within one rack waits for a rack, not for GPUs.
node a1 gpus=4 labels=rack:a,row:1
node a2 gpus=4 labels=rack:a,row:1
node b1 gpus=4 labels=rack:b,row:1
node b2 gpus=4 labels=rack:b,row:1
node b3 gpus=4 labels=rack:b,row:1
node x1 gpus=4
tenant t

# The smaller rack holds it, so the larger one stays free.
at 0s submit pair tenant=t gpus=4 nodes=2 within=rack required=yes
at 1s submit one tenant=t gpus=4 labels=rack:b
at 2s submit three tenant=t gpus=4 nodes=3 within=rack required=yes
explain three
----
0s    pair placed on a1[0-3] a2[0-3]
1s    one placed on b1[0-3]
TOPOLOGY: is to be on nodes of one rack; the best one, b, has room for 2 of 3 tasks
would start now with --nodes 2
would start now with no --topology

# No rack is that large, and no node has such a label.
at 3s submit four tenant=t gpus=4 nodes=4 within=rack required=yes
at 3s submit wrong tenant=t gpus=4 within=rak required=yes
----
3s    refused: spec: the job asks for 4 tasks on nodes of one rack; the largest, b, holds 3 of them when empty. Ask for fewer tasks, or for a wider level
3s    refused: spec: topology.level: no node that suits has the label "rak"; did you mean "rack"? Labels here: rack, row

at 4s exits one
----
4s    one ended: completed; used 12 GPU-seconds
4s    three placed on b1[0-3] b2[0-3] b3[0-3]

# A node without the label is in no rack.
at 5s submit lone tenant=t gpus=4 within=rack required=yes
explain lone
at 6s exits pair
----
TOPOLOGY: is to be on nodes of one rack; the best one, a, has room for 0 of 1 tasks
would start now with no --topology
6s    pair ended: completed; used 48 GPU-seconds
6s    lone placed on a1[0-3]

# A wider level that would do is named.
at 7s exits three
at 7s submit left tenant=t gpus=4 labels=rack:b
at 7s submit right tenant=t gpus=4 labels=rack:b
at 8s submit wide tenant=t gpus=4 nodes=2 within=rack required=yes
explain wide
----
7s    three ended: completed; used 36 GPU-seconds
7s    left placed on b1[0-3]
7s    right placed on b2[0-3]
TOPOLOGY: is to be on nodes of one rack; the best one, a, has room for 1 of 2 tasks
would start now with --nodes 1
would start now with --topology row
would start now with no --topology
