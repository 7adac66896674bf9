# An exclusive job of an owner has a node emptied for it, as far as whole nodes are its own.
node n1 gpus=4
node n2 gpus=4
tenant owner guaranteed=4
tenant small guaranteed=1
tenant guest

at 0s submit g1 tenant=guest gpus=3 preemptible=yes
at 0s submit g2 tenant=guest gpus=3 preemptible=yes

# One GPU is guaranteed, and the job holds four: it has no right to that.
at 1s submit wish tenant=small gpus=1 exclusive=yes preemptible=yes
at 600s tick
explain wish
----
0s    g1 placed on n1[0-2]
0s    g2 placed on n2[0-2]
FRAGMENTED: is to be alone on its nodes; of 2 nodes that suit and take work, 0 run nothing and are kept for nobody
would start now with no --exclusive

at 601s submit whole tenant=owner gpus=1 exclusive=yes
at 602s exits g2 signal=15
----
601s  whole is to follow g1 on n1[0]
601s  g1 told to stop: preempted
602s  g2 ended: exit code, signal 15; used 1806 GPU-seconds
602s  wish placed on n2[0]

# Nothing else comes meanwhile, and only what it asked for is seen by its task.
at 603s submit late tenant=guest cpus=1
at 604s exits g1 signal=15
----
604s  g1 waits again until 604s: preempted; used 1812 GPU-seconds
604s  whole placed on n1[0]
