# The user knows which exits are worth another try.
node n1 gpus=8
tenant t
at 0s submit picky tenant=t gpus=1 retries=5 retry_on=75,76
at 10s exits picky code=75
at 30s exits picky code=1
----

at 40s submit wise tenant=t gpus=1 retries=5 no_retry_on=2
at 50s exits wise code=1
at 70s exits wise code=2
----

# Death by a signal is no exit with a code; a lost node is nobody's fault.
at 80s submit killed tenant=t gpus=1 retries=5 retry_on=75
at 90s exits killed signal=9
at 100s submit unlucky tenant=t gpus=1 retries=5 retry_on=75
at 101s runs unlucky
at 110s lose n1
at 171s tick
----

