import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import type { Added } from '../../models/library/add.process.ts';
import { isDoubtful, trialText } from '../../models/library/judge-trial.ts';
import { NORMALISATIONS } from '../../models/library/normalisation.ts';
import { INTERPOLATIONS } from '../../kernel/interpolation.ts';
import { displayPath } from '../../config/root.ts';
import { tensorText } from '../../platform/onnx/graph.ts';
import { terminalAsker } from '../text/ask.ts';
import { writeResult } from '../text/output.ts';
import { addPlainCommand, runCommand } from '../start/context.ts';
import { either, listOf, option, optional, optionalText, type FlagsOf } from '../start/flags.ts';

const ADD = {
  name: optionalText('name', "its name in collections (default: the file's name)"),
  classes: optionalText(
    'list or file',
    'classes in the order of the outputs: imagenet-1k, imagenet-a, imagenet-o, or a file with one wnid or name on each line',
  ),
  normalise: optionalText('how', `how pixels become numbers: ${NORMALISATIONS}`),
  resize: optional(z.number(), 'pixels', { help: "the photo's shorter side before the crop", parse: pixels }),
  square: optional(z.boolean(), '', 'photos are resized to a square of that side; they lose their shape'),
  interpolation: optional(z.enum(INTERPOLATIONS), 'filter', 'how photos are resized (default: bilinear-antialias)'),
  size: optional(z.number(), 'pixels', { help: 'side of the input, if the file does not say', parse: pixels }),
  layout: optional(z.enum(['nchw', 'nhwc']), 'layout', 'layout of the input, if the file does not say'),
  logits: optionalText('output', 'the output with the logits, if there are several'),
  licence: option(z.string().default('unknown'), 'spdx id', 'licence of the weights'),
  source: optionalText('text', "where the weights come from (default: the file's name)"),
  documentation: optionalText('url', 'the page that documents the preprocessing'),
  family: optionalText('name', 'its family, such as ResNet: reports warn if members and others are related'),
  externalData: optional(
    listOf(z.string()),
    'file...',
    'files beside it that the model keeps weights in (ONNX external data)',
  ),
  inPlace: either(false, 'refer to the file at its place instead of copying it'),
  allowChance: either(false, 'accept a model that shows no knowledge, for tests and benchmarks'),
};

const EXAMPLES = `
Facts that the file states (names, shapes, types) need no flag. On a terminal the command asks for the others. It writes the
model, its class list and its card to config/local/models/NAME. Every command that is started in this folder finds them there.
It refuses files that are not a classifier of square RGB pictures, that keep weights in files that --external-data does not
name, that give NaN, or that know nothing about the sample photos.

Examples:
  winnow models add resnet50.onnx --classes imagenet-1k --normalise imagenet --resize 256
  winnow models add birds.onnx --name birds --classes birds.txt --normalise zero-to-one --resize 256
  winnow models add vit.onnx --external-data vit.onnx.data --classes imagenet-1k --normalise imagenet --resize 256
  winnow models add edge.onnx --classes imagenet-1k --resize 256      # uint8 input, normalised in the graph
`;

export function addModelsAddCommand(models: Command): void {
  addPlainCommand(models, 'add', 'Register an ONNX classifier: read it, try it on sample photos, write its card')
    .argument('<file>', 'an ONNX file')
    .flags(ADD)
    .addHelpText('after', EXAMPLES)
    .run(runAdd);
}

async function runAdd(flags: FlagsOf<typeof ADD>, file: string): Promise<void> {
  await runCommand(flags, async ({ signal, log }) => {
    const { allowChance, inPlace, externalData = [] } = flags;
    const { addModel } = await import('../../models/library/add.process.ts');
    const ask = terminalAsker(signal);
    const added = await addModel({ file, given: flags, allowChance, inPlace, externalData, ask });
    if (added.trial.isSoftmax)
      log.info(
        'its outputs are probabilities, not logits: winnow takes their logarithm, because its softmax gives the same probabilities (values: probabilities in its card)',
      );
    if (isDoubtful(added.trial))
      log.warn(`${trialText(added.trial)}: fewer than half; check --normalise, --resize and the order of --classes`);
    await writeResult(flags, jsonOf(added), () => textOf(added));
  });
}

function pixels(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`Expected a number of pixels from 1 to 9999 but received '${text}'.`);
}

function jsonOf({ name, cardFile, modelFile, graph, trial, classes }: Added): object {
  return {
    name,
    card: cardFile,
    path: modelFile,
    inputs: graph.inputs,
    outputs: graph.outputs,
    classCount: classes,
    trial,
  };
}

function textOf({ name, cardFile, modelFile, graph, trial, classes }: Added): string {
  return [
    ...graph.inputs.map((value) => `input   '${value.name}' ${tensorText(value)}`),
    ...graph.outputs.map((value) => `output  '${value.name}' ${tensorText(value)}`),
    `classes ${classes}`,
    `trial   ${trialText(trial)}`,
    `file    ${displayPath(modelFile)}`,
    `card    ${displayPath(cardFile)}`,
    `added '${name}': to use it, name it in the 'ensemble' of a collection, or winnow collection init NAME --model ${name} --from DIR\n`,
  ].join('\n');
}
