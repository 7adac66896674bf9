# Who is within its guarantee goes first, then who has borrowed least; priority decides inside a tenant.
node n1 gpus=4
tenant owner guaranteed=4 lend=4
tenant guest

at 0s submit g1 tenant=guest gpus=4
at 1s submit g2 tenant=guest gpus=4 priority=high
at 2s submit o1 tenant=owner gpus=4
at 3s submit g3 tenant=guest gpus=4 priority=low
explain g3
----
0s    g1 placed on n1[0-3]
MODEL_BUSY: asks for 4 nvidia-h200; of 4, 0 are free; "guest" holds 4, others hold 0

at 60s exits g1
at 120s exits o1
at 180s exits g2
----
60s   g1 ended: completed; used 240 GPU-seconds
60s   o1 placed on n1[0-3]
120s  o1 ended: completed; used 240 GPU-seconds
120s  g2 placed on n1[0-3]
180s  g2 ended: completed; used 240 GPU-seconds
180s  g3 placed on n1[0-3]

