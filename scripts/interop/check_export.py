"""Loads an exported set with the libraries that people use, and checks that all of them see the same photos.

    python check_export.py EXPORT [--require imagefolder,webdataset | --require all]

torchvision's ImageFolder is the reference: a photo is a file below test/, with its folder and its decoded RGB pixels.
Every other library must see the same files with the same folders and pixels. Prints `ok NAME: ...` or `FAIL NAME: ...`
for each check, then `N passed, N failed`. A form that the export does not have is skipped unless --require names it.
Exit code: 0 if nothing failed, 1 if something failed, 2 on wrong usage. No check uses the network or writes into EXPORT.
"""

import argparse
import contextlib
import hashlib
import io
import json
import logging
import os
import socket
import sys
import tempfile
from pathlib import Path

# The libraries read these variables when they are imported, which happens inside the checks.
CACHE = tempfile.TemporaryDirectory(prefix='winnow-interop-')
os.environ.update(
    HF_HOME=CACHE.name,
    HF_HUB_OFFLINE='1',
    HF_DATASETS_OFFLINE='1',
    HF_HUB_DISABLE_TELEMETRY='1',
    HF_DATASETS_DISABLE_PROGRESS_BARS='1',
    CROISSANT_CACHE=CACHE.name,
    XDG_CACHE_HOME=CACHE.name,
)

connections = []


def refuse_network():
    """Makes every connection fail, and remembers it. Local sockets of other kinds still work."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            connections.append(str(address))
            raise OSError('no network in this check')
        return connect(self, address)

    def no_lookup(host, *args, **kwargs):
        connections.append(str(host))
        raise OSError('no network in this check')

    socket.socket.connect, socket.getaddrinfo = guarded, no_lookup


class Wrong(Exception):
    """What a check found, one sentence an item."""

    def __init__(self, problems):
        super().__init__('; '.join(problems[:3]) + (f'; and {len(problems) - 3} more' if len(problems) > 3 else ''))


def expect_none(problems):
    if problems:
        raise Wrong(problems)


def pixels(image):
    """A short name for the RGB pixels of a Pillow image and its size."""
    rgb = image.convert('RGB')
    return f'{rgb.width}x{rgb.height} {hashlib.sha256(rgb.tobytes()).hexdigest()[:16]}'


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


class Export:
    def __init__(self, root):
        self.root = root
        self.test = root / 'test'
        lines = (self.test / 'metadata.jsonl').read_text('utf-8').splitlines()
        # By file name, relative to test/.
        self.rows = {row['file_name']: row for row in map(json.loads, lines)}
        self.duplicates = len(lines) - len(self.rows)
        # File name -> (folder, pixels), as torchvision sees them.
        self.reference = {}
        self.wnids = sorted({row['wnid'] for row in self.rows.values()})
        self.class_names = [
            next(row['class_name'] for row in self.rows.values() if row['wnid'] == wnid) for wnid in self.wnids
        ]

    def compare(self, seen):
        """Compares (file name, folder, pixels) of each photo that a library sees with the reference."""
        found, problems = {}, []
        for name, wnid, digest in seen:
            if name in found:
                problems.append(f'{name} comes twice')
            found[name] = (wnid, digest)
        for name in sorted(self.reference.keys() | found.keys()):
            expected, actual = self.reference.get(name), found.get(name)
            if expected != actual:
                problems.append(f'{name} is {actual}, but torchvision sees {expected}')
        expect_none(problems)
        return f'{len(found)} photos of {len(self.wnids)} classes, same pixels'

    def compare_row(self, values):
        """Problems of a record that should say the same as the photo's line of metadata.jsonl."""
        row = self.rows.get(values.get('file_name'), {})
        # Readers differ in how they write what is empty.
        meaning = lambda value: None if value == '' or value == [] or value != value else value
        return [
            f'{values.get("file_name")}: {key} is {value!r}, but metadata.jsonl says {row.get(key)!r}'
            for key, value in values.items()
            if not means_same(meaning(value), meaning(row.get(key)))
        ]


def means_same(value, other):
    """mlcroissant reads JSON with pandas, which is not exact in the last digits of a number."""
    if isinstance(value, float) and isinstance(other, (int, float)):
        return abs(value - other) <= 1e-9 * max(1, abs(other))
    return value == other


def check_checksums(export):
    """SHA256SUMS lists every other file with its hash."""
    listed = dict(line.split('  ', 1)[::-1] for line in (export.root / 'SHA256SUMS').read_text('utf-8').splitlines())
    files = {path.relative_to(export.root).as_posix() for path in export.root.rglob('*') if path.is_file()}
    files.remove('SHA256SUMS')
    problems = [f'{name} is in only one of the folder and SHA256SUMS' for name in sorted(files ^ listed.keys())]
    problems += [f'{name} has another sha256' for name in sorted(files & listed.keys()) if sha256(export.root / name) != listed[name]]
    expect_none(problems)
    return f'{len(files)} files'


def check_imagefolder(export):
    from torchvision.datasets import ImageFolder

    photos, problems = ImageFolder(export.test), []
    for index, (path, target) in enumerate(photos.samples):
        name = Path(path).relative_to(export.test).as_posix()
        image, _ = photos[index]
        export.reference[name] = (photos.classes[target], pixels(image))
        row = export.rows.get(name)
        if row is None:
            problems.append(f'{name} has no line in metadata.jsonl')
            continue
        seen = (target, photos.classes[target], *image.size, sha256(path))
        if seen != tuple(row[key] for key in ('label', 'wnid', 'width', 'height', 'sha256')):
            problems.append(f'{name} is {seen}, which differs from its line in metadata.jsonl')
    problems += [f'{name} is in metadata.jsonl only' for name in export.rows.keys() - export.reference.keys()]
    if photos.classes != export.wnids or export.duplicates > 0:
        problems.append(f'{len(photos.classes)} folders, {export.duplicates} lines of metadata.jsonl come twice')
    expect_none(problems)
    return f'{len(photos)} photos of {len(photos.classes)} classes; metadata.jsonl agrees'


def table_photos(export, table, wnid_of):
    """The photos of a table of the library datasets, and the problems of its other columns."""
    import datasets

    problems, names = [], table.column_names
    if not isinstance(table.features['image'], datasets.Image):
        raise Wrong([f'the column image is {table.features["image"]}'])
    paths = [cell['path'] for cell in table.cast_column('image', datasets.Image(decode=False))['image']]
    seen = []
    for path, row in zip(paths, table):
        name = row.get('file_name') or os.path.relpath(os.path.realpath(path), export.test.resolve())
        seen.append((name, wnid_of(row), pixels(row.pop('image'))))
        problems += export.compare_row({**row, 'file_name': name})
    missing = {key for row in export.rows.values() for key in row} - set(names) - {'file_name'}
    expect_none(problems + [f'the column {name} is not loaded' for name in sorted(missing)])
    return seen


def load_split(*args, **kwargs):
    import datasets

    loaded = datasets.load_dataset(*args, **kwargs, cache_dir=tempfile.mkdtemp(dir=CACHE.name))
    if list(loaded) != ['test']:
        raise Wrong([f'the splits are {list(loaded)}'])
    return loaded['test']


def check_label_names(export, table):
    names = getattr(table.features['label'], 'names', None)
    if names != export.class_names:
        raise Wrong([f'label is {table.features["label"]}, not a class label with the names of the classes'])


def check_datasets_imagefolder(export):
    # With data_dir, datasets 5.2 looks only into data/ if the export has Parquet files there, and finds no pictures.
    has_data = (export.root / 'data').exists()
    where = {'data_files': {'test': f'{export.test}/**'}} if has_data else {'data_dir': str(export.root)}
    table = load_split('imagefolder', **where)
    return export.compare(table_photos(export, table, lambda row: row['wnid']))


def check_datasets_card(export):
    table = load_split(str(export.root))
    check_label_names(export, table)
    return export.compare(table_photos(export, table, lambda row: export.wnids[row['label']]))


def check_parquet(export):
    files = sorted(str(path) for path in (export.root / 'data').glob('*.parquet'))
    table = load_split('parquet', data_files={'test': files})
    check_label_names(export, table)
    return export.compare(table_photos(export, table, lambda row: export.wnids[row['label']]))


def plain(value):
    """A value of a Croissant record. mlcroissant gives texts as bytes."""
    if isinstance(value, bytes):
        return value.decode('utf-8')
    if isinstance(value, (list, tuple)) or type(value).__name__ == 'ndarray':
        return [plain(item) for item in value]
    return value.item() if hasattr(value, 'item') else value


def check_croissant(export):
    import mlcroissant

    data = mlcroissant.Dataset(jsonld=str(export.root / 'croissant.json'))
    issues = data.metadata.ctx.issues
    # Only the curator of a set can give it a version.
    expect_none([*issues.errors, *(warning for warning in issues.warnings if 'https://schema.org/version' not in warning)])

    def records(name):
        return [{key.split('/')[1]: value for key, value in record.items()} for record in data.records(name)]

    classes = [plain(record['wnid']) for record in records('classes')]
    rows = [{key: plain(value) for key, value in record.items()} for record in records('photos')]
    problems = [problem for row in rows for problem in export.compare_row(row)]
    if classes != export.wnids or len(rows) != len(export.rows):
        problems.append(f'{len(classes)} classes and {len(rows)} records')
    expect_none(problems)
    images = records('images')
    return export.compare((plain(one['file_name']), plain(one['wnid']), pixels(one['image'])) for one in images)


def check_webdataset(export):
    import webdataset

    shards = sorted(str(path) for path in (export.root / 'shards').glob('*.tar'))
    seen, problems = [], []
    for sample in webdataset.WebDataset(shards, shardshuffle=False).decode('pil'):
        row = sample['json']
        problems += export.compare_row(row)
        if sample['__key__'] != f'{row["wnid"]}/{row["id"]}':
            problems.append(f'the key of {row["id"]} is {sample["__key__"]}')
        seen.append((row['file_name'], export.wnids[sample['cls']], pixels(sample['jpg'])))
    expect_none(problems)
    return export.compare(seen)


def check_datasets_webdataset(export):
    import datasets

    shards = sorted(str(path) for path in (export.root / 'shards').glob('*.tar'))
    table = load_split('webdataset', data_files={'test': shards})
    # It takes the type of each value in `json` from the first samples, and fails if a later one has another type.
    if not isinstance(table.features['jpg'], datasets.Image):
        raise Wrong([f'the column jpg is {table.features["jpg"]}'])
    return export.compare((row['json']['file_name'], export.wnids[row['cls']], pixels(row['jpg'])) for row in table)


def check_coco(export):
    from torchvision.datasets import CocoDetection

    photos = CocoDetection(export.test, str(export.root / 'annotations' / 'coco.json'))
    seen, problems = [], []
    for index, image_id in enumerate(photos.ids):
        image, annotations = photos[index]
        facts = photos.coco.loadImgs(image_id)[0]
        licence = next((one for one in photos.coco.dataset['licenses'] if one['id'] == facts['license']), None)
        row = export.rows.get(facts['file_name'], {})
        if len(annotations) != 1 or licence is None or licence['name'] != row.get('license'):
            problems.append(f'{facts["file_name"]} has {len(annotations)} annotations and the licence {licence}')
        if (facts['width'], facts['height']) != image.size:
            problems.append(f'{facts["file_name"]} is {image.size}')
        category = photos.coco.cats[annotations[0]['category_id']]
        seen.append((facts['file_name'], category['wnid'], pixels(image)))
    expect_none(problems)
    return export.compare(seen)


def check_attribution(export):
    import pandas

    table = pandas.read_csv(export.root / 'attribution.csv')
    problems = []
    for cells in table.to_dict('records'):
        row = export.rows.get(cells['file_name'].removeprefix('test/'))
        if row is None:
            problems.append(f'{cells["file_name"]} is not in metadata.jsonl')
            continue
        if cells['creator'] not in (row['creator'], f"'{row['creator']}"):
            problems.append(f'{row["id"]}: creator is {cells["creator"]!r}, not {row["creator"]!r}')
        same = ('id', 'wnid', 'class_name', 'license', 'sha256', 'original_sha256', 'attribution')
        problems += [f'{row["id"]}: {key} is {cells[key]!r}, not {row[key]!r}' for key in same if cells[key] != row[key]]
        for key in ('source_page_url', 'source_url', 'license_url'):
            if isinstance(cells[key], str) and not cells[key].startswith(('https://', 'http://')):
                problems.append(f'{row["id"]}: {key} is {cells[key]!r}')
    if len(table) != len(export.rows) or table['file_name'].nunique() != len(table):
        problems.append(f'{len(table)} rows for {len(export.rows)} photos')
    expect_none(problems)
    return f'pandas reads {len(table)} rows'


def check_offline(_export):
    expect_none([f'connection to {address}' for address in connections])
    return 'nothing tried to use the network'


# Name, the file or folder that the export needs for it, and the check. The first two are always needed.
CHECKS = [
    ('checksums', 'SHA256SUMS', check_checksums),
    ('imagefolder', 'test', check_imagefolder),
    ('attribution', 'attribution.csv', check_attribution),
    ('datasets-imagefolder', 'test/metadata.jsonl', check_datasets_imagefolder),
    ('datasets-card', 'README.md', check_datasets_card),
    ('croissant', 'croissant.json', check_croissant),
    ('webdataset', 'shards', check_webdataset),
    ('datasets-webdataset', 'shards', check_datasets_webdataset),
    ('coco', 'annotations/coco.json', check_coco),
    ('parquet', 'data', check_parquet),
    ('offline', '', check_offline),
]


def run(name, check, export):
    """Whether a check passes. Whatever a library raises is a failed check."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            detail = check(export)
    except Exception as error:
        print(f'FAIL {name}: {type(error).__name__}: {" ".join(str(error).split())[:1_000]}', flush=True)
        return False
    print(f'ok {name}: {detail}', flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('export', type=Path)
    parser.add_argument('--require', default='checksums,imagefolder', help='names of checks, or all')
    options = parser.parse_args()
    names = [name for name, _, _ in CHECKS]
    required = names if options.require == 'all' else options.require.split(',')
    if unknown := set(required) - set(names):
        parser.error(f'--require takes {", ".join(names)} or all, not {", ".join(sorted(unknown))}')
    if not (options.export / 'test' / 'metadata.jsonl').is_file():
        parser.error(f'{options.export} is not an exported set: it has no test/metadata.jsonl')
    logging.disable(logging.WARNING)
    refuse_network()
    export, results = Export(options.export), []
    for name, path, check in CHECKS:
        if (export.root / path).exists() or name in required:
            results.append(run(name, check, export))
        else:
            print(f'skip {name}: the export has no {path}')
    print(f'{sum(results)} passed, {len(results) - sum(results)} failed')
    return 0 if all(results) else 1


if __name__ == '__main__':
    sys.exit(main())
