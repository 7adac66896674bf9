# Tasks that an elastic job can do without go before anybody is stopped as a whole.
node n1 gpus=8
node n2 gpus=8
node n3 gpus=8
node n4 gpus=8
tenant owner guaranteed=24
tenant guest
at 0s submit e tenant=guest nodes=3 min_nodes=1 gpus=8 preemptible=yes
at 1s submit w tenant=guest gpus=8 preemptible=yes
runs e
runs w
----
0s    e placed on n1[0-7] n2[0-7] n3[0-7]
1s    w placed on n4[0-7]

# w has run for a shorter time and would lose less, but e loses only a task.
at 20m submit o1 tenant=owner gpus=8
----
1200s o1 is to follow tasks of e on n3[0-7]
1200s e goes on without 2, stopped for job 11

# The task that was told to go ends otherwise than well, and nobody minds: its room is free, e runs.
at 1201s exits e task=2 signal=15
----
1201s o1 placed on n3[0-7]

# Two more: e can spare one of them, and w has to go as a whole.
at 21m submit o2 tenant=owner nodes=2 gpus=8
----
1260s o2 is to follow w, tasks of e on n2[0-7] n4[0-7]
1260s w told to stop: preempted
1260s e goes on without 1, stopped for job 13

at 1262s exits e task=1
at 1263s exits w signal=15
----
1263s w waits again until 1263s: preempted; used 10096 GPU-seconds
1263s o2 placed on n2[0-7] n4[0-7]

# A task that stays and fails ends the job, like in any gang. What each task held, and until when.
at 30m exits e task=0 code=1
----
1800s e ended: exit code 1; used 9608 GPU-seconds; used 10096 GPU-seconds; used 14400 GPU-seconds
1800s w placed on n1[0-7]
