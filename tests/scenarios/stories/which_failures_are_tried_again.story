# The user knows which exits are worth another try.
node n1 gpus=8
tenant t
at 0s submit picky tenant=t gpus=1 retries=5 retry_on=75,76
at 10s exits picky code=75
at 30s exits picky code=1
----
0s    picky placed on n1[0]
10s   picky waits again until 20s: exit code 75; used 10 GPU-seconds
20s   picky placed on n1[0]
30s   picky ended: exit code 1; used 10 GPU-seconds

at 40s submit wise tenant=t gpus=1 retries=5 no_retry_on=2
at 50s exits wise code=1
at 70s exits wise code=2
----
40s   wise placed on n1[0]
50s   wise waits again until 60s: exit code 1; used 10 GPU-seconds
60s   wise placed on n1[0]
70s   wise ended: exit code 2; used 10 GPU-seconds

# Death by a signal is no exit with a code; a lost node is nobody's fault.
at 80s submit killed tenant=t gpus=1 retries=5 retry_on=75
at 90s exits killed signal=9
at 100s submit unlucky tenant=t gpus=1 retries=5 retry_on=75
at 101s runs unlucky
at 110s lose n1
at 171s tick
----
80s   killed placed on n1[0]
90s   killed ended: exit code, signal 9; used 10 GPU-seconds
100s  unlucky placed on n1[0]
170s  n1 lost
170s  unlucky waits again until 180s: node lost; used 70 GPU-seconds

