# A tenant that lent its GPUs has them back when its own job comes.
node n1 gpus=8
tenant physics guaranteed=4
tenant biology guaranteed=4

at 0s submit j1 tenant=physics gpus=4 preemptible=yes
at 0s submit j2 tenant=physics gpus=4 preemptible=yes
at 1s runs j1
at 1s runs j2
----
0s    j1 placed on n1[0-3]
0s    j2 placed on n1[4-7]

# Not before a job has run for ten minutes.
at 60s submit own tenant=biology gpus=4
explain own
----
MODEL_BUSY: asks for 4 nvidia-h200; of 8, 0 are free; "biology" holds 0, others hold 8

# The one that loses less is asked, and nobody else gets its place meanwhile.
at 600s tick
at 601s submit third tenant=physics gpus=1
explain own
----
600s  own is to follow j1 on n1[0-3]
600s  j1 told to stop: preempted
RECLAIMING: its place is being made: 1 job was asked to stop, at the latest by 1970-01-01T00:11:30Z

at 620s exits j1 signal=15
at 620s exits j2 signal=15
----
620s  j1 waits again until 620s: preempted; used 2480 GPU-seconds
620s  own placed on n1[0-3]
620s  j2 ended: exit code, signal 15; used 2480 GPU-seconds
620s  third placed on n1[4]

at 700s exits own
----
700s  own ended: completed; used 320 GPU-seconds
700s  j1 placed on n1[0-3]
