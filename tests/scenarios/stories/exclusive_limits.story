# Limits count what an exclusive job holds: whole nodes.
node big gpus=8
node little gpus=4
tenant t limit=4
tenant u guaranteed=8
tenant v guaranteed=4

at 0s submit never tenant=t gpus=1 nodes=2 exclusive=yes accelerator=nvidia-h200
at 0s submit fits tenant=t gpus=1 exclusive=yes time=1h
at 1s submit too_much tenant=t gpus=1 exclusive=yes time=1h
explain too_much
at 2s exits fits
at 3s exits too_much
----
0s    refused: spec asks for 8 GPUs (nvidia-h200) and tenant "t" may never use more than 4; ask for at most 4, or have the limit raised
0s    fits placed on little[0]
TENANT_LIMIT: tenant "t" uses 4 of at most 4 GPUs (nvidia-h200); this job asks for 1
2s    fits ended: completed; used 8 GPU-seconds
2s    too_much placed on little[0]
3s    too_much ended: completed; used 4 GPU-seconds

# What can neither be stopped nor ends soon borrows whole nodes only as far as they are lent.
at 4s submit own tenant=v gpus=1 exclusive=yes
at 5s submit firm tenant=v gpus=1 exclusive=yes
explain firm
at 6s submit stoppable tenant=v gpus=1 exclusive=yes preemptible=yes
----
4s    own placed on little[0]
LENDING_CAP: it would borrow 4 nvidia-h200 and can neither be stopped nor ends within 04:00:00; to such jobs 2 more are lent
would start now with no --exclusive
would start now with --preemptible
would start now with --time 04:00:00
6s    stoppable placed on big[0]
