"""Prints what datasets, PyYAML and mlcroissant see of an exported folder, as JSON. Needs no network."""

import json
import logging
import os
import sys
import tempfile

cache = tempfile.TemporaryDirectory()
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=cache.name, CROISSANT_CACHE=cache.name)

import datasets  # noqa: E402
import mlcroissant  # noqa: E402
from huggingface_hub import DatasetCard  # noqa: E402

root = sys.argv[1]
datasets.disable_progress_bars()
split = datasets.load_dataset(root, cache_dir=cache.name)["test"]


class Warnings(logging.Handler):
    """Collects what mlcroissant logs."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        if "mlcroissant" in record.pathname:
            self.messages.append(record.getMessage())


warnings = Warnings()
logging.getLogger().addHandler(warnings)
croissant = mlcroissant.Dataset(jsonld=os.path.join(root, "croissant.json"))
records = {one.uuid: len(list(croissant.records(one.uuid))) for one in croissant.metadata.record_sets}
print(
    json.dumps(
        {
            "rows": split.num_rows,
            "columns": split.column_names,
            "names": split.features["label"].names,
            "prettyName": DatasetCard.load(os.path.join(root, "README.md")).data.pretty_name,
            "croissant": {"warnings": warnings.messages, "records": records},
        }
    )
)
