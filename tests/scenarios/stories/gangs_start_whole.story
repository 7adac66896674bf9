# A gang starts whole or not at all, on as few nodes as hold it.
node n1 gpus=8
node n2 gpus=8
tenant physics

at 0s submit small tenant=physics gpus=6
----
0s    small placed on n1[0-5]

at 1s submit gang tenant=physics gpus=4 tasks=4
explain gang
----
MODEL_BUSY: asks for 16 nvidia-h200; of 16, 10 are free; "physics" holds 6, others hold 0
would start now with --ntasks 2
would start now with --gpus-per-node 2

# When the small one leaves, all four tasks start at once.
at 10s runs small
at 60s exits small
----
60s   small ended: completed; used 360 GPU-seconds
60s   gang placed on n1[0-3] n1[4-7] n2[0-3] n2[4-7]

at 61s runs gang
# One task fails: the others are told to stop, and the job ends when the last is gone.
at 70s exits gang task=2 code=7
----
70s   gang told to stop: exit code 7

at 71s exits gang task=0 signal=15
at 71s exits gang task=1 signal=15
at 72s exits gang task=3 signal=15
----
72s   gang ended: exit code 7; used 192 GPU-seconds

