"""Read a form of an export with the libraries of its users, and print what they see as JSON.

    read-forms.py shards|coco|parquet FOLDER
"""

import hashlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

CACHE = tempfile.TemporaryDirectory()
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    HF_HOME=CACHE.name,
    HF_DATASETS_CACHE=CACHE.name,
    HF_HUB_DISABLE_PROGRESS_BARS="1",
    HF_DATASETS_DISABLE_PROGRESS_BARS="1",
)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def names(folder, pattern):
    return [str(path) for path in sorted(folder.glob(pattern))]


def read_shards(folder):
    import datasets
    import webdataset
    from PIL import Image

    files = names(folder, "shards/*.tar")
    raw = {sample["__key__"]: sample for sample in webdataset.WebDataset(files, shardshuffle=False)}
    seen = []
    for sample in webdataset.WebDataset(files, shardshuffle=False).decode("pil"):
        key = sample["__key__"]
        picture = raw[key]["jpg"]
        seen.append(
            {
                "key": key,
                "members": sorted(name for name in sample if not name.startswith("__")),
                "sha256": sha256(picture),
                "format": Image.open(io.BytesIO(picture)).format,
                "size": sample["jpg"].size,
                "row": sample["json"],
                "label": sample["cls"],
            }
        )
    split = datasets.load_dataset("webdataset", data_files={"test": files})["test"]
    hub = [{"key": one["__key__"], "size": one["jpg"].size, "label": one["cls"]} for one in split]
    return {"samples": seen, "hub": hub}


def read_coco(folder):
    from pycocotools.coco import COCO
    from torchvision.datasets import CocoDetection

    path = str(folder / "annotations/coco.json")
    coco = COCO(path)
    detection = CocoDetection(str(folder / "test"), path)
    return {
        "images": coco.loadImgs(coco.getImgIds()),
        "annotations": coco.loadAnns(coco.getAnnIds()),
        "categories": coco.loadCats(coco.getCatIds()),
        "licenses": coco.dataset["licenses"],
        "info": coco.dataset["info"],
        "sizes": [image.size for image, _ in detection],
    }


def read_parquet(folder):
    import datasets
    import pyarrow.parquet

    files = names(folder, "data/*.parquet")
    tables = [pyarrow.parquet.read_table(path) for path in files]
    rows = [row for table in tables for row in table.to_pylist()]
    for row in rows:
        row["image"]["bytes"] = sha256(row["image"]["bytes"])
    split = datasets.load_dataset("parquet", data_files={"test": files})["test"]
    split_groups = [pyarrow.parquet.ParquetFile(path).num_row_groups for path in files]
    return {
        "types": {field.name: str(field.type) for field in tables[0].schema},
        "rows": rows,
        "groups": split_groups,
        "features": {name: repr(feature) for name, feature in split.features.items()},
        "classNames": split.features["label"].names,
        "sizes": [one["image"].size for one in split],
        "labels": split["label"][:],
        "tags": split["tags"][:],
        "pandas": split.remove_columns("image").to_pandas()["creator"].tolist(),
    }


if __name__ == "__main__":
    form, folder = sys.argv[1:]
    readers = {"shards": read_shards, "coco": read_coco, "parquet": read_parquet}
    with open(os.devnull, "w") as nowhere:
        real, sys.stdout = sys.stdout, nowhere
        found = readers[form](Path(folder))
        sys.stdout = real
    print(json.dumps(found))
