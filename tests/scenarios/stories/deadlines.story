# A job with a deadline is not left waiting for what can no longer be.
node n1 gpus=8
tenant t
at 0s submit long tenant=t gpus=8
at 0s submit late tenant=t gpus=1 time=1h deadline=2h
at 0s submit never tenant=t gpus=1 time=3h deadline=2h
at 1h tick
----
0s    long placed on n1[0-7]
0s    refused: spec.deadline: begun at once it may run until 1970-01-01T03:00:00Z, after its deadline 1970-01-01T02:00:00Z; give it a later one, or a shorter time limit
3600s late ended: deadline

# It might have started until an hour before its deadline, and no later.
at 3602s exits long
----
3602s long ended: completed; used 28816 GPU-seconds

# What runs at its deadline is stopped.
at 3603s submit runs tenant=t gpus=1 deadline=2h
at 2h tick
exits runs signal=15
----
3603s runs placed on n1[0]
7200s runs told to stop: deadline
7200s runs ended: deadline; used 3597 GPU-seconds

