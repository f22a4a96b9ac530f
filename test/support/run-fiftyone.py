"""Runs a script with the package `fiftyone`, without the MongoDB that a stored dataset needs.

Argument: the script. `Dataset.from_dir` gives the samples as the package reads them, and `launch_app` shows nothing.
"""

import runpy
import sys

import fiftyone
import fiftyone.utils.data as foud


def read_samples(dataset_dir, dataset_type):
    importer, _ = foud.build_dataset_importer(dataset_type, dataset_dir=dataset_dir)
    with importer:
        return [(path, label.label) for path, _, label in importer]


fiftyone.Dataset.from_dir = staticmethod(read_samples)
fiftyone.launch_app = lambda dataset: None
runpy.run_path(sys.argv[1])
