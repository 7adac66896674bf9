# An elastic job starts with as many tasks as fit, at its turn.
node n1 gpus=8
node n2 gpus=8
node n3 gpus=8
tenant t
at 0s submit a tenant=t gpus=8
----
0s    a placed on n1[0-7]

# All of it is preferred, and the most that fits is taken.
at 1s submit e tenant=t nodes=4 min_nodes=2 gpus=8
----
1s    e placed on n2[0-7] n3[0-7]

# Without room for the least of it, it waits, and says how much that is.
at 2s submit f tenant=t nodes=3 min_nodes=2 gpus=8
explain f
----
MODEL_BUSY: asks for 16 nvidia-h200; of 24, 0 are free; "t" holds 24, others hold 0

# Whoever comes later does not pass it where it could have started.
at 3s exits e
----
3s    e ended: completed; used 32 GPU-seconds
3s    f placed on n2[0-7] n3[0-7]

# Quota and placement are decided together: the limit leaves room for half of it.
at 4s exits f
quota t limit=16
at 5s submit g tenant=t tasks=8 min_tasks=1 gpus=2
----
4s    f ended: completed; used 16 GPU-seconds
5s    g placed on n2[0-1] n2[2-3] n2[4-5] n2[6-7]

# It ends as its tasks do.
at 6s exits g task=0
at 7s exits g task=1
exits g task=2
exits g task=3 code=3
----
7s    g ended: exit code 3; used 16 GPU-seconds

# What can never run with its least is refused.
at 8s submit h tenant=t nodes=5 min_nodes=4 gpus=8
----
8s    refused: spec: the job asks for 4 tasks at once, more than the whole platform holds; groups[0] could have at most 3 of its 4 tasks
