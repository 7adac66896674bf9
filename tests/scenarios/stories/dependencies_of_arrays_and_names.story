# Each element of the second array follows the element of its index in the first.
node n1 gpus=8
tenant t
at 0s submit prepare tenant=t gpus=1 array=3
at 1s submit train tenant=t gpus=1 array=3 aftercorr=prepare
at 10s exits prepare_1
at 20s exits prepare_0 code=1
at 30s exits prepare_2
----

at 31s submit single tenant=t gpus=1 aftercorr=train
at 31s submit longer tenant=t gpus=1 array=4 aftercorr=train
----

# One of a name at a time, in the order they came.
at 40s submit nightly tenant=t gpus=1 name=nightly singleton=yes
at 41s submit nightly2 tenant=t gpus=1 name=nightly singleton=yes
at 42s submit nightly3 tenant=t gpus=1 name=nightly singleton=yes
at 42s submit other tenant=t gpus=1 name=other singleton=yes
explain nightly3
at 50s exits nightly code=1
at 60s cancel nightly2
----

