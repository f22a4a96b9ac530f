import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Added } from '../../models/library/add.process.ts';
import type { GivenFacts } from '../../models/library/draft.process.ts';
import { isDoubtful, trialText } from '../../models/library/judge-trial.ts';
import { NORMALISATIONS } from '../../models/library/normalisation.ts';
import { INTERPOLATIONS } from '../../kernel/interpolation.ts';
import { displayPath } from '../../config/root.ts';
import { tensorText } from '../../platform/onnx/graph.ts';
import { terminalAsker } from '../text/ask.ts';
import { writeResult } from '../text/output.ts';
import { addPlainCommand, runCommand, type GlobalFlags } from '../start/context.ts';

interface AddFlags extends GlobalFlags, GivenFacts {
  readonly allowChance?: boolean;
  readonly inPlace?: boolean;
  readonly externalData?: readonly string[];
}

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
    .option('--name <name>', "its name in collections (default: the file's name)")
    .option(
      '--classes <list or file>',
      'classes in the order of the outputs: imagenet-1k, imagenet-a, imagenet-o, or a file with one wnid or name on each line',
    )
    .option('--normalise <how>', `how pixels become numbers: ${NORMALISATIONS}`)
    .addOption(new Option('--resize <pixels>', "the photo's shorter side before the crop").argParser(pixels))
    .option('--square', 'photos are resized to a square of that side; they lose their shape')
    .addOption(
      new Option('--interpolation <filter>', 'how photos are resized (default: bilinear-antialias)').choices(
        INTERPOLATIONS,
      ),
    )
    .addOption(new Option('--size <pixels>', 'side of the input, if the file does not say').argParser(pixels))
    .addOption(
      new Option('--layout <layout>', 'layout of the input, if the file does not say').choices(['nchw', 'nhwc']),
    )
    .option('--logits <output>', 'the output with the logits, if there are several')
    .addOption(new Option('--licence <spdx id>', 'licence of the weights').default('unknown'))
    .option('--source <text>', "where the weights come from (default: the file's name)")
    .option('--documentation <url>', 'the page that documents the preprocessing')
    .option('--family <name>', 'its family, such as ResNet: reports warn if members and others are related')
    .option('--external-data <file...>', 'files beside it that the model keeps weights in (ONNX external data)')
    .option('--in-place', 'refer to the file at its place instead of copying it')
    .option('--allow-chance', 'accept a model that shows no knowledge, for tests and benchmarks')
    .addHelpText('after', EXAMPLES)
    .action((file: string, flags: AddFlags) => runAdd(file, flags));
}

async function runAdd(file: string, flags: AddFlags): Promise<void> {
  await runCommand(flags, async ({ signal, log }) => {
    const { allowChance = false, inPlace = false, externalData = [] } = flags;
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
