"""Prints the largest differences between values of ONNX Runtime in Python and those that winnow wrote.

outputs.py MODEL TENSORS VALUES SIZE: TENSORS are float32 [crops, 3, SIZE, SIZE], VALUES the outputs of each crop one after the
other: logits, features, feature map.
"""
import json
import os
import sys
import numpy

# Otherwise ONNX Runtime records which models run, and sends that to its maker.
os.environ['ORT_DISABLE_TELEMETRY'] = '1'
import onnxruntime

model, tensors, values, size = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(model, options, providers=['CPUExecutionProvider'])
given = numpy.fromfile(values, dtype=numpy.float32)
at, most = 0, {}
for crop in numpy.fromfile(tensors, dtype=numpy.float32).reshape(-1, 1, 3, size, size):
    names = ['logits', 'features', 'feature_map']
    for name, out in zip(names, session.run(names, {'image': crop})):
        row = given[at:at + out.size]
        at += out.size
        most[name] = max(most.get(name, 0.0), float(numpy.abs(row - out.ravel()).max()))
assert at == given.size, (at, given.size)
print(json.dumps(most))
