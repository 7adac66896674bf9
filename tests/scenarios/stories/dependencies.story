# Jobs that wait for others, and what becomes of them when those end otherwise.
node n1 gpus=8
tenant t

at 0s submit prepare tenant=t
at 0s submit train tenant=t gpus=1 afterok=prepare
at 0s submit report tenant=t afterany=train
at 0s submit alarm tenant=t afternotok=train
at 0s submit never tenant=t afterok=nobody
explain train
----
0s    prepare placed on n1
0s    refused: spec.dependencies: no job 999999 to depend on (ended jobs are remembered for a while only)
DEPENDENCY: waits for the end of 1 jobs: 3

at 10s exits prepare
at 20s exits train code=1
----
10s   prepare ended: completed
10s   train placed on n1[0]
20s   train ended: exit code 1; used 10 GPU-seconds
20s   report placed on n1
20s   alarm placed on n1

# A job that depended on success is ended when there was none, and so is what depended on it.
at 30s submit again tenant=t afterok=train
at 31s submit after tenant=t afterok=again
----
30s   again ended: dependency failed
31s   after ended: dependency failed

