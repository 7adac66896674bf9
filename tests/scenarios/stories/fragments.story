# Free GPUs stay where others can use them.
node n1 gpus=2
node n2 gpus=2
node n3 gpus=2
tenant t

# Shares of one and a half GPUs in two parts: both break the same node, and two jobs of two GPUs still start.
at 0s submit first tenant=t gpus=0.75
at 0s submit second tenant=t gpus=0.75
at 0s submit pair1 tenant=t gpus=2
at 0s submit pair2 tenant=t gpus=2
----
0s    first placed on n1[0:750]
0s    second placed on n1[1:750]
0s    pair1 placed on n2[0-1]
0s    pair2 placed on n3[0-1]

# What is left of a GPU goes to whoever it is enough for.
at 1s submit quarter tenant=t gpus=0.25
at 1s submit whole tenant=t gpus=1
explain whole
----
1s    quarter placed on n1[0:250]
MODEL_BUSY: asks for 1 nvidia-h200; of 6, 0.25 are free; "t" holds 5.75, others hold 0

# A job without GPUs takes its CPUs from where no GPU needs them.
at 2s submit cpus tenant=t gpus=0 cpus=16
----
2s    cpus placed on n2
