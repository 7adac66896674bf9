# Room is made where the gang must be, within one rack, though GPUs are free in two: where less is lost.
node a1 gpus=4 labels=rack:a
node a2 gpus=4 labels=rack:a
node b1 gpus=4 labels=rack:b
node b2 gpus=4 labels=rack:b
tenant owner guaranteed=16
tenant guest

at 0s submit g1 tenant=guest gpus=4 preemptible=yes labels=rack:a
at 1s submit g2 tenant=guest gpus=2 preemptible=yes labels=rack:b
at 700s submit gang tenant=owner gpus=4 nodes=2 within=rack required=yes
----
0s    g1 placed on a1[0-3]
1s    g2 placed on b1[0-1]
700s  gang is to follow g2 on b1[0-3] b2[0-3]
700s  g2 told to stop: preempted

at 701s exits g2 signal=15
----
701s  g2 waits again until 701s: preempted; used 1400 GPU-seconds
701s  gang placed on b1[0-3] b2[0-3]

# Who prefers a rack has one made for it as well, as long as it waits for one.
at 702s submit next tenant=owner gpus=4 nodes=2 within=rack locality_wait=5m
at 703s exits g1 signal=15
----
702s  next is to follow g1 on a1[0-3] a2[0-3]
702s  g1 told to stop: preempted
703s  g1 waits again until 703s: preempted; used 2812 GPU-seconds
703s  next placed on a1[0-3] a2[0-3]
