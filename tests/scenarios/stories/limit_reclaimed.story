# An administrator lowers a limit and asks for what is above it at once.
node n1 gpus=8
tenant a
at 0s submit a1 tenant=a gpus=2 preemptible=yes
at 1s submit a2 tenant=a gpus=2 preemptible=yes
at 2s submit a3 tenant=a gpus=2
at 60s quota a limit=1 reclaim=yes
at 60s quota a guaranteed=0 reclaim=yes
----

# The latest goes first, and only as many as it takes; they wait for their turn again.
at 61s quota a limit=4 reclaim=yes
at 65s exits a2 signal=15
explain a2
----

at 70s exits a1
----

