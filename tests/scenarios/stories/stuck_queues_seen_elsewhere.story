# Volcano 3373: two gangs, each as large as the platform. One has all of it, the other waits whole.
node n1 gpus=8
node n2 gpus=8
node n3 gpus=8
node n4 gpus=8
tenant t
at 0s submit first tenant=t nodes=4 gpus=8
at 0s submit second tenant=t nodes=4 gpus=8
explain second
at 10s exits first
at 20s exits second
----
0s    first placed on n1[0-7] n2[0-7] n3[0-7] n4[0-7]
MODEL_BUSY: asks for 32 nvidia-h200; of 32, 0 are free; "t" holds 32, others hold 0
10s   first ended: completed; used 320 GPU-seconds
10s   second placed on n1[0-7] n2[0-7] n3[0-7] n4[0-7]
20s   second ended: completed; used 320 GPU-seconds

# Volcano 665: enough in sum, and no node that holds a task. It waits and holds nothing.
at 30s submit a tenant=t gpus=5
at 30s submit b tenant=t gpus=5
at 30s submit c tenant=t gpus=5
at 30s submit d tenant=t gpus=5
at 31s submit gang tenant=t nodes=2 gpus=4
explain gang
at 31s submit small tenant=t gpus=3
at 40s exits a
at 41s exits b
----
30s   a placed on n1[0-4]
30s   b placed on n2[0-4]
30s   c placed on n3[0-4]
30s   d placed on n4[0-4]
FRAGMENTED: 12 nvidia-h200 are free, at most 3 on one node, but not as the job needs them (2 tasks)
would start now with --gpus-per-node 3
31s   small placed on n1[5-7]
40s   a ended: completed; used 50 GPU-seconds
41s   b ended: completed; used 55 GPU-seconds
41s   gang placed on n1[0-3] n2[0-3]

# Volcano 1096: three GPUs are free, and two tenants with a share of one and a half each want two.
at 50s exits c
at 50s exits d
at 50s exits gang
at 50s exits small
tenant x guaranteed=1.5
tenant y guaranteed=1.5
node m1 accelerator=other gpus=3
quota x accelerator=other guaranteed=1.5
quota y accelerator=other guaranteed=1.5
at 60s submit x1 tenant=x gpus=2 accelerator=other
at 60s submit y1 tenant=y gpus=2 accelerator=other time=1h
at 70s exits x1
----
50s   c ended: completed; used 100 GPU-seconds
50s   d ended: completed; used 100 GPU-seconds
50s   gang ended: completed; used 72 GPU-seconds
50s   small ended: completed; used 57 GPU-seconds
60s   y1 placed on m1[0-1]

# Volcano 1119 and 4617: who waits for much does not keep those who want little from what is free.
at 80s submit huge tenant=t nodes=4 gpus=8 
at 81s submit one tenant=t gpus=1 time=1h
at 82s submit two tenant=t nodes=4 gpus=8
at 83s submit little tenant=x gpus=1 time=1h accelerator=other
at 84s submit tiny tenant=t gpus=0
explain two
----
81s   one placed on m1[2]
84s   tiny placed on m1
LENDING_CAP: it would borrow 32 nvidia-h200 and can neither be stopped nor ends within 04:00:00; to such jobs 29.75 more are lent
BEHIND: 1 jobs that ask for the same came first
would start now with --nodes 3
would start now with --gpus-per-node 7
would start now with --preemptible
would start now with --time 04:00:00

