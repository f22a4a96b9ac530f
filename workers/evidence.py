"""Runs a plan of `winnow evidence plan` on Ray: one machine, or the cluster that RAY_ADDRESS names.

    pip install 'pillow<13' numpy pyarrow onnxruntime 'ray[data]'      # onnxruntime-gpu for CUDA
    python workers/evidence.py PLAN --actors 2
    winnow evidence import PLAN --collection NAME

PLAN is the folder of the plan. Every actor needs it, the models and the photos at the same paths (a shared file system), or
the photos in S3 (the usual AWS variables). The results of plan/part-N.parquet go to part-N.parquet. The same command continues
after a kill with the shards that have no results. docs/clusters.md describes the files.

Exit codes: 0 done, 1 something failed, 2 wrong usage.
"""

import argparse
import hashlib
import io
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
import PIL
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from PIL import Image, ImageOps

FILTERS = {
    'bilinear-antialias': Image.Resampling.BILINEAR,
    'bicubic-antialias': Image.Resampling.BICUBIC,
    'lanczos': Image.Resampling.LANCZOS,
}
SCHEMA = pa.schema(
    [
        ('plan_id', pa.string()),
        ('sha256', pa.string()),
        ('member', pa.string()),
        ('crop', pa.int32()),
        ('logits', pa.list_(pa.float32())),
    ]
)
CROPS = 10
# A resized picture with more pixels, of a photo as thin as a line, is left to winnow.
MAX_RESIZED_PIXELS = 2**26
SMALLEST_PROBABILITY = np.float32(1.1754943508222875e-38)
# Field numbers of onnx.proto3: ModelProto.graph, GraphProto.output, ValueInfoProto.name.
GRAPH, OUTPUT, NAME = 7, 12, 1

Image.MAX_IMAGE_PIXELS = None


class Usage(Exception):
    """A mistake that the user can repair."""


def decoded(data):
    """8-bit RGB: EXIF orientation applied, colour profiles ignored, 16 bits by their high byte, alpha on white."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    if picture.mode.startswith('I'):
        levels = (np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8)
        exif = picture.getexif()
        picture = Image.fromarray(levels)
        picture.info['exif'] = exif.tobytes()
    picture = ImageOps.exif_transpose(picture)
    if 'A' in picture.getbands() or 'transparency' in picture.info:
        rgba = picture.convert('RGBA')
        picture = Image.new('RGB', rgba.size, (255, 255, 255))
        picture.paste(rgba, mask=rgba.getchannel('A'))
    return picture.convert('RGB')


def resized(picture, resize):
    """Pillow's resize with antialiasing, rows before columns, as all versions before Pillow 13."""
    side, (width, height) = resize['side'], picture.size
    if resize['square']:
        size = (side, side)
    elif width <= height:
        size = (side, int(side * height / width))
    else:
        size = (int(side * width / height), side)
    if size[0] * size[1] > MAX_RESIZED_PIXELS:
        raise ValueError(f'{size[0]} x {size[1]} pixels')
    return np.asarray(picture.resize(size, FILTERS[resize['interpolation']]))


def ten_crops(pixels, size):
    """[10, size, size, 3]: top-left, top-right, bottom-left, bottom-right, centre, and the same of the mirrored picture."""
    crops = []
    for picture in (pixels, pixels[:, ::-1]):
        down, across = picture.shape[0] - size, picture.shape[1] - size
        middle = (round(down / 2), round(across / 2))
        for top, left in ((0, 0), (0, across), (down, 0), (down, across), middle):
            crops.append(picture[top : top + size, left : left + size])
    return np.stack(crops)


def model_input(crops, recipe):
    """The crops as the graph takes them."""
    kind, layout = recipe['input']['type'], recipe['input']['layout']
    if kind != 'uint8':
        mean, std = (np.float32(recipe['normalise'][name]) for name in ('mean', 'std'))
        crops = ((crops.astype(np.float32) - mean) / std).astype(kind)
    return np.ascontiguousarray(crops if layout == 'nhwc' else crops.transpose(0, 3, 1, 2))


def field(number, data):
    """A protobuf field of bytes."""
    length, head = len(data), bytearray([number << 3 | 2])
    while length > 127:
        head.append(length & 127 | 128)
        length >>= 7
    return bytes([*head, length]) + data


def safetensors(data):
    """weight [classes, features] and bias [classes] of a linear layer, as float64."""
    end = 8 + int.from_bytes(data[:8], 'little')
    tensors = []
    for name in ('weight', 'bias'):
        tensor = json.loads(data[8:end])[name]
        start, stop = (end + offset for offset in tensor['data_offsets'])
        if tensor['dtype'] == 'BF16':
            values = (np.frombuffer(data[start:stop], '<u2').astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(data[start:stop], {'F32': '<f4', 'F16': '<f2'}[tensor['dtype']])
        tensors.append(values.astype(np.float64).reshape(tensor['shape']))
    return tensors


class Member:
    """A member's model, opened on one device."""

    def __init__(self, plan, models, options):
        self.name, self.recipe, self.wnids = plan['member'], plan['recipe'], plan['wnids']
        self.models = models
        self.settings = ort.SessionOptions()
        self.settings.intra_op_num_threads = options['threads']
        cuda = [('CUDAExecutionProvider', {'use_tf32': 0})]
        self.providers = cuda if options['device'] == 'cuda' else ['CPUExecutionProvider']
        model, self.output = self.recipe['model'], self.recipe['output']['name']
        for external in model['externalData']:
            self.read(external, external['name'])
        folder = str((models or Path(model['file']).parent).resolve())
        self.settings.add_session_config_entry('session.model_external_initializers_file_folder_path', folder)
        self.session = self.opened(self.read(model))
        self.head, self.layer = None, None
        if self.recipe['head'] is not None:
            data = self.read(self.recipe['head'])
            if self.recipe['head']['file'].endswith('.safetensors'):
                self.layer = safetensors(data)
            else:
                self.head = ort.InferenceSession(data, self.settings, providers=['CPUExecutionProvider'])

    def read(self, file, name=None):
        path = Path(file['file']) if self.models is None else self.models / (name or Path(file['file']).name)
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != file['sha256']:
            raise Usage(f"Expected the file with the SHA-256 {file['sha256']} at '{path}' but it has other bytes")
        return data

    def opened(self, data):
        session = ort.InferenceSession(data, self.settings, providers=self.providers)
        if self.providers[0] != 'CPUExecutionProvider' and 'CUDAExecutionProvider' not in session.get_providers():
            raise Usage('ONNX Runtime cannot use CUDA here: install onnxruntime-gpu and its CUDA libraries, or give --device cpu')
        if self.output in {output.name for output in session.get_outputs()}:
            return session
        # Protobuf merges a field that occurs twice, so these bytes add an output to the graph.
        added = field(GRAPH, field(OUTPUT, field(NAME, self.output.encode())))
        return ort.InferenceSession(data + added, self.settings, providers=self.providers)

    def logits(self, crops):
        """[crops, wnids] as float32."""
        given = {self.recipe['input']['name']: model_input(crops, self.recipe)}
        if self.session.get_inputs()[0].shape[0] == 1:
            rows = [self.session.run([self.output], {name: values[i : i + 1] for name, values in given.items()})[0] for i in range(len(crops))]
            values = np.concatenate(rows)
        else:
            values = self.session.run([self.output], given)[0]
        values = values.reshape(len(crops), -1).astype(np.float32)
        if self.recipe['head'] is not None and self.recipe['head']['normalise']:
            values = (values / np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)).astype(np.float32)
        if self.layer is not None:
            weight, bias = self.layer
            values = (values.astype(np.float64) @ weight.T + bias).astype(np.float32)
        elif self.head is not None:
            values = self.head.run(None, {self.head.get_inputs()[0].name: values})[0]
        elif self.recipe['output']['values'] == 'probabilities':
            values = np.log(np.maximum(values.astype(np.float64), SMALLEST_PROBABILITY)).astype(np.float32)
        return values[:, self.recipe['places']]


class Shards:
    """Evaluates shards, each into a result file. Ray makes one for each actor."""

    def __init__(self, folder, options):
        self.folder, self.options = Path(folder), options
        self.plan = json.loads((self.folder / 'plan.json').read_text(encoding='utf8'))
        models = None if options['models'] is None else Path(options['models'])
        self.members = [Member(member, models, options) for member in self.plan['members']]
        self.files = None
        if self.plan['s3'] is not None:
            s3 = {'endpoint_override': self.plan['s3']['endpoint'], 'region': self.plan['s3']['region']}
            given = {name: value for name, value in s3.items() if value is not None}
            self.files = pafs.S3FileSystem(**given, force_virtual_addressing=not self.plan['s3']['pathStyle'])

    def __call__(self, batch):
        for index in batch['shard']:
            self.run(int(index))
        return {'shard': batch['shard']}

    def run(self, index):
        shard = self.plan['shards'][index]
        data = (self.folder / shard['file']).read_bytes()
        if hashlib.sha256(data).hexdigest() != shard['sha256']:
            raise Usage(f"Expected the shard of the plan in '{self.folder / shard['file']}' but it has other bytes")
        photos = pq.read_table(io.BytesIO(data)).to_pylist()
        blobs = self.path(photos[0]['address']).parents[2]
        if self.files is None and not blobs.is_dir():
            raise Usage(f"Expected the folder of photos at '{blobs}' but there is none: mount it, or give --photos")
        target = self.folder / Path(shard['file']).name
        unfinished = target.with_name(f'.{target.name}.unfinished')
        with ThreadPoolExecutor(self.options['threads'] + 1) as pool, pq.ParquetWriter(unfinished, SCHEMA) as writer:
            # Photos are read and decoded while the models run.
            window = 4 * (self.options['threads'] + 1)
            ahead = [pool.submit(self.pixels, photo) for photo in photos[:window]]
            rows = []
            for at, photo in enumerate(photos):
                if at + window < len(photos):
                    ahead.append(pool.submit(self.pixels, photos[at + window]))
                rows += self.rows(photo, ahead.pop(0).result())
                if len(rows) >= 50 * CROPS or at + 1 == len(photos):
                    writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
                    rows = []
        with open(unfinished, 'rb+') as file:
            os.fsync(file.fileno())
        unfinished.replace(target)

    def read(self, address):
        if self.files is not None:
            with self.files.open_input_stream(address.removeprefix('s3://')) as stream:
                return stream.read()
        return self.path(address).read_bytes()

    def path(self, address):
        path = Path(address)
        blobs = self.options['photos']
        return path if blobs is None else Path(blobs).joinpath(*path.parts[-3:])

    def pixels(self, photo):
        """The crops for each way of resizing and cropping; None if they cannot be computed here."""
        try:
            data = self.read(photo['address'])
        except FileNotFoundError:
            # It may be removed since the plan was made.
            return None
        if hashlib.sha256(data).hexdigest() != photo['sha256']:
            return None
        try:
            picture = decoded(data)
            wanted = {key(member.recipe): member.recipe for member in self.members if member.name in photo['members']}
            return {name: ten_crops(resized(picture, recipe['resize']), recipe['crops']['size']) for name, recipe in wanted.items()}
        except (OSError, ValueError, SyntaxError, MemoryError) as error:
            print(f"{photo['sha256']} is left to winnow: {error}", file=sys.stderr)
            return None

    def rows(self, photo, crops):
        rows = []
        for member in self.members:
            if member.name not in photo['members']:
                continue
            logits = None if crops is None else member.logits(crops[key(member.recipe)])
            isFinite = logits is not None and np.isfinite(logits).all()
            for crop in range(CROPS):
                values = logits[crop] if isFinite else None
                rows.append({'plan_id': self.plan['id'], 'sha256': photo['sha256'], 'member': member.name, 'crop': crop, 'logits': values})
        return rows


def key(recipe):
    return json.dumps([recipe['resize'], recipe['crops']['size']])


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('plan', type=Path, help='the folder of `winnow evidence plan`')
    parser.add_argument('--actors', type=int, help='processes that evaluate shards (default: one for each GPU, or CPU)')
    parser.add_argument('--device', choices=['cpu', 'cuda'], default='cpu')
    parser.add_argument('--threads', type=int, default=1, help="threads of each actor's models (default: 1)")
    parser.add_argument('--models', help='a folder with the model files (default: their paths in the plan)')
    parser.add_argument('--photos', help='the folder of blobs, where it is mounted elsewhere (default: the paths in the plan)')
    parser.add_argument('--no-ray', action='store_true', help='in this process, one shard after the other')
    options = parser.parse_args()
    for name in ('actors', 'threads'):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            parser.error(f"Expected at least 1 for --{name} but received '{getattr(options, name)}'")
    if not (options.plan / 'plan.json').is_file():
        parser.error(f"Expected a folder that `winnow evidence plan` wrote but '{options.plan}' has no plan.json")
    if int(PIL.__version__.split('.')[0]) >= 13:
        parser.error(f"Pillow {PIL.__version__} resizes tall pictures in another way than winnow. Install 'pillow<13'")
    return options


def run_on_ray(folder, shards, options):
    import ray

    ray.init(address=os.environ.get('RAY_ADDRESS'), ignore_reinit_error=True, log_to_driver=True)
    gpus = 1 if options.device == 'cuda' else 0
    available = int(ray.cluster_resources().get('GPU' if gpus else 'CPU', 1))
    actors = min(options.actors or available, len(shards))
    done = ray.data.from_items([{'shard': shard} for shard in shards], override_num_blocks=len(shards)).map_batches(
        Shards,
        fn_constructor_args=(str(folder), vars(options)),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_gpus=gpus,
    )
    for row in done.iter_rows():
        print(f"part {row['shard']} done", flush=True)


def main():
    options = parsed()
    folder = options.plan.resolve()
    plan = json.loads((folder / 'plan.json').read_text(encoding='utf8'))
    if plan['format'] != 1:
        raise Usage(f"Expected a plan of format 1 but '{folder}' has {plan['format']}: use the evidence.py of the winnow that wrote it")
    parts = [folder / Path(shard['file']).name for shard in plan['shards']]
    missing = [i for i, part in enumerate(parts) if not part.exists()]
    print(f'{len(missing)} of {len(parts)} shards to do', flush=True)
    if missing and options.no_ray:
        shards = Shards(folder, vars(options))
        for shard in missing:
            shards.run(shard)
    elif missing:
        run_on_ray(folder, missing, options)
    sums = [f'{hashlib.sha256(part.read_bytes()).hexdigest()}  {part.name}\n' for part in parts]
    unfinished = folder / '.SHA256SUMS.unfinished'
    unfinished.write_text(''.join(sums), encoding='utf8')
    unfinished.replace(folder / 'SHA256SUMS')


if __name__ == '__main__':
    try:
        main()
    except Usage as error:
        sys.exit(f'evidence.py: {error}')
