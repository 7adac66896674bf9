# Tasks of one job on one node: one goes, and the other runs on.
policy runs_at_least=0s
node n1 gpus=8
tenant owner guaranteed=4
tenant guest
at 0s submit e tenant=guest tasks=2 min_tasks=1 gpus=4 preemptible=yes
runs e
at 1s submit o tenant=owner gpus=4
explain o
----
0s    e placed on n1[0-3] n1[4-7]
1s    o is to follow tasks of e on n1[4-7]
1s    e goes on without 1, stopped for job 6
RECLAIMING: its place is being made: 1 job was asked to do with fewer tasks, at the latest by 1970-01-01T00:01:31Z

# Its room is free as soon as it has gone, and not before.
at 2s exits e task=1 signal=15
----
2s    o placed on n1[4-7]

# What the job saves now is the work of the task that stays.
at 10s saves e
at 12s exits e task=0
----
10s   e has saved its work
12s   e ended: completed; used 8 GPU-seconds; used 48 GPU-seconds
