# When many nodes fall silent at once, the scheduler suspects itself: their jobs are not started anew on
# the few that are left, and nobody is stopped for them.
node n1 gpus=8
node n2 gpus=8
node n3 gpus=8
node n4 gpus=8
node n5 gpus=8
tenant t
tenant owner guaranteed=24

at 0s submit owned tenant=owner tasks=3 gpus=8 retries=1 backoff=1s
at 0s submit other tenant=t gpus=8 retries=1 backoff=1s preemptible=yes
at 1s runs owned
at 1s runs other
at 10s lose n1
at 11s lose n2
at 12s lose n3
at 69s tick
at 70s tick
at 90s tick
----
0s    owned placed on n1[0-7] n2[0-7] n3[0-7]
0s    other placed on n4[0-7]
70s   n1 is waited for until 670s
70s   n2 is waited for until 671s
70s   n3 is waited for until 672s

# They come back, and nothing has happened.
at 100s node n1
at 101s node n2
at 102s node n3
at 103s exits owned
----
103s  owned ended: completed; used 2472 GPU-seconds

# Two of five are not many: each is given up when its lease has ended.
at 200s submit next tenant=owner tasks=3 gpus=8 retries=1 backoff=1s
at 201s runs next
at 210s lose n1
at 215s lose n2
at 271s tick
at 276s tick
----
200s  next placed on n1[0-7] n2[0-7] n3[0-7]
270s  n1 lost
270s  next told to stop: node lost
275s  n2 lost

# Who is waited for in vain is given up in the end.
at 300s node n1
at 301s node n2
at 310s lose n1
at 310s lose n2
at 310s lose n3
at 370s tick
at 969s tick
at 970s tick
----
370s  n1 is waited for until 970s
370s  n2 is waited for until 970s
370s  n3 is waited for until 970s
970s  n1 lost
970s  n2 lost
970s  n3 lost
970s  next waits again until 971s: node lost; used 18480 GPU-seconds

# A site that does not wish to wait says so.
at 1000s node n1
at 1001s node n2
at 1002s node n3
at 1003s policy waits_for_many=0s
at 1010s lose n1
at 1010s lose n2
at 1010s lose n3
at 1070s tick
----
1000s next is to follow other on n1[0-7] n4[0-7] n5[0-7]
1000s other told to stop: preempted
1070s n1 lost
1070s n2 lost
1070s n3 lost
