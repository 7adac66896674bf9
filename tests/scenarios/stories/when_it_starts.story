# Nobody can tell when a job without a limit ends before jobs like it have.
node n1 gpus=8
tenant t guaranteed=8
at 0s submit first tenant=t gpus=8 name=train-1
at 1s submit second tenant=t gpus=8 name=train-2
forecast second
----
0s    first placed on n1[0-7]
second is to start between never and never, likely at never: 1 running jobs, 1 of which nobody can tell when they end; jobs that come later are not counted

# By limits: sooner or later, but not after them.
at 10s exits first
at 11s submit limited tenant=t gpus=8 time=1h
at 12s exits second
at 13s submit waits tenant=t gpus=8
forecast waits
----
10s   first ended: completed; used 80 GPU-seconds
10s   second placed on n1[0-7]
12s   second ended: completed; used 16 GPU-seconds
12s   limited placed on n1[0-7]
waits is to start between 344.29s and 3278.542s, likely at 2063.866s: 1 running jobs, 1 by their time limits; jobs that come later are not counted

# By history: five runs of ten minutes say more than a limit of an hour.
at 20s exits limited
at 620s exits waits
at 621s submit a1 tenant=t gpus=8 name=a-1
at 1221s exits a1
at 1222s submit a2 tenant=t gpus=8 name=a-2
at 1822s exits a2
at 1823s submit a3 tenant=t gpus=8 name=a-3
at 2423s exits a3
at 2424s submit a4 tenant=t gpus=8 name=a-4
at 3024s exits a4
at 3025s submit a5 tenant=t gpus=8 name=a-5
at 3625s exits a5
at 3626s submit a6 tenant=t gpus=8 name=a-6 time=1h
at 3627s submit next tenant=t gpus=8 name=a-7
at 3628s submit last tenant=t gpus=8 name=a-8
forecast next
forecast last
----
20s   limited ended: completed; used 64 GPU-seconds
20s   waits placed on n1[0-7]
620s  waits ended: completed; used 4800 GPU-seconds
621s  a1 placed on n1[0-7]
1221s a1 ended: completed; used 4800 GPU-seconds
1222s a2 placed on n1[0-7]
1822s a2 ended: completed; used 4800 GPU-seconds
1823s a3 placed on n1[0-7]
2423s a3 ended: completed; used 4800 GPU-seconds
2424s a4 placed on n1[0-7]
3024s a4 ended: completed; used 4800 GPU-seconds
3025s a5 placed on n1[0-7]
3625s a5 ended: completed; used 4800 GPU-seconds
3626s a6 placed on n1[0-7]
next is to start between 4141s and 4289s, likely at 4199s: 1 running jobs, 1 by how long jobs like them ran; jobs that come later are not counted
last is to start between 4666s and 4923s, likely at 4804s: 1 running jobs, 1 by how long jobs like them ran; jobs that come later are not counted

# Each of those before it takes its turn first, in the forecast as in life.
at 4226s exits a6
forecast last
----
4226s a6 ended: completed; used 4800 GPU-seconds
4226s next placed on n1[0-7]
last is to start between 4741s and 4889s, likely at 4806s: 1 running jobs, 1 by how long jobs like them ran; jobs that come later are not counted

# What waits for another one starts after it, what is held never by itself.
at 4227s submit dependent tenant=t gpus=1 afterok=last
at 4228s submit held tenant=t gpus=1 hold=yes
forecast dependent
forecast held
----
dependent is to start between 5294s and 5491s, likely at 5417s: 1 running jobs, 1 by how long jobs like them ran; 1 waiting jobs were not looked at; jobs that come later are not counted
held is to start between never and never, likely at never: it is held

