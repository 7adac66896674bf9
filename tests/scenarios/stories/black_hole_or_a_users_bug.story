# One user's array that fails wherever it comes speaks for itself, and drains nothing.
node n1 gpus=2
node n2 gpus=2
node n3 gpus=2
tenant t
at 0s submit buggy tenant=t gpus=2 array=12
at 1s exits buggy_0 code=1
at 1s exits buggy_1 code=1
at 1s exits buggy_2 code=1
at 2s exits buggy_3 code=1
at 2s exits buggy_4 code=1
at 2s exits buggy_5 code=1
at 3s exits buggy_6 code=1
at 3s exits buggy_7 code=1
at 3s exits buggy_8 code=1
at 4s exits buggy_9 code=1
at 4s exits buggy_10 code=1
at 4s exits buggy_11 code=1
----
0s    buggy_0 placed on n1[0-1]
0s    buggy_1 placed on n2[0-1]
0s    buggy_2 placed on n3[0-1]
1s    buggy_0 ended: exit code 1; used 2 GPU-seconds
1s    buggy_3 placed on n1[0-1]
1s    buggy_1 ended: exit code 1; used 2 GPU-seconds
1s    buggy_4 placed on n2[0-1]
1s    buggy_2 ended: exit code 1; used 2 GPU-seconds
1s    buggy_5 placed on n3[0-1]
2s    buggy_3 ended: exit code 1; used 2 GPU-seconds
2s    buggy_6 placed on n1[0-1]
2s    buggy_4 ended: exit code 1; used 2 GPU-seconds
2s    buggy_7 placed on n2[0-1]
2s    buggy_5 ended: exit code 1; used 2 GPU-seconds
2s    buggy_8 placed on n3[0-1]
3s    buggy_6 ended: exit code 1; used 2 GPU-seconds
3s    buggy_9 placed on n1[0-1]
3s    buggy_7 ended: exit code 1; used 2 GPU-seconds
3s    buggy_10 placed on n2[0-1]
3s    buggy_8 ended: exit code 1; used 2 GPU-seconds
3s    buggy_11 placed on n3[0-1]
4s    buggy_9 ended: exit code 1; used 2 GPU-seconds
4s    buggy_10 ended: exit code 1; used 2 GPU-seconds
4s    buggy_11 ended: exit code 1; used 2 GPU-seconds

# One that does well on two nodes, and fails on the third whatever element it is, does not.
at 100s submit sweep tenant=t gpus=2 array=40
at 100s runs sweep_0
at 100s runs sweep_1
at 100s runs sweep_2
at 101s exits sweep_1 code=1
at 102s exits sweep_3 code=1
at 103s exits sweep_4 code=1
at 104s exits sweep_5 code=1
at 105s exits sweep_6 code=1
----
100s  sweep_0 placed on n1[0-1]
100s  sweep_1 placed on n2[0-1]
100s  sweep_2 placed on n3[0-1]
101s  sweep_1 ended: exit code 1; used 2 GPU-seconds
101s  sweep_3 placed on n2[0-1]
102s  sweep_3 ended: exit code 1; used 2 GPU-seconds
102s  sweep_4 placed on n2[0-1]
103s  sweep_4 ended: exit code 1; used 2 GPU-seconds
103s  sweep_5 placed on n2[0-1]
104s  sweep_5 ended: exit code 1; used 2 GPU-seconds
104s  sweep_6 placed on n2[0-1]
105s  sweep_6 ended: exit code 1; used 2 GPU-seconds
105s  sweep_7 placed on n2[0-1]

at 150s exits sweep_7 code=1
at 165s exits sweep_8 code=1
----
150s  sweep_7 ended: exit code 1; used 90 GPU-seconds
150s  sweep_8 placed on n2[0-1]
165s  sweep_8 ended: exit code 1; used 30 GPU-seconds
165s  n2 drained: 7 jobs of 1 user failed within 45 s of their start since 1970-01-01T00:01:41Z; gusu node resume n2 when mended

# At most a tenth of the nodes is away for that, but one always may be.
at 170s exits sweep_2
at 171s exits sweep_9 code=1
at 172s exits sweep_10 code=1
at 173s exits sweep_11 code=1
at 174s exits sweep_12 code=1
at 179s exits sweep_13 code=1
----
170s  sweep_2 ended: completed; used 140 GPU-seconds
170s  sweep_9 placed on n3[0-1]
171s  sweep_9 ended: exit code 1; used 2 GPU-seconds
171s  sweep_10 placed on n3[0-1]
172s  sweep_10 ended: exit code 1; used 2 GPU-seconds
172s  sweep_11 placed on n3[0-1]
173s  sweep_11 ended: exit code 1; used 2 GPU-seconds
173s  sweep_12 placed on n3[0-1]
174s  sweep_12 ended: exit code 1; used 2 GPU-seconds
174s  sweep_13 placed on n3[0-1]
179s  sweep_13 ended: exit code 1; used 10 GPU-seconds
179s  sweep_14 placed on n3[0-1]

# It may be off.
at 200s policy black_hole_jobs=0
at 200s resume n2
at 300s exits sweep_15 code=1
at 301s exits sweep_16 code=1
at 302s exits sweep_17 code=1
at 303s exits sweep_18 code=1
at 304s exits sweep_19 code=1
----
200s  sweep_15 placed on n2[0-1]
300s  sweep_15 ended: exit code 1; used 200 GPU-seconds
300s  sweep_16 placed on n2[0-1]
301s  sweep_16 ended: exit code 1; used 2 GPU-seconds
301s  sweep_17 placed on n2[0-1]
302s  sweep_17 ended: exit code 1; used 2 GPU-seconds
302s  sweep_18 placed on n2[0-1]
303s  sweep_18 ended: exit code 1; used 2 GPU-seconds
303s  sweep_19 placed on n2[0-1]
304s  sweep_19 ended: exit code 1; used 2 GPU-seconds
304s  sweep_20 placed on n2[0-1]
