# Lowering a guarantee or a limit below what is in use stops nobody.
node n1 gpus=8
tenant a guaranteed=8
tenant b

at 0s submit a1 tenant=a gpus=4 preemptible=yes
at 0s submit a2 tenant=a gpus=4 preemptible=yes
at 700s quota a guaranteed=4 limit=4
at 701s quota b guaranteed=4
----
0s    a1 placed on n1[0-3]
0s    a2 placed on n1[4-7]

# But what is borrowed now goes back to who owns it.
at 702s submit b1 tenant=b gpus=4
----
702s  b1 is to follow a1 on n1[0-3]
702s  a1 told to stop: preempted
