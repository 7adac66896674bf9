# Whole nodes of a tenant below another are kept from its siblings too, and its own jobs may break them up.
policy lendable_milli=1000
node n1 gpus=4
node n2 gpus=4
node n3 gpus=4
tenant u guaranteed=12 nodes=2
tenant u/lab guaranteed=4 nodes=1
tenant u/class guaranteed=8

at 0s submit small tenant=u/class gpus=3
at 1s submit small2 tenant=u/class gpus=3
at 2s submit small3 tenant=u/class gpus=3
explain small3
----
0s    small placed on n1[0-2]
1s    small2 placed on n2[0-2]
WHOLE_NODES_KEPT: it fits, but can neither be stopped nor ends within 04:00:00, and would be on a node that others are guaranteed whole: of the nodes with nvidia-h200, 1 could still be given whole, and 1 are guaranteed and not yet in use
would start now with --gpus 1
would start now with --preemptible
would start now with --time 04:00:00

# The lab takes its node as it likes.
at 3s submit own tenant=u/lab gpus=1
at 4s submit own2 tenant=u/lab gpus=3
----
3s    own placed on n1[3]
4s    own2 placed on n3[0-2]

# Guarantees of whole nodes are parts of the guarantee, and of the parent's.
at 5s quota u/class nodes=1
at 6s quota u/lab nodes=2
at 7s quota u nodes=0
at 8s quota u/lab accelerator=any nodes=1
----
6s    refused: guaranteed_nodes: 2 nodes with at least 4 nvidia-h200 each are 8, and the guarantee is 4; raise it, or guarantee fewer nodes
7s    refused: tenants below "u" are guaranteed 2 whole nodes with nvidia-h200 together; 0 is less. Lower theirs first
8s    refused: guaranteed_nodes: nodes are guaranteed of one accelerator; name it
