"""Fits scikit-learn's LogisticRegression, for test/integration/evaluate/finetune/head-oracle.test.ts.

    python check_head.py FOLDER

FOLDER has `case.json` ({columns, classes, l2, balanced}) and, in little-endian numbers, `train.f32`, `test.f32` (features, a photo a
row), `train.i32` and `test.i32` (labels). Prints a JSON object: accuracy and log loss on both, seconds of the fit, and the largest
probability of each test photo's class.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

folder = Path(sys.argv[1])
case = json.loads((folder / 'case.json').read_text())


def read(part):
    features = np.fromfile(folder / f'{part}.f32', '<f4').reshape(-1, case['columns']).astype(np.float64)
    return features, np.fromfile(folder / f'{part}.i32', '<i4')


train, train_labels = read('train')
test, test_labels = read('test')
model = LogisticRegression(
    # With two classes scikit-learn fits one vector, the difference of the two rows.
    C=(2 if case['classes'] == 2 else 1) / case['l2'],
    class_weight='balanced' if case['balanced'] else None,
    tol=1e-8,
    max_iter=100_000,
)
start = time.perf_counter()
model.fit(train, train_labels)
seconds = time.perf_counter() - start
labels = np.arange(case['classes'])
result = {'seconds': seconds, 'iterations': int(model.n_iter_[0])}
for part, features, truth in [('train', train, train_labels), ('test', test, test_labels)]:
    probabilities = model.predict_proba(features)
    result[f'{part}Accuracy'] = float(np.mean(probabilities.argmax(1) == truth))
    result[f'{part}LogLoss'] = float(log_loss(truth, probabilities, labels=labels))
    if part == 'test':
        result['testProbabilities'] = probabilities[np.arange(len(truth)), truth].tolist()
json.dump(result, sys.stdout)
