# A job with a deadline is not left waiting for what can no longer be.
node n1 gpus=8
tenant t
at 0s submit long tenant=t gpus=8
at 0s submit late tenant=t gpus=1 time=1h deadline=2h
at 0s submit never tenant=t gpus=1 time=3h deadline=2h
at 1h tick
----

# It might have started until an hour before its deadline, and no later.
at 3602s exits long
----

# What runs at its deadline is stopped.
at 3603s submit runs tenant=t gpus=1 deadline=2h
at 2h tick
exits runs signal=15
----

