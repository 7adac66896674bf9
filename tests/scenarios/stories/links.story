# Eight GPUs, four and four of which reach each other by a link of their own.
node n1 gpus=8 linked=4
tenant t
at 0s submit one tenant=t gpus=1
at 0s submit four tenant=t gpus=4
at 0s submit two tenant=t gpus=2
at 0s submit last tenant=t gpus=1
----
0s    one placed on n1[0]
0s    four placed on n1[4-7]
0s    two placed on n1[1-2]
0s    last placed on n1[3]

# Five are more than one link joins: as few groups as can be.
at 10s exits one
at 10s exits two
at 10s exits last
at 11s exits four
at 12s submit five tenant=t gpus=5
----
10s   one ended: completed; used 10 GPU-seconds
10s   two ended: completed; used 20 GPU-seconds
10s   last ended: completed; used 10 GPU-seconds
11s   four ended: completed; used 44 GPU-seconds
12s   five placed on n1[0,4-7]
