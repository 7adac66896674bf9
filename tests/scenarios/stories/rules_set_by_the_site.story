# A site may ask for stops sooner, and the change acts on what runs already.
node n1 gpus=8
tenant owner guaranteed=8
tenant guest
at 0s submit g1 tenant=guest gpus=8 preemptible=yes
at 60s submit o1 tenant=owner gpus=8
explain o1
----

at 61s policy runs_at_least=1m
----

# Without a time limit up to what the site calls short, only the lendable part is lent.
node n2 gpus=8
at 70s submit g2 tenant=guest gpus=8 time=2h
at 71s policy runs_at_least=1m short_job=1h
node n3 gpus=8
at 72s submit g3 tenant=guest gpus=8 time=2h
explain g3
----

