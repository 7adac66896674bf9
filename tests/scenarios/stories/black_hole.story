# A node on which one job after the other fails at once is drained, before it has taken all that wait.
node n1 gpus=2
node n2 gpus=2
node n3 gpus=2
tenant t
grant ann tenant=t
grant bob tenant=t
grant eve tenant=t

# Alone they come to n1, one after the other.
at 10s submit a1 tenant=t gpus=2 user=ann
at 11s runs a1
at 12s exits a1 code=1
at 20s submit e1 tenant=t gpus=2 user=eve
at 25s exits e1 code=1
at 30s submit a2 tenant=t gpus=2 user=ann
at 32s exits a2 code=2
at 40s submit b1 tenant=t gpus=2 user=bob retries=1
at 41s never_starts b1
----
10s   a1 placed on n1[0-1]
12s   a1 ended: exit code 1; used 4 GPU-seconds
20s   e1 placed on n1[0-1]
25s   e1 ended: exit code 1; used 10 GPU-seconds
30s   a2 placed on n1[0-1]
32s   a2 ended: exit code 2; used 4 GPU-seconds
40s   b1 placed on n1[0-1]
41s   b1 waits again until 51s: launch failed; used 2 GPU-seconds
41s   n1 drained: 4 jobs of 3 users failed within 5 s of their start since 1970-01-01T00:00:12Z; gusu node resume n1 when mended

# What could not be started there is tried again elsewhere; who waits is told where the room is.
at 60s submit rest tenant=t gpus=2 user=ann
at 61s submit last tenant=t gpus=2 user=ann
at 61s explain last
----
51s   b1 placed on n2[0-1]
60s   rest placed on n3[0-1]
NODES_OUT: asks for 2 nvidia-h200; 0 are free and 2 are out of service on n1 (drained: 4 jobs of 3 users failed within 5 s of their start since 1970-01-01T00:00:12Z; gusu node resume n1 when mended)

# Mended, it starts with a clean sheet.
at 100s resume n1
at 110s exits last code=1
at 111s exits b1
at 112s exits rest
----
100s  last placed on n1[0-1]
110s  last ended: exit code 1; used 20 GPU-seconds
111s  b1 ended: completed; used 120 GPU-seconds
112s  rest ended: completed; used 104 GPU-seconds

# What does well there clears it.
at 200s submit c1 tenant=t gpus=2 user=ann
at 201s exits c1 code=1
at 202s submit c2 tenant=t gpus=2 user=bob
at 203s exits c2 code=1
at 204s submit c3 tenant=t gpus=2 user=eve
at 205s exits c3
at 206s submit c4 tenant=t gpus=2 user=ann
at 207s exits c4 code=1
at 208s submit c5 tenant=t gpus=2 user=bob
at 209s exits c5 code=1
at 210s submit c6 tenant=t gpus=2 user=eve
at 211s exits c6 code=1
----
200s  c1 placed on n1[0-1]
201s  c1 ended: exit code 1; used 2 GPU-seconds
202s  c2 placed on n1[0-1]
203s  c2 ended: exit code 1; used 2 GPU-seconds
204s  c3 placed on n1[0-1]
205s  c3 ended: completed; used 2 GPU-seconds
206s  c4 placed on n1[0-1]
207s  c4 ended: exit code 1; used 2 GPU-seconds
208s  c5 placed on n1[0-1]
209s  c5 ended: exit code 1; used 2 GPU-seconds
210s  c6 placed on n1[0-1]
211s  c6 ended: exit code 1; used 2 GPU-seconds
