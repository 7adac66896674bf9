# A tenant that was suspended, or runs all the jobs it may, has nobody stopped for it.
node n1 gpus=4
tenant owner guaranteed=4 max_running=1
tenant guest

at 0s submit g1 tenant=guest gpus=4 preemptible=yes
at 10s submit own tenant=owner gpus=4
at 20s suspend owner
at 700s tick
explain own
----
0s    g1 placed on n1[0-3]
TENANT_SUSPENDED: tenant "owner" is suspended
MODEL_BUSY: asks for 4 nvidia-h200; of 4, 0 are free; "owner" holds 0, others hold 4

at 710s activate owner
----
710s  own is to follow g1 on n1[0-3]
710s  g1 told to stop: preempted
