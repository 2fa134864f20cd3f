"""Networks, losses and poolings of the trained metrics, in plain torch.

The modules of this package import torch at their top, since networks are classes. Nothing outside may import
them at module level: the command line stays fast because torch is loaded where a metric is.

Every network takes its sizes as arguments. The defaults are the official ones, with the official names of
parameters or a function that maps them (``keys``), and the facts in each docstring (parameters, shapes) are
tested. "Compared with upstream" in a docstring says at which commit, with random weights, and how closely.
"""
