# A tenant never uses more than its limit, and what is over it for ever is refused at once.
node n1 gpus=8
tenant biology guaranteed=2 limit=4
tenant physics

at 0s submit b1 tenant=biology gpus=3
at 0s submit b2 tenant=biology gpus=2
at 0s submit b3 tenant=biology gpus=5
explain b2
----
0s    b1 placed on n1[0-2]
TENANT_LIMIT: tenant "biology" uses 3 of at most 4 GPUs (nvidia-h200); this job asks for 2
would start now with --gpus 1

# Others go on; and a higher limit acts at once.
at 1s submit p1 tenant=physics gpus=2
at 2s quota biology limit=6
----
1s    p1 placed on n1[3-4]
2s    b2 placed on n1[5-6]

# The tenant within its guarantee comes first, whoever asked first.
at 10s submit p2 tenant=physics gpus=4
at 11s submit p3 tenant=physics gpus=1
at 12s quota physics guaranteed=8
----
11s   p3 placed on n1[7]

