# A node that cannot run a job says so: it gets no more work, and the job goes elsewhere at once,
# without using up a retry. An epilog that fails changes nothing about the end of the job.
node n1 gpus=8
node n2 gpus=8
tenant t
at 0s submit first tenant=t gpus=8
at 2s exits first of=node drain=prolog
at 10s exits first drain=epilog
at 11s submit second tenant=t gpus=1
at 12s resume n2
----
0s    first placed on n1[0-7]
2s    n1 drained
2s    first waits again until 2s: device fault; used 16 GPU-seconds
2s    first placed on n2[0-7]
10s   n2 drained
10s   first ended: completed; used 64 GPU-seconds
12s   second placed on n2[0]

# One that finds fault with one node after the other is at fault itself: after three of them its
# retries count.
at 20s submit third tenant=t gpus=1 retries=1
at 21s exits third of=node
at 22s exits third of=node
at 23s exits third of=node
at 24s exits third of=node
at 40s exits third of=node
----
20s   third placed on n2[1]
21s   third waits again until 21s: device fault; used 1 GPU-seconds
21s   third placed on n2[1]
22s   third waits again until 22s: device fault; used 1 GPU-seconds
22s   third placed on n2[1]
23s   third waits again until 23s: device fault; used 1 GPU-seconds
23s   third placed on n2[1]
24s   third waits again until 34s: device fault; used 1 GPU-seconds
34s   third placed on n2[1]
40s   third ended: device fault; used 6 GPU-seconds

# The operator's own reason stays, and is not told again.
at 50s resume n1
at 51s submit fourth tenant=t gpus=1
at 52s drain n1
at 53s drain n2
at 54s exits fourth drain=epilog
----
51s   fourth placed on n2[1]
52s   n1 drained
53s   n2 drained
54s   fourth ended: completed; used 3 GPU-seconds

# A task that lives on after it was killed holds its devices, and the node says so; resumed, it says so
# again only when it comes back.
at 60s resume n1
at 61s submit fifth tenant=t gpus=8
at 62s runs fifth
at 63s cancel fifth
at 200s runs fifth drain=stuck
at 201s resume n1
at 210s exits fifth signal=9 drain=stuck
at 211s resume n1
at 212s exits fifth signal=9 drain=stuck
----
61s   fifth placed on n1[0-7]
63s   fifth told to stop: cancelled by user
200s  n1 drained
210s  n1 drained
210s  fifth ended: cancelled by user; used 1192 GPU-seconds
