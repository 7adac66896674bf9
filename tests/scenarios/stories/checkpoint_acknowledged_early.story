# A job that says "saved" need not use up its grace, and who has just saved loses least.
node n1 gpus=8
tenant owner guaranteed=8
tenant guest
at 0s submit g1 tenant=guest gpus=4 preemptible=yes
at 1s submit g2 tenant=guest gpus=4 preemptible=yes
runs g1
runs g2
at 20m saves g1
at 20m saves g1
at 1210s submit o1 tenant=owner gpus=4
----
0s    g1 placed on n1[0-3]
1s    g2 placed on n1[4-7]
1200s g1 has saved its work
1210s o1 is to follow g1 on n1[0-3]
1210s g1 told to stop: preempted

# Its agent is told that there is nothing to wait for.
at 1212s saves g1
at 1213s exits g1 signal=9
----
1212s g1 has saved its work
1213s g1 waits again until 1213s: preempted; used 4852 GPU-seconds
1213s o1 placed on n1[0-3]

