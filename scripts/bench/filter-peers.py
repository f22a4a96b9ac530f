"""Decides photos as winnow does, with ONNX Runtime or PyTorch, for scripts/bench/filter.ts. Prints one JSON object.

Arguments: the way (ort-all, ort-early, torch) and a JSON file: `photos` (files), `truths` (by name of a set of labels,
the position of each photo's class), `mask` (positions of the classes among the model's), `threshold`, `processes`, and
`members` (file, input, output, size, shorterSide, mean, std), cheapest first. The clock starts once models are loaded
and every process is ready, and stops with the last photo.
"""

import json
import multiprocessing
import os
import sys
import time

import numpy as np
from PIL import Image, ImageOps

# The centre and its mirror image first, as winnow does before it has learnt a better order.
CROP_ORDER = [4, 9, 0, 1, 2, 3, 5, 6, 7, 8]
CROPS = 10


def open_picture(file):
    image = ImageOps.exif_transpose(Image.open(file))
    if image.mode in ('RGBA', 'LA', 'PA') or 'transparency' in image.info:
        rgba = image.convert('RGBA')
        white = Image.new('RGB', rgba.size, (255, 255, 255))
        white.paste(rgba, mask=rgba)
        return white
    return image.convert('RGB')


def resized(image, shorter):
    """torchvision's Resize: the longer side is truncated."""
    width, height = image.size
    size = (shorter, int(shorter * height / width)) if width <= height else (int(shorter * width / height), shorter)
    return image.resize(size, Image.BILINEAR)


class Picture:
    """One photo as one member wants it: resized and normalised once, its ten crops cut from that."""

    def __init__(self, image, member):
        pixels = np.asarray(resized(image, member['shorterSide']), dtype=np.float32)
        pixels = (pixels - np.float32(member['mean'])) / np.float32(member['std'])
        self.planes = pixels.transpose(2, 0, 1)
        self.size = member['size']

    def crop(self, index):
        planes = self.planes[:, :, ::-1] if index >= 5 else self.planes
        _, height, width = planes.shape
        size = self.size
        tops = [0, 0, height - size, height - size, round((height - size) / 2)]
        lefts = [0, width - size, 0, width - size, round((width - size) / 2)]
        top, left = tops[index % 5], lefts[index % 5]
        return planes[:, top:top + size, left:left + size]

    def crops(self, indexes):
        return np.ascontiguousarray(np.stack([self.crop(index) for index in indexes]))


def softmax(logits):
    values = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return values / values.sum(axis=-1, keepdims=True)


def is_hit(logits, truth, threshold):
    return bool(((logits.argmax(-1) == truth) | (softmax(logits)[..., truth] > threshold)).any())


def decision(logits, truth, threshold):
    """The decision from all crops of all members: kept or dropped, and the confusion of a kept photo."""
    if is_hit(logits, truth, threshold):
        return ['dropped', None]
    means = softmax(logits).mean(axis=0)
    means[truth] = -1
    return ['kept', int(means.argmax())]


def session_of(member):
    # Otherwise ONNX Runtime records which models run, and sends that to its maker.
    os.environ['ORT_DISABLE_TELEMETRY'] = '1'
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(member['file'], options, providers=['CPUExecutionProvider'])


class OrtPhotos:
    def __init__(self, job):
        self.job = job
        self.members = job['members']
        self.sessions = [session_of(member) for member in self.members]
        self.mask = np.array(job['mask'])

    def logits(self, member, picture, crops):
        name, output = self.members[member]['input'], self.members[member]['output']
        rows = self.sessions[member].run([output], {name: picture.crops(crops)})[0]
        return rows[:, self.mask]

    def all_crops(self, photo):
        image = open_picture(self.job['photos'][photo])
        rows = [self.logits(m, Picture(image, member), range(CROPS)) for m, member in enumerate(self.members)]
        stacked = np.concatenate(rows)
        threshold = self.job['threshold']
        ends = {name: decision(stacked, truths[photo], threshold) for name, truths in self.job['truths'].items()}
        return CROPS * len(self.members), ends

    def early(self, photo):
        (name, truths), = self.job['truths'].items()
        image = open_picture(self.job['photos'][photo])
        pictures = {}
        rows = []
        for crop in CROP_ORDER:
            for m, member in enumerate(self.members):
                if m not in pictures:
                    pictures[m] = Picture(image, member)
                rows.append(self.logits(m, pictures[m], [crop]))
                if is_hit(rows[-1], truths[photo], self.job['threshold']):
                    return len(rows), {name: ['dropped', None]}
        return len(rows), {name: decision(np.concatenate(rows), truths[photo], self.job['threshold'])}


def ort_worker(way, job, ready, next_photo, results):
    photos = OrtPhotos(job)
    decide = photos.all_crops if way == 'ort-all' else photos.early
    decide(0)
    ready.wait()
    done = []
    while True:
        with next_photo.get_lock():
            photo = next_photo.value
            next_photo.value += 1
        if photo >= len(job['photos']):
            break
        crops, ends = decide(photo)
        done.append((photo, crops, ends))
    results.put((time.time(), done))


def run_ort(way, job):
    context = multiprocessing.get_context('spawn')
    ready = context.Barrier(job['processes'] + 1)
    next_photo, results = context.Value('i', 0), context.Queue()
    workers = [
        context.Process(target=ort_worker, args=(way, job, ready, next_photo, results))
        for _ in range(job['processes'])
    ]
    for worker in workers:
        worker.start()
    ready.wait()
    started = time.time()
    ends = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    done = sorted((entry for _, entries in ends for entry in entries), key=lambda entry: entry[0])
    return started, max(at for at, _ in ends), done, f"{job['processes']} processes of one thread"


def torch_model(file):
    """The ONNX graph as a PyTorch module: only the operations that these graphs use."""
    import onnx
    import torch
    from onnx import helper, numpy_helper
    from torch.nn import functional

    graph = onnx.load(file).graph
    constants = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    nodes = []
    for node in graph.node:
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        if node.op_type == 'Constant':
            constants[node.output[0]] = torch.from_numpy(numpy_helper.to_array(attributes['value']).copy())
        elif node.op_type == 'Cast':
            constants[node.output[0]] = constants[node.input[0]].float()
        elif node.op_type == 'Identity':
            constants[node.output[0]] = constants[node.input[0]]
        elif node.op_type == 'ConstantOfShape':
            value = numpy_helper.to_array(attributes['value'])[0]
            constants[node.output[0]] = torch.full(constants[node.input[0]].tolist(), float(value))
        else:
            nodes.append((node.op_type, list(node.input), node.output[0], attributes))

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = torch.nn.ParameterDict()
            self.names = {}
            for op, inputs, _, _ in nodes:
                for name in inputs if op in ('Conv', 'Gemm') else []:
                    if name in constants and name not in self.names:
                        self.names[name] = f'w{len(self.names)}'
                        self.weights[self.names[name]] = torch.nn.Parameter(constants[name], requires_grad=False)

        def forward(self, image):
            values = {graph.input[0].name: image}
            get = lambda name: self.weights[self.names[name]] if name in self.names else values[name]
            for op, inputs, output, attributes in nodes:
                first = get(inputs[0])
                if op == 'Conv':
                    pads = attributes.get('pads', [0, 0, 0, 0])
                    if pads[:2] != pads[2:]:
                        first, pads = functional.pad(first, (pads[1], pads[3], pads[0], pads[2])), [0, 0]
                    result = functional.conv2d(
                        first, get(inputs[1]), get(inputs[2]) if len(inputs) > 2 else None,
                        stride=attributes['strides'], padding=pads[:2], groups=attributes['group'],
                    )
                elif op == 'Clip':
                    low, high = (float(constants[name]) for name in inputs[1:])
                    result = functional.hardtanh(first, low, high)
                elif op == 'Relu':
                    result = functional.relu(first)
                elif op == 'Add':
                    result = first + get(inputs[1])
                elif op == 'MaxPool':
                    result = functional.max_pool2d(
                        first, attributes['kernel_shape'], attributes['strides'], attributes['pads'][:2])
                elif op in ('ReduceMean', 'GlobalAveragePool'):
                    result = first.mean(dim=(2, 3))
                elif op == 'Flatten':
                    result = first.flatten(1)
                elif op == 'Gemm':
                    result = functional.linear(first, get(inputs[1]), get(inputs[2]))
                else:
                    raise ValueError(f'no {op}')
                values[output] = result
            return values['logits']

    return Model().eval()


def run_torch(job):
    import torch
    from torchvision import transforms

    members = job['members']
    mask = torch.tensor(job['mask'])

    def transform_of(member):
        mean, std = torch.tensor(member['mean']).view(3, 1, 1), torch.tensor(member['std']).view(3, 1, 1)
        to_tensor = transforms.PILToTensor()
        return transforms.Compose([
            transforms.Resize(member['shorterSide']),
            transforms.TenCrop(member['size']),
            transforms.Lambda(lambda crops: torch.stack([(to_tensor(crop).float() - mean) / std for crop in crops])),
        ])

    class Photos(torch.utils.data.Dataset):
        def __init__(self, count):
            self.count = count
            self.transforms = [transform_of(member) for member in members]

        def __len__(self):
            return self.count

        def __getitem__(self, photo):
            image = open_picture(job['photos'][photo])
            return photo, [transform(image) for transform in self.transforms]

    plain = [torch_model(member['file']) for member in members]

    def prepared(kind):
        models = [model.to(memory_format=torch.channels_last if 'last' in kind else torch.contiguous_format) for model in plain]
        if 'frozen' not in kind:
            return models
        examples = [torch.zeros(CROPS, 3, member['size'], member['size']) for member in members]
        return [
            torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, example)))
            for model, example in zip(models, examples)
        ]

    def decide_all(count, setting):
        kind, threads, workers = setting
        torch.set_num_threads(threads)
        loader = torch.utils.data.DataLoader(
            Photos(count), batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None,
            multiprocessing_context='fork' if workers else None)
        models = prepared(kind)
        layout = torch.channels_last if 'last' in kind else torch.contiguous_format
        done = []
        with torch.inference_mode():
            for model, member in zip(models, members):
                for _ in range(2):
                    model(torch.zeros(CROPS, 3, member['size'], member['size']).to(memory_format=layout))
            started = time.time()
            for photo, crops in loader:
                rows = [model(each.to(memory_format=layout))[:, mask] for model, each in zip(models, crops)]
                logits = torch.cat(rows).numpy()
                ends = {name: decision(logits, truths[photo], job['threshold']) for name, truths in job['truths'].items()}
                done.append((photo, CROPS * len(members), ends))
        return started, time.time(), done

    settings = [tuple(setting) for setting in job.get('settings') or [
        ('channels-last', 2, 0), ('channels-last', 2, 1), ('channels-last', 1, 1), ('contiguous', 2, 1),
        ('frozen, channels-last', 2, 1), ('frozen, channels-last', 1, 1),
    ]]
    best = None
    for setting in settings if len(settings) > 1 else []:
        try:
            started, ended, _ = decide_all(min(job['trial'], len(job['photos'])), setting)
        except Exception as error:  # Some settings need what a build of PyTorch has not.
            print(f'PyTorch {setting}: {error}', file=sys.stderr)
            continue
        if best is None or ended - started < best[0]:
            best = (ended - started, setting)
    setting = best[1] if best else settings[0]
    started, ended, done = decide_all(len(job['photos']), setting)
    words = f'{setting[0]}, {setting[1]} threads, {setting[2]} DataLoader workers'
    return started, ended, done, words, setting


def main():
    way, path = sys.argv[1:]
    with open(path) as file:
        job = json.load(file)
    started, ended, done, words, *setting = run_torch(job) if way == 'torch' else run_ort(way, job)
    print(json.dumps({
        'startedAt': started,
        'elapsedSeconds': ended - started,
        'crops': sum(crops for _, crops, _ in done),
        'decisions': [ends for _, _, ends in done],
        'layout': words,
        'setting': setting[0] if setting else None,
    }))


if __name__ == '__main__':
    main()
