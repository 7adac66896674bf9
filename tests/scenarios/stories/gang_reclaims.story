# A gang takes back two whole nodes at once, or none.
node n1 gpus=4
node n2 gpus=4
tenant owner guaranteed=8
tenant guest

at 0s submit g1 tenant=guest gpus=2 preemptible=yes
at 0s submit g2 tenant=guest gpus=2 preemptible=yes
at 0s submit g3 tenant=guest gpus=2 preemptible=yes
at 0s submit g4 tenant=guest gpus=2 preemptible=yes
at 1s submit gang tenant=owner gpus=4 nodes=2
----
0s    g1 placed on n1[0-1]
0s    g2 placed on n1[2-3]
0s    g3 placed on n2[0-1]
0s    g4 placed on n2[2-3]

at 600s tick
----
600s  gang is to follow g1 g2 g3 g4 on n1[0-3] n2[0-3]
600s  g1 told to stop: preempted
600s  g2 told to stop: preempted
600s  g3 told to stop: preempted
600s  g4 told to stop: preempted

# It starts when the last of them is gone; what frees earlier is kept for it.
at 601s exits g1 signal=15
at 602s exits g2 signal=15
at 603s exits g3 signal=15
at 604s exits g4 signal=15
----
601s  g1 waits again until 601s: preempted; used 1202 GPU-seconds
602s  g2 waits again until 602s: preempted; used 1204 GPU-seconds
603s  g3 waits again until 603s: preempted; used 1206 GPU-seconds
604s  g4 waits again until 604s: preempted; used 1208 GPU-seconds
604s  gang placed on n1[0-3] n2[0-3]
