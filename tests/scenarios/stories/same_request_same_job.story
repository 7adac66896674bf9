# The same request id gives the same job, however often it is sent.
node n1 gpus=8
tenant t

at 0s submit j1 tenant=t gpus=1 request=r1
at 1s submit j2 tenant=t gpus=1 request=r1
at 2s exits j1
at 3s submit j3 tenant=t gpus=1 request=r1
----
0s    j1 placed on n1[0]
2s    j1 ended: completed; used 2 GPU-seconds

