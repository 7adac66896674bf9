# In a window that is reserved for a tenant only its jobs, and those of tenants below, start there.
node n1 gpus=8 labels=rack:a
node n2 gpus=8 labels=rack:b
tenant physics
tenant physics/optics
tenant biology

reserve course labels=rack:a start=1h time=2h tenant=physics
at 0s submit elsewhere tenant=biology gpus=8
at 0s submit waits tenant=biology gpus=8
at 0s explain waits
at 0s submit before tenant=biology gpus=4 time=30m
at 0s submit may tenant=physics gpus=4
----
0s    elsewhere placed on n2[0-7]
RESERVED: there is room on n1, reserved by "course" from 1970-01-01T01:00:00Z until 1970-01-01T03:00:00Z; it has no time limit, so nobody knows that it will have ended
would start now with --preemptible
would start now with --time 00:59:00
0s    before placed on n1[0-3]
0s    may placed on n1[4-7]

at 1800s exits before
at 3600s submit below tenant=physics/optics gpus=4
at 3600s explain waits
----
1800s before ended: completed; used 7200 GPU-seconds
3600s course begins
3600s below placed on n1[0-3]
MODEL_BUSY: asks for 8 nvidia-h200; of 16, 0 are free; "biology" holds 8, others hold 8

# The window ends, and who is in it runs on.
at 10800s exits below
at 10800s exits may
----
10800s course ends
10800s below ended: completed; used 28800 GPU-seconds
10800s may ended: completed; used 43200 GPU-seconds
10800s waits placed on n1[0-7]

# Nobody could use what is reserved for two; maintenance takes precedence over all.
at 20000s reserve lecture nodes=n1 start=8h time=2h every=168h tenant=physics force=yes
at 20000s reserve optics nodes=n1 start=8h time=2h tenant=physics/optics force=yes
at 20000s reserve biology nodes=n1 start=9h time=2h tenant=biology force=yes
at 20000s reserve fortnight nodes=n1 start=345h time=1h tenant=biology force=yes
at 20000s reserve repair nodes=n1 start=9h time=1h force=yes
at 20000s reserve other nodes=n1 start=99h time=2h tenant=chemistry
at 20000s explain waits
----
20000s refused: node "n1" is reserved for another tenant at that time, by "lecture"; choose other nodes or times, or delete that first
20000s refused: node "n1" is reserved for another tenant at that time, by "lecture"; choose other nodes or times, or delete that first
20000s refused: tenant: no tenant "chemistry"; `gusu tenants` lists those you may see
waits does not wait
