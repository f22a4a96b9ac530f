"""Reads a FiftyOne dataset with the importer of the package `fiftyone`, without the MongoDB that a stored dataset needs.

Argument: the dataset's folder. Prints JSON: the fields with their types, and the samples as the package understands them.
"""

import json
import sys

import fiftyone as fo
import fiftyone.core.odm as foo
import fiftyone.utils.data as foud

importer, _ = foud.build_dataset_importer(fo.types.FiftyOneDataset, dataset_dir=sys.argv[1])
importer.setup()
dataset = foo.DatasetDocument.from_dict({**importer._dataset_dict, "sample_collection_name": "samples"})
fields = [field.to_field() for field in dataset.sample_fields]
samples = [fo.Sample.from_dict(sample) for sample in foo.import_collection(importer._samples_path, key="samples")[0]]


def plain(value):
    if isinstance(value, fo.Label):
        return {"type": type(value).__name__, "label": value.label, "confidence": value.confidence}
    return value


names = [field.name for field in fields if not field.name.startswith("_") and not field.name.endswith("_at")]
print(
    json.dumps(
        {
            "version": fo.__version__,
            "isLegacy": importer._is_legacy_format_data(),
            "mediaType": dataset.media_type,
            "fields": {field.name: str(field) for field in fields},
            "samples": [
                {"media_type": sample.media_type, **{name: plain(sample[name]) for name in names}} for sample in samples
            ],
        }
    )
)
