# Limits on how many jobs run and wait, and a suspended tenant.
node n1 gpus=8
tenant t max_running=2 max_pending=3

at 0s submit a tenant=t
at 0s submit b tenant=t
at 0s submit c tenant=t
at 0s submit d tenant=t
at 0s submit e tenant=t
at 0s submit f tenant=t
explain c
----
0s    a placed on n1
0s    b placed on n1
0s    refused: tenant "t" has 3 jobs pending and may have 3; 1 more are too many. Wait for some to start, or cancel some
JOB_COUNT: tenant "t" runs 2 jobs of at most 2

at 5s suspend t
at 6s exits a
explain c
----
6s    a ended: completed
TENANT_SUSPENDED: tenant "t" is suspended

at 7s activate t
----
7s    c placed on n1

