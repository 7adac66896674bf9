# A job that says "saved" need not use up its grace, and who has just saved loses least.
node n1 gpus=8
tenant owner guaranteed=8
tenant guest
at 0s submit g1 tenant=guest gpus=4 preemptible=yes
at 1s submit g2 tenant=guest gpus=4 preemptible=yes
runs g1
runs g2
at 20m saves g1
at 20m saves g1
at 1210s submit o1 tenant=owner gpus=4
----

# Its agent is told that there is nothing to wait for.
at 1212s saves g1
at 1213s exits g1 signal=9
----

