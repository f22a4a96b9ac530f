"""Tags samples of a FiftyOne dataset and writes them as FiftyOne's exporter does, without the MongoDB that a stored dataset needs.

Arguments: the dataset's folder, and the file to write. Standard input: JSON, the tags of each sample by its sha256.
"""

import json
import sys

import fiftyone as fo
import fiftyone.core.odm as foo
import fiftyone.utils.data as foud

importer, _ = foud.build_dataset_importer(fo.types.FiftyOneDataset, dataset_dir=sys.argv[1])
importer.setup()
tags = json.load(sys.stdin)
samples = []
for document in foo.import_collection(importer._samples_path, key="samples")[0]:
    sample = fo.Sample.from_dict(document)
    sample.tags.extend(tags.get(sample["sha256"], []))
    samples.append({"_id": document["_id"], **sample.to_mongo_dict()})
foo.export_collection(samples, sys.argv[2], key="samples", progress=False)
