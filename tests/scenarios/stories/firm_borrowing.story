# What can neither be stopped nor ends soon borrows only what is lent to such jobs: here a quarter of 8.
node n1 gpus=8
node n2 gpus=8
tenant owner guaranteed=8
tenant guest guaranteed=8

at 0s submit own tenant=guest gpus=8
at 1s submit firm tenant=guest gpus=4
explain firm
----
0s    own placed on n1[0-7]
LENDING_CAP: it would borrow 4 nvidia-h200 and can neither be stopped nor ends within 04:00:00; to such jobs 2 more are lent
would start now with --gpus 2
would start now with --preemptible
would start now with --time 04:00:00

# Two GPUs are lent, short jobs borrow freely, and so do those that may be stopped.
at 2s submit small tenant=guest gpus=2
at 3s submit short tenant=guest gpus=2 time=4h
at 4s submit stoppable tenant=guest gpus=4 preemptible=yes
----
2s    small placed on n2[0-1]
3s    short placed on n2[2-3]
4s    stoppable placed on n2[4-7]
