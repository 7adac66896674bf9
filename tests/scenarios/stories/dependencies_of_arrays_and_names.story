# Each element of the second array follows the element of its index in the first.
node n1 gpus=8
tenant t
at 0s submit prepare tenant=t gpus=1 array=3
at 1s submit train tenant=t gpus=1 array=3 aftercorr=prepare
at 10s exits prepare_1
at 20s exits prepare_0 code=1
at 30s exits prepare_2
----
0s    prepare_0 placed on n1[0]
0s    prepare_1 placed on n1[1]
0s    prepare_2 placed on n1[2]
10s   prepare_1 ended: completed; used 10 GPU-seconds
10s   train_1 placed on n1[1]
20s   prepare_0 ended: exit code 1; used 20 GPU-seconds
20s   train_0 ended: dependency failed
30s   prepare_2 ended: completed; used 30 GPU-seconds
30s   train_2 placed on n1[0]

at 31s submit single tenant=t gpus=1 aftercorr=train
at 31s submit longer tenant=t gpus=1 array=4 aftercorr=train
----
31s   refused: spec.dependencies: aftercorr goes from an array to an array; 10 is one, and this job is none; use afterok
31s   refused: spec.dependencies: aftercorr: array 10 has no index 3; both arrays need the same indices

# One of a name at a time, in the order they came.
at 40s submit nightly tenant=t gpus=1 name=nightly singleton=yes
at 41s submit nightly2 tenant=t gpus=1 name=nightly singleton=yes
at 42s submit nightly3 tenant=t gpus=1 name=nightly singleton=yes
at 42s submit other tenant=t gpus=1 name=other singleton=yes
explain nightly3
at 50s exits nightly code=1
at 60s cancel nightly2
----
40s   nightly placed on n1[2]
42s   other placed on n1[3]
DEPENDENCY: waits for the end of 2 jobs: 16, 18
50s   nightly ended: exit code 1; used 10 GPU-seconds
50s   nightly2 placed on n1[2]
60s   nightly2 told to stop: cancelled by user

