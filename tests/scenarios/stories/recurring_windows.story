# A window that comes back every day.
node n1 gpus=8
tenant t

reserve backup nodes=n1 start=2h time=1h every=24h
at 10s submit a tenant=t gpus=4
at 10s submit b tenant=t gpus=4 time=1h
----
10s   b placed on n1[0-3]

at 3700s exits b
at 7200s tick
at 10800s tick
----
3700s b ended: completed; used 14760 GPU-seconds
7200s backup begins
10800s backup ends; the next begins at 93600s

# Nor does it start after the window: it would not have ended when the next begins. A day's job does.
at 10900s explain a
at 10900s submit day tenant=t gpus=4 time=22h
----
RESERVED: there is room on n1, reserved by "backup" from 1970-01-02T02:00:00Z until 1970-01-02T03:00:00Z; it has no time limit, so nobody knows that it will have ended
would start now with --preemptible
would start now with --time 04:00:00
10900s day placed on n1[0-3]

at 93600s tick
at 97200s tick
at 97300s unreserve backup
----
93600s backup begins
97200s backup ends; the next begins at 180000s
97300s a placed on n1[4-7]
