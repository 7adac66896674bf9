# Kueue 3779: what the owner takes back, its victims do not take again, however often they come back.
node n1 gpus=6
tenant owner guaranteed=6
tenant a
tenant b
at 0s submit a1 tenant=a gpus=2 preemptible=yes
at 0s submit a2 tenant=a gpus=2 preemptible=yes
at 0s submit b1 tenant=b gpus=1 preemptible=yes
at 0s submit b2 tenant=b gpus=1 preemptible=yes
at 700s submit o1 tenant=owner gpus=1
exits a1 signal=15
at 1500s submit o2 tenant=owner gpus=2
exits b1 signal=15
at 3h tick
----
0s    a1 placed on n1[0-1]
0s    a2 placed on n1[2-3]
0s    b1 placed on n1[4]
0s    b2 placed on n1[5]
700s  o1 is to follow a1 on n1[0]
700s  a1 told to stop: preempted
700s  a1 waits again until 700s: preempted; used 1400 GPU-seconds
700s  o1 placed on n1[0]
1500s o2 is to follow b1 on n1[1,4]
1500s b1 told to stop: preempted
1500s b1 waits again until 1500s: preempted; used 1500 GPU-seconds
1500s o2 placed on n1[1,4]
3600s a1 is to follow a2 on n1[2-3]
3600s a2 told to stop: preempted
3690s a1 lost the place kept for it
9000s b1 is to follow b2 on n1[5]
9000s b2 told to stop: preempted
9090s b1 lost the place kept for it

# They are back when there is room, and not at the owner's cost.
at 10799s exits a2
at 10800s exits o1
at 10800s tick
----
10799s a2 waits again until 10799s: preempted; used 21598 GPU-seconds
10799s b1 placed on n1[2]
10800s o1 ended: completed; used 10100 GPU-seconds
10800s a1 placed on n1[0,3]

# Kueue 13662: one of two victims goes first; neither it nor a newcomer slips into its place.
node n2 accelerator=other gpus=4
quota owner accelerator=other guaranteed=4
at 10801s submit v1 tenant=a gpus=2 accelerator=other preemptible=yes
at 10801s submit v2 tenant=b gpus=2 accelerator=other preemptible=yes
at 11500s submit o3 tenant=owner gpus=4 accelerator=other
at 11501s exits v1 signal=15
at 11502s submit newcomer tenant=b gpus=1 accelerator=other preemptible=yes
explain newcomer
explain v1
at 11510s exits v2 signal=15
----
10800s a2 placed on n2[0-1]
10801s v1 placed on n2[2-3]
11400s v2 is to follow a2 on n2[0-1]
11400s a2 told to stop: preempted
11490s v2 lost the place kept for it
11501s v1 ended: exit code, signal 15; used 1400 GPU-seconds
11501s v2 placed on n2[2-3]
MODEL_BUSY: asks for 1 other; of 4, 0 are free; "b" holds 2, others hold 2
v1 does not wait
11510s v2 ended: exit code, signal 15; used 18 GPU-seconds
11510s newcomer placed on n2[2]

# Kueue 2821: a high priority beyond the guarantee gives no right over another tenant, so there is
# nothing that could loop.
node n3 accelerator=third gpus=4
quota owner accelerator=third guaranteed=4
at 11600s submit low tenant=owner gpus=4 accelerator=third preemptible=yes priority=low
at 12700s submit high tenant=a gpus=4 accelerator=third priority=high
explain high
----
11600s low placed on n3[0-3]
LENDING_CAP: it would borrow 4 third and can neither be stopped nor ends within 04:00:00; to such jobs 1 more are lent
MODEL_BUSY: asks for 4 third; of 4, 0 are free; "a" holds 0, others hold 4

# Kueue 8064: a job that finds no room, however often it is tried, keeps nobody from theirs.
at 12701s exits low
at 12702s exits high
at 12703s submit large tenant=a gpus=4 accelerator=third
at 12704s submit larger tenant=b gpus=4 accelerator=third preemptible=yes
at 12705s submit elsewhere tenant=b gpus=1 accelerator=other,nvidia-h200
at 12706s submit cpu tenant=b gpus=0
----
12701s low ended: completed; used 4404 GPU-seconds
12704s larger placed on n3[0-3]
12705s elsewhere placed on n2[3]
12706s cpu placed on n1

