import statistics
from js import A_rank
statistics.stdev(A_rank)
