# A site may ask for stops sooner, and the change acts on what runs already.
node n1 gpus=8
tenant owner guaranteed=8
tenant guest
at 0s submit g1 tenant=guest gpus=8 preemptible=yes
at 60s submit o1 tenant=owner gpus=8
explain o1
----
0s    g1 placed on n1[0-7]
MODEL_BUSY: asks for 8 nvidia-h200; of 8, 0 are free; "owner" holds 0, others hold 8

at 61s policy runs_at_least=1m
----
61s   o1 is to follow g1 on n1[0-7]
61s   g1 told to stop: preempted

# What the site calls long is lent from the lendable part only.
at 62s exits g1 signal=15
at 63s quota owner guaranteed=16
node n2 gpus=8
at 64s policy runs_at_least=1m short_job=1h
at 65s submit g2 tenant=guest gpus=8 time=2h
explain g2
----
62s   g1 waits again until 62s: preempted; used 496 GPU-seconds
62s   o1 placed on n1[0-7]
63s   g1 placed on n2[0-7]
LENDING_CAP: it would borrow 8 nvidia-h200 and can neither be stopped nor ends within 01:00:00; to such jobs 4 more are lent
MODEL_BUSY: asks for 8 nvidia-h200; of 16, 0 are free; "guest" holds 8, others hold 8

at 66s policy runs_at_least=1m short_job=2h
----

