# Who cancels a job that would come back is obeyed, whatever the job is being stopped for.
node n1 gpus=8
tenant t

at 0s submit j1 tenant=t gpus=1 tasks=2 retries=3
at 10s exits j1 task=0 code=3
at 11s cancel j1
at 12s exits j1 task=1 signal=15
----
0s    j1 placed on n1[0] n1[1]
10s   j1 told to stop: exit code 3
11s   j1 told to stop: cancelled by user
12s   j1 ended: cancelled by user; used 24 GPU-seconds
