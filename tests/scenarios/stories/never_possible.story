# What can never run is refused at once, with the nearest that could.
tenant t
at 0s submit before_any_node tenant=t gpus=4 accelerator=nvidia-h200
----

node n1 gpus=8 cpus=64 memory=256G
node n2 gpus=8 cpus=64 memory=256G
at 1s submit too_large_for_a_node tenant=t gpus=9
at 1s submit too_many tenant=t gpus=4 tasks=5
at 1s submit misspelt tenant=t gpus=1 accelerator=nvidia-h20
at 1s submit absent tenant=t gpus=1 accelerator=ascend-910b
at 1s submit memory tenant=t memory=300G
at 1s submit nobody tenant=tt gpus=1
----
0s    before_any_node placed on n1[0-3]
1s    refused: spec.groups[0]: one task asks for 9 GPUs, 1 CPUs and 1GiB of memory; the largest node, n1, has 8 GPUs, 64 CPUs and 256GiB of memory for jobs. Ask for less per task, and for more tasks
1s    refused: spec: the job asks for 5 tasks at once, more than the whole platform holds; groups[0] could have at most 4 of its 5 tasks
1s    refused: spec.groups[0].accelerators: unknown accelerator "nvidia-h20"; did you mean "nvidia-h200"? Known here: ascend-910b, nvidia-a100, nvidia-h200
1s    refused: spec.groups[0] asks for ascend-910b, which no node has; nodes have: nvidia-h200
1s    refused: spec.groups[0]: one task asks for 0 GPUs, 1 CPUs and 300GiB of memory; the largest node, n1, has 8 GPUs, 64 CPUs and 256GiB of memory for jobs. Ask for less per task, and for more tasks
1s    refused: spec.tenant: no tenant "tt"; did you mean "t"?

