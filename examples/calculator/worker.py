import numpy as np

def add_arrays(a, b):
    """
    Add two arrays using numpy.
    """
    return (np.array(a) + np.array(b)).tolist()

# Export functions to make them accessible.
__export__ = ["add_arrays"]
