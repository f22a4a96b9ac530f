"""Computes a Frechet distance with pytorch-fid's function, for scripts/bench/frechet.ts. Prints one JSON object.

Arguments: both files of features (32-bit, little-endian, a photo a row), rows, columns. The time includes means and
covariances, which NumPy computes in double precision.
"""

import json
import resource
import sys
import time

import numpy as np
from pytorch_fid.fid_score import calculate_frechet_distance

first, second, rows, columns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sets = [np.fromfile(file, dtype='<f4').reshape(rows, columns) for file in (first, second)]
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
wall, cpu = time.perf_counter(), time.process_time()
moments = []
for features in sets:
    features = features.astype(np.float64)
    moments += [features.mean(axis=0), np.cov(features, rowvar=False)]
distance = calculate_frechet_distance(*moments)
print(json.dumps({
    'distance': float(distance),
    'seconds': time.perf_counter() - wall,
    'cpuSeconds': time.process_time() - cpu,
    'peakBytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    'loadedBytes': loaded,
}))
