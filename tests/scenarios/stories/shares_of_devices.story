# Shares of a device fill the fullest device that has room, so that whole devices stay free.
node n1 gpus=2
tenant t

at 0s submit a tenant=t gpus=0.5
at 0s submit b tenant=t gpus=0.25
at 0s submit c tenant=t gpus=0.5
at 0s submit whole tenant=t gpus=1
explain whole
----
0s    a placed on n1[0:500]
0s    b placed on n1[0:250]
0s    c placed on n1[1:500]
MODEL_BUSY: asks for 1 nvidia-h200; of 2, 0.75 are free; "t" holds 1.25, others hold 0

at 5s exits c
----
5s    c ended: completed; used 2.5 GPU-seconds
5s    whole placed on n1[1]

