# Held jobs and jobs with a begin time wait for their own reasons.
node n1 gpus=8
tenant t

at 0s submit held tenant=t hold=yes
at 0s submit later tenant=t begin=60s
explain held
explain later
----
HELD_BY_USER: held by its owner
BEGIN_TIME: is to begin at 1970-01-01T00:01:00Z

at 10s release held
at 10s hold later
at 70s tick
at 80s release later
----
10s   held placed on n1
80s   later placed on n1

