# Where the data of a tenant is sensitive, its jobs share no node with those of others: they go where
# nobody else is, and nobody comes beside them.
node n1 gpus=8
node n2 gpus=8
tenant lab
tenant med class=sensitive
tenant med/genome
tenant med/images

at 0s submit shared tenant=lab gpus=1
at 1s submit patients tenant=med gpus=1
at 2s submit beside tenant=lab gpus=1
at 3s submit genome tenant=med/genome gpus=0.5
at 4s submit images tenant=med/images gpus=0.5
----
0s    shared placed on n1[0]
1s    patients placed on n2[0]
2s    beside placed on n1[1]
3s    genome placed on n2[1:500]
4s    images placed on n2[1:500]

# Room enough is free, and nobody of the wrong side may have it.
at 10s submit wide tenant=lab nodes=2 gpus=4
at 10s explain wide
at 11s submit series tenant=med gpus=3
at 11s submit scan tenant=med gpus=4
at 11s explain scan
----
KEPT_APART: node n2 has room and holds a job of a tenant whose data is sensitive: it shares no node with others
would start now with --nodes 1
11s   series placed on n2[2-4]
KEPT_APART: node n1 has room and holds a job of another tenant, and data of "med" is sensitive: its jobs share no node with those of others
would start now with --gpus 3

# The last of a side that leaves opens the node to the other.
at 20s exits patients
at 21s exits genome
at 22s exits images
at 23s exits series
at 24s exits shared
at 25s exits beside
----
20s   patients ended: completed; used 19 GPU-seconds
20s   scan placed on n2[0,5-7]
21s   genome ended: completed; used 9 GPU-seconds
22s   images ended: completed; used 9 GPU-seconds
23s   series ended: completed; used 36 GPU-seconds
24s   shared ended: completed; used 24 GPU-seconds
25s   beside ended: completed; used 23 GPU-seconds

at 40s exits scan
at 50s exits wide
----
40s   scan ended: completed; used 80 GPU-seconds
40s   wide placed on n1[0-3] n2[0-3]
50s   wide ended: completed; used 80 GPU-seconds

# What runs when the class changes, runs on; beside it nobody comes until one side has left.
at 100s submit long tenant=lab gpus=1
at 101s submit other tenant=med gpus=1
at 102s classify med class=public
at 103s submit mixed tenant=med gpus=4
at 104s classify med class=sensitive
at 105s submit more tenant=med gpus=7
at 106s submit two tenant=med gpus=2
at 106s submit three tenant=lab gpus=2
at 106s explain two
at 106s explain three
at 108s exits long
at 109s exits mixed
at 110s exits two
----
100s  long placed on n1[0]
101s  other placed on n2[0]
103s  mixed placed on n1[1-4]
105s  more placed on n2[1-7]
KEPT_APART: node n1 has room and holds a job of another tenant, and data of "med" is sensitive: its jobs share no node with those of others
KEPT_APART: node n1 has room and holds a job of a tenant whose data is sensitive: it shares no node with others
108s  long ended: completed; used 8 GPU-seconds
108s  two placed on n1[0,5]
109s  mixed ended: completed; used 24 GPU-seconds
110s  two ended: completed; used 4 GPU-seconds
110s  three placed on n1[0-1]

# Nobody below is less strict; who is above decides how far a wall reaches.
at 200s classify med/genome class=internal
at 200s classify med/genome class=sensitive
at 200s tenant med/genome/rare class=public
at 200s tenant med/genome/open class=internal
----
200s  refused: data_class: data of "med" is sensitive, and that of tenants below it can only be stricter, not internal; leave the class away, or change that of "med" first
200s  refused: data_class: data of "med/genome" is sensitive, and that of tenants below it can only be stricter, not internal; leave the class away, or change that of "med/genome" first
