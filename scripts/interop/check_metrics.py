"""Computes metrics with the libraries that people use, for test/integration/report/metrics-oracle.test.ts.

    python check_metrics.py < cases.json > results.json

Input: a list of cases, each with
- `positives`, `negatives`: scores
- `confidence`, `correct`: answers, without equal confidences
- `tenths`: the same, with 100 answers in each tenth of the confidences
- `successes`, `trials`
- `first`, `second`: verdicts of two reviewers, numbered
Output: for each case an object with one number for each metric. Functions of the released code of ImageNet-A are copied where no
library has them.
"""

import json
import sys

import krippendorff
import numpy as np
import torch
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, cohen_kappa_score, roc_auc_score, roc_curve
from torchmetrics.classification import BinaryCalibrationError


def fpr_at_recall(truth, score, level=0.95):
    """Upstream's `fpr_and_fdr_at_recall`, with the false positive rate alone."""
    order = np.argsort(score, kind='mergesort')[::-1]
    score, truth = score[order], truth[order]
    places = np.r_[np.where(np.diff(score))[0], truth.size - 1]
    tps = np.cumsum(truth, dtype=np.float64)[places]
    fps = 1 + places - tps
    recall = tps / tps[-1]
    until_last = slice(tps.searchsorted(tps[-1]), None, -1)
    recall, fps = np.r_[recall[until_last], 1], np.r_[fps[until_last], 0]
    return fps[np.argmin(np.abs(recall - level))] / np.sum(truth == 0)


def first_fpr(truth, score, level=0.95):
    fpr, tpr, _ = roc_curve(truth, score, drop_intermediate=False)
    return fpr[np.argmax(tpr >= level)]


def rms_calibration_error(confidence, correct, last_bin, beta=100):
    """Upstream's `calib_err` with p = '2'. `last_bin` says whether its loop goes on to the last bin."""
    order = np.argsort(confidence)
    confidence, correct = confidence[order], correct[order]
    bins = [[i * beta, (i + 1) * beta] for i in range(len(confidence) // beta)]
    bins[-1] = [bins[-1][0], len(confidence)]
    error = 0
    for start, end in bins if last_bin else bins[:-1]:
        difference = np.abs(np.mean(confidence[start:end]) - np.mean(correct[start:end]))
        error += (end - start) / len(confidence) * np.square(difference)
    return np.sqrt(error)


def torchmetrics_error(confidence, correct):
    """Bins of equal width: the same as bins of 100 photos if each has 100."""
    metric = BinaryCalibrationError(n_bins=10, norm='l2').set_dtype(torch.float64)
    return metric(torch.tensor(confidence, dtype=torch.float64), torch.tensor(correct, dtype=torch.int64)).item()


def aurra(confidence, correct):
    ranked = correct[np.argsort(confidence)[::-1]]
    return np.mean(np.cumsum(ranked) / np.arange(1, len(ranked) + 1))


def soft_f1(confidence, correct):
    wrong = 1 - correct
    return 2 * ((1 - confidence) * wrong).sum() / (1 - confidence + wrong).sum()


def metrics(case):
    truth = np.r_[np.ones(len(case['positives'])), np.zeros(len(case['negatives']))]
    score = np.array(case['positives'] + case['negatives'])
    confidence, correct = np.array(case['confidence']), np.array(case['correct'])
    tenths = case['tenths']
    interval = binomtest(case['successes'], case['trials']).proportion_ci(method='wilson')
    verdicts = [case['first'], case['second']]
    return {
        'average precision (scikit-learn)': average_precision_score(truth, score),
        'AUROC (scikit-learn)': roc_auc_score(truth, score),
        'FPR95 nearest (upstream)': fpr_at_recall(truth, score),
        'FPR95 first (scikit-learn)': first_fpr(truth, score),
        'RMS calibration error (upstream, all bins)': rms_calibration_error(confidence, correct, True),
        'RMS calibration error (upstream)': rms_calibration_error(confidence, correct, False),
        'RMS calibration error (torchmetrics)': torchmetrics_error(tenths['confidence'], tenths['correct']),
        'AURRA (upstream)': aurra(confidence, correct),
        'soft F1 (upstream)': soft_f1(confidence, correct),
        'Wilson interval, low (scipy)': interval.low,
        'Wilson interval, high (scipy)': interval.high,
        'kappa (scikit-learn)': cohen_kappa_score(*verdicts),
        'alpha (krippendorff)': krippendorff.alpha(reliability_data=verdicts, level_of_measurement='nominal'),
    }


json.dump([{name: float(value) for name, value in metrics(case).items()} for case in json.load(sys.stdin)], sys.stdout)
