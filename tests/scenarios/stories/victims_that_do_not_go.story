# A place is kept for as long as those who hold it have time to go; then the job waits like any other.
node n1 gpus=4
tenant owner guaranteed=4
tenant guest

at 0s submit g1 tenant=guest gpus=4 preemptible=yes
at 600s submit own tenant=owner gpus=4
explain own
----
0s    g1 placed on n1[0-3]
600s  own is to follow g1 on n1[0-3]
600s  g1 told to stop: preempted
RECLAIMING: its place is being made: 1 job was asked to stop, at the latest by 1970-01-01T00:11:30Z

at 690s tick
explain own
----
690s  own lost the place kept for it
MODEL_BUSY: asks for 4 nvidia-h200; of 4, 0 are free; "owner" holds 0, others hold 4

at 700s exits g1 signal=9
----
700s  g1 waits again until 700s: preempted; used 2800 GPU-seconds
700s  own placed on n1[0-3]
