"""Fine-tunes all weights of a torchvision model on your classes, and exports it as a model of winnow. Made for a computer with a GPU.

    pip install torch torchvision onnx onnxscript
    python scripts/finetune_torch.py --model resnet50 --train imagenet/train --val imagenet/val --classes imagenet-a --name resnet50-a200
    npm run -s winnow -- models verify resnet50-a200

`winnow finetune` fits the last layer only and needs no GPU. This script trains all layers, as the authors of ImageNet-A may have done with
one of their two ResNet-50s. --train and --val have a folder of photos for each class, as torchvision's ImageFolder takes them.

It writes NAME/model.onnx, NAME/classes.txt and NAME/card.yaml into --out, by default config/local/models, where winnow finds models. If the
training was interrupted, the same command goes on after the last finished epoch: it is kept in .NAME.partial there.
`winnow models add` takes the ONNX file, too: the script prints its flags.

Training: photos are cropped at random (RandomResizedCrop) and mirrored; SGD with momentum, weight decay and a cosine schedule; cross-entropy.
The sizes and the normalisation of --weights are used, and written into the card.

Exit codes: 0 done, 1 something failed, 2 wrong usage.
"""

import argparse
import hashlib
import json
import random
import re
import shutil
import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from torchvision.models import get_model, get_model_weights

ROOT = Path(__file__).parent.parent
CLASS_TABLE = ROOT / 'config' / 'classes' / 'imagenet-1k.jsonl'
# As in src/core/collection/name.ts.
NAME = re.compile(r'[a-z0-9][a-z0-9._-]{0,63}')
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def parsed():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='resnet50', help='the name of a classifier in torchvision (default: resnet50)')
    parser.add_argument(
        '--weights', default='DEFAULT', help='the weights to start with, such as IMAGENET1K_V1 (default: DEFAULT); none: at random'
    )
    parser.add_argument('--train', type=Path, required=True, help='photos to train with: a folder for each class')
    parser.add_argument('--val', type=Path, help='photos to measure the model with after each epoch')
    parser.add_argument('--classes', help='imagenet-a, imagenet-o, or a file with the name of a folder on each line (default: all folders)')
    parser.add_argument('--name', required=True, help='the name of the new model in collections')
    parser.add_argument('--out', type=Path, default=Path('config/local/models'), help='(default: config/local/models)')
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--batch', type=int, default=64, help='photos in a step (default: 64)')
    parser.add_argument('--lr', type=float, default=0.01, help='learning rate of the first step (default: 0.01)')
    parser.add_argument('--workers', type=int, default=4, help='processes that read photos (default: 4)')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--licence', default='unknown', help='SPDX id of the licence of the weights')
    options = parser.parse_args()
    for name, least in [('epochs', 1), ('batch', 2), ('workers', 0)]:
        if getattr(options, name) < least:
            parser.error(f"Expected at least {least} for --{name} but received '{getattr(options, name)}'")
    if NAME.fullmatch(options.name) is None:
        parser.error(
            "Expected a name of at most 64 lower-case letters, digits, '.', '_' and '-' that starts with a letter or a digit for --name"
            f" but received '{options.name}'"
        )
    if (options.out / options.name).exists():
        parser.error(f"Expected a new name for --name but '{options.out / options.name}' exists; remove it or give another name")
    card = card_of(options.name)
    if card is not None:
        parser.error(f"Expected a new name for --name but '{options.name}' is the name of the model in '{card}'; give another name")
    return options


def card_of(name):
    """The card of the model that has this name, or None. winnow looks in the same places."""
    for root in (Path(), ROOT):
        local, models = root / 'config' / 'local' / 'models', root / 'config' / 'models'
        cards = [local / name / 'card.yaml', *(folder / f'{name}{end}' for folder in (local, models) for end in ('.yaml', '.yml'))]
        for card in cards:
            if card.exists():
                return card
    return None


class Usage(Exception):
    """A mistake that the user can repair."""


def listed_classes(given):
    """Names of folders, or None for all."""
    if given is None:
        return None
    if given in ('imagenet-a', 'imagenet-o'):
        key = 'imagenetA' if given == 'imagenet-a' else 'imagenetO'
        rows = [json.loads(line) for line in CLASS_TABLE.read_text(encoding='utf8').splitlines()]
        return [row['wnid'] for row in rows if row[key]]
    if not Path(given).is_file():
        raise Usage(f"Expected imagenet-a, imagenet-o or a file for --classes but received '{given}'")
    return [line.strip() for line in Path(given).read_text(encoding='utf8').splitlines() if line.strip()]


class Photos(datasets.ImageFolder):
    """An ImageFolder of some of its classes, in sorted order."""

    def __init__(self, root, classes, transform):
        self.wanted = classes
        super().__init__(root, transform)

    def find_classes(self, directory):
        found, _ = super().find_classes(directory)
        classes = found if self.wanted is None else sorted(self.wanted)
        missing = sorted(set(classes) - set(found))
        if missing:
            raise Usage(f"Expected a folder for each class in '{directory}' but {len(missing)} are missing: {', '.join(missing[:5])}")
        return classes, {name: i for i, name in enumerate(classes)}


def preprocessing(model, name):
    """(crop, resize, mean, std) that the weights were trained with, and the weights. Mean and std are in units of 0..1."""
    if name == 'none':
        return (224, 256, MEAN, STD), None
    weights = get_model_weights(model)
    if name != 'DEFAULT' and name not in weights.__members__:
        raise Usage(f"Expected {', '.join(weights.__members__)} or none for --weights of {model} but received '{name}'")
    chosen = weights.DEFAULT if name == 'DEFAULT' else weights[name]
    eval_transform = chosen.transforms()
    if eval_transform.interpolation != transforms.InterpolationMode.BILINEAR:
        print(f'warning: the weights expect {eval_transform.interpolation}; winnow resizes bilinearly', file=sys.stderr)
    return (eval_transform.crop_size[0], eval_transform.resize_size[0], tuple(eval_transform.mean), tuple(eval_transform.std)), chosen


def with_classes(model, count):
    """Replaces the last linear layer."""
    linear = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise Usage('Expected a model whose last layer is linear for --model')
    name, layer = linear[-1]
    parent, _, attribute = name.rpartition('.')
    setattr(model.get_submodule(parent), attribute, nn.Linear(layer.in_features, count))
    return model


def measured(model, loader, device):
    """The share of photos whose class is the model's first."""
    model.eval()
    right = total = 0
    with torch.inference_mode():
        for pixels, labels in loader:
            right += (model(pixels.to(device)).argmax(1).cpu() == labels).sum().item()
            total += len(labels)
    return right / total


def train_epoch(model, loader, optimiser, schedule, device):
    """The mean loss."""
    model.train()
    total = count = 0
    for pixels, labels in loader:
        answer = model(pixels.to(device))
        # Inception and GoogLeNet give auxiliary logits while they learn.
        logits = getattr(answer, 'logits', answer)
        loss = nn.functional.cross_entropy(logits, labels.to(device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += loss.item() * len(labels)
        count += len(labels)
    return total / count


def training_facts(options, sizes, weights, train):
    """What must be the same for a training to go on."""
    given = {name: getattr(options, name) for name in ('model', 'epochs', 'batch', 'lr', 'seed')}
    return given | {'weights': str(weights), 'sizes': sizes, 'photos': len(train), 'classes': train.classes}


def difference(key, before, after):
    """How two facts of trainings differ. Lists of classes are too long to print."""
    return 'other classes' if key == 'classes' else f'{key} {before}, not {after}'


def trained(model, options, loaders, device, checkpoint, about):
    """Trains, and keeps each finished epoch. Returns the accuracy on --val, or None."""
    train, val = loaders
    if len(train) == 0:
        raise Usage(f"Expected at least --batch {options.batch} photos in '{options.train}' but there are {len(train.dataset)}")
    optimiser = torch.optim.SGD(model.parameters(), options.lr, momentum=0.9, weight_decay=1e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.epochs * len(train))
    parts = {'model': model, 'optimiser': optimiser, 'schedule': schedule}
    first, accuracy = 0, None
    if checkpoint.exists():
        kept = torch.load(checkpoint, map_location=device, weights_only=True)
        before = kept['about']
        differences = [difference(key, before.get(key), value) for key, value in about.items() if before.get(key) != value]
        if differences:
            raise Usage(f"'{checkpoint}' is of another training ({'; '.join(differences)}); repeat that command, or remove the file")
        for name, part in parts.items():
            part.load_state_dict(kept[name])
        first, accuracy = kept['epoch'], kept['accuracy']
        print(f"goes on after epoch {first}, from '{checkpoint}'")
    for epoch in range(first + 1, options.epochs + 1):
        torch.manual_seed(options.seed * 1_000 + epoch)
        loss = train_epoch(model, train, optimiser, schedule, device)
        accuracy = None if val is None else measured(model, val, device)
        print(f'epoch {epoch} of {options.epochs}: loss {loss:.4f}' + ('' if accuracy is None else f', accuracy on --val {accuracy:.2%}'))
        partial = checkpoint.with_suffix('.writing')
        torch.save({name: part.state_dict() for name, part in parts.items()} | {'about': about, 'epoch': epoch, 'accuracy': accuracy}, partial)
        partial.replace(checkpoint)
    return accuracy


def export(model, size, file):
    """One ONNX file with any number of pictures in a pass, as docs/models.md exports models."""
    torch.onnx.export(
        model.cpu().eval(),
        (torch.zeros(2, 3, size, size),),
        str(file),
        input_names=['image'],
        output_names=['logits'],
        dynamic_shapes=({0: 'batch'},),
        opset_version=18,
        external_data=False,
        verbose=False,
    )


def card_text(options, sizes, source, file):
    """The card, as docs/models.md describes it. JSON values are YAML values."""
    crop, resize, mean, std = sizes
    content = file.read_bytes()
    values = {
        'name': options.name,
        'file': file.name,
        'sha256': hashlib.sha256(content).hexdigest(),
        'bytes': len(content),
        'licence': options.licence,
        'source': source,
        'input': {'name': 'image', 'size': crop},
        'resize': {'shorterSide': resize, 'interpolation': 'bilinear-antialias'},
        'normalise': {'mean': [round(255 * each, 6) for each in mean], 'std': [round(255 * each, 6) for each in std]},
        'outputs': {'logits': 'logits', 'features': 'input of logits'},
        'classes': 'classes.txt',
        'trained': True,
    }
    lines = [f'{key}: {json.dumps(value)}\n' for key, value in values.items()]
    return '# Written by scripts/finetune_torch.py. What the keys mean: docs/models.md.\n' + ''.join(lines)


def add_command(options, sizes):
    crop, resize, mean, std = sizes
    folder = options.out / options.name
    pixels = '/'.join(','.join(f'{255 * each:.6g}' for each in three) for three in (mean, std))
    return (
        f'npm run -s winnow -- models add {folder}/model.onnx --classes {folder}/classes.txt --normalise {pixels}'
        f' --resize {resize} --name OTHER-NAME'
    )


def main(options):
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
    sizes, weights = preprocessing(options.model, options.weights)
    crop, resize, mean, std = sizes
    end = [transforms.ToTensor(), transforms.Normalize(mean, std)]
    augmented = transforms.Compose([transforms.RandomResizedCrop(crop), transforms.RandomHorizontalFlip(), *end])
    centred = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(crop), *end])
    train = Photos(options.train, listed_classes(options.classes), augmented)
    if len(train.classes) < 2:
        raise Usage(f"Expected at least two classes in '{options.train}' but there is one: '{train.classes[0]}'")
    val = None if options.val is None else Photos(options.val, train.classes, centred)
    reading = {'batch_size': options.batch, 'num_workers': options.workers, 'pin_memory': device.type == 'cuda'}
    # Batch norm cannot take a last batch of one photo.
    loaders = DataLoader(train, shuffle=True, drop_last=True, **reading), None if val is None else DataLoader(val, **reading)
    model = with_classes(get_model(options.model, weights=weights), len(train.classes)).to(device)
    print(f'{options.model} ({weights or "random weights"}) on {device}: {len(train)} photos of {len(train.classes)} classes')
    partial = options.out / f'.{options.name}.partial'
    partial.mkdir(parents=True, exist_ok=True)
    about = training_facts(options, sizes, weights, train)
    accuracy = trained(model, options, loaders, device, partial / 'checkpoint.pt', about)
    export(model, crop, partial / 'model.onnx')
    source = f'scripts/finetune_torch.py: all weights of {options.model} ({weights or "random weights"}), {options.epochs} epochs on {len(train)} photos of {len(train.classes)} classes'
    source += '' if accuracy is None else f'; accuracy {accuracy:.2%} on {len(val)} other photos'
    (partial / 'classes.txt').write_text(''.join(f'{name}\n' for name in train.classes), encoding='utf8')
    (partial / 'card.yaml').write_text(card_text(options, sizes, source, partial / 'model.onnx'), encoding='utf8')
    (partial / 'checkpoint.pt').unlink()
    shutil.move(partial, options.out / options.name)
    print(f'wrote {options.out / options.name}')
    print(f'next: npm run -s winnow -- models verify {options.name}')
    print(f'or, for another folder: {add_command(options, sizes)}')


if __name__ == '__main__':
    try:
        main(parsed())
    except (Usage, FileNotFoundError) as error:
        # ImageFolder says which folders have no photos.
        print(error, file=sys.stderr)
        sys.exit(2)
