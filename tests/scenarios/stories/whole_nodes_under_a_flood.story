# A tenant that is guaranteed whole nodes has them in spite of a flood of small jobs.
policy lendable_milli=1000 runs_at_least=0s
node n1 gpus=4
node n2 gpus=4
node n3 gpus=4
tenant owner guaranteed=8 nodes=2
tenant guest

# Of jobs that can neither be stopped nor end soon, one node is all that the guest gets, whatever is lent.
at 0s submit firm tenant=guest gpus=1 array=6
explain firm_4
----
0s    firm_0 placed on n1[0]
0s    firm_1 placed on n1[1]
0s    firm_2 placed on n1[2]
0s    firm_3 placed on n1[3]
WHOLE_NODES_KEPT: it fits, but can neither be stopped nor ends within 04:00:00, and would be on a node that others are guaranteed whole: of the nodes with nvidia-h200, 2 could still be given whole, and 2 are guaranteed and not yet in use
would start now with --preemptible
would start now with --time 04:00:00

# Jobs that may be stopped go where they like.
at 1s submit flood tenant=guest gpus=1 preemptible=yes array=8
----
1s    flood_0 placed on n2[0]
1s    flood_1 placed on n2[1]
1s    flood_2 placed on n2[2]
1s    flood_3 placed on n2[3]
1s    flood_4 placed on n3[0]
1s    flood_5 placed on n3[1]
1s    flood_6 placed on n3[2]
1s    flood_7 placed on n3[3]

# The owner waits for its nodes no longer than those jobs take to stop.
at 2s submit whole1 tenant=owner gpus=4
at 3s exits flood_0 signal=15
at 3s exits flood_1 signal=15
at 3s exits flood_2 signal=15
at 3s exits flood_3 signal=15
at 4s submit whole2 tenant=owner gpus=4 exclusive=yes
at 5s exits flood_4 signal=15
at 5s exits flood_5 signal=15
at 5s exits flood_6 signal=15
at 5s exits flood_7 signal=15
----
2s    whole1 is to follow flood_0 flood_1 flood_2 flood_3 on n2[0-3]
2s    flood_0 told to stop: preempted
2s    flood_1 told to stop: preempted
2s    flood_2 told to stop: preempted
2s    flood_3 told to stop: preempted
3s    flood_0 waits again until 3s: preempted; used 2 GPU-seconds
3s    flood_1 waits again until 3s: preempted; used 2 GPU-seconds
3s    flood_2 waits again until 3s: preempted; used 2 GPU-seconds
3s    flood_3 waits again until 3s: preempted; used 2 GPU-seconds
3s    whole1 placed on n2[0-3]
4s    whole2 is to follow flood_4 flood_5 flood_6 flood_7 on n3[0-3]
4s    flood_4 told to stop: preempted
4s    flood_5 told to stop: preempted
4s    flood_6 told to stop: preempted
4s    flood_7 told to stop: preempted
5s    flood_4 waits again until 5s: preempted; used 4 GPU-seconds
5s    flood_5 waits again until 5s: preempted; used 4 GPU-seconds
5s    flood_6 waits again until 5s: preempted; used 4 GPU-seconds
5s    flood_7 waits again until 5s: preempted; used 4 GPU-seconds
5s    whole2 placed on n3[0-3]

# A node that it gives back is lent again to jobs that may be stopped, and to no others.
at 6s exits whole1
at 7s exits firm_0
----
6s    whole1 ended: completed; used 12 GPU-seconds
6s    flood_0 placed on n2[0]
6s    flood_1 placed on n2[1]
6s    flood_2 placed on n2[2]
6s    flood_3 placed on n2[3]
7s    firm_0 ended: completed; used 7 GPU-seconds
7s    firm_4 placed on n1[0]
