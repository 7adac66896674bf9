# Two GPUs, the first of which is cut into 8 slices: profiles of 1, 2 and 4 (3g.40gb) of them.
node n1 accelerator=nvidia-a100 gpus=2 cut=1
tenant t
at 0s submit small tenant=t slice=1g.10gb
at 0s submit whole tenant=t gpus=1
at 0s submit large tenant=t slice=3g.40gb
at 0s submit pair tenant=t slice=2g.20gb
----
0s    small placed on n1[0:125 slices 6]
0s    whole placed on n1[1]
0s    large placed on n1[0:500 slices 0 1 2 3]
0s    pair placed on n1[0:250 slices 4 5]

# Whole devices and slices are not taken for each other, and a pair must begin where its profile may;
# one more slice is free, the last, where none begins.
at 10s submit whole2 tenant=t gpus=1
at 10s submit share tenant=t gpus=0.5
at 10s submit pair2 tenant=t slice=2g.20gb
at 10s explain whole2
at 10s explain pair2
----
MODEL_BUSY: asks for 1 nvidia-a100; of 1 that are not cut, 0 are free
MODEL_BUSY: asks for 0.25 nvidia-a100 in slices of 2g.20gb; of 1 that are cut, 0.125 are free

# What the small one leaves is no place for the second pair, which begins at 0, 2 or 4 alone.
at 20s exits small
at 30s exits whole
----
20s   small ended: completed; used 2.5 GPU-seconds
30s   whole ended: completed; used 30 GPU-seconds
30s   share placed on n1[1:500]

# A gang of slices, all of one device.
at 40s exits large
at 40s exits pair
at 40s exits pair2
at 50s submit gang tenant=t slice=1g.10gb tasks=7
at 50s submit eighth tenant=t slice=1g.10gb
at 50s explain eighth
----
40s   large ended: completed; used 20 GPU-seconds
40s   pair2 placed on n1[0:250 slices 2 3]
40s   pair ended: completed; used 10 GPU-seconds
40s   pair2 ended: completed
50s   gang placed on n1[0:125 slices 6] n1[0:125 slices 5] n1[0:125 slices 4] n1[0:125 slices 3] n1[0:125 slices 2] n1[0:125 slices 1] n1[0:125 slices 0]
FRAGMENTED: asks for 0.125 nvidia-a100 in slices of 1g.10gb; of devices that are cut 0.125 are free, but of none the 1 neighbouring slices of it where it may begin

at 60s submit unknown tenant=t slice=2g.10gb
at 60s submit elsewhere tenant=t slice=1g.10gb accelerator=nvidia-h200
at 60s submit many tenant=t slice=3g.40gb tasks=3
----
60s   refused: spec.groups[0].gpu_slice: "2g.10gb" is no profile of any accelerator of the catalogue; did you mean "1g.10gb"? Known: 1g.10gb 2g.20gb 3g.40gb
60s   refused: spec.groups[0].gpu_slice: "1g.10gb" is no profile of nvidia-h200, which cannot be cut. Ask for a share of it by gpus, or name another accelerator
60s   refused: spec: the job asks for 3 tasks at once, more than the whole platform holds; groups[0] could have at most 2 of its 3 tasks
