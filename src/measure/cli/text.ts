import { type Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
import { displayPath } from '../../core/config/root.ts';
import type { TextHead } from '../evaluate/text/text-head.process.ts';
import { threadsOf } from '../../core/models/engine/ensemble.process.ts';
import { plural, writeResult } from '../../core/cli/text/output.ts';
import { withProgress } from '../../core/cli/text/progress.ts';
import { addPlainCommand, runCommand, type CommandContext } from '../../core/cli/start/context.ts';
import { neededText, optional, optionalText, type FlagsOf } from '../../core/cli/start/flags.ts';

const HELP = `
Makes a head from the names of classes, without any photo, by the recipe of open_clip: each name is put into the
templates, the text tower embeds them, and their mean is the class. The head is a model like any other: name it in the
ensemble of a collection. The text tower runs only here; the filter runs the image tower.

The card is of a model with a text tower (the CLIP or SigLIP kind). --classes is a list's name, a file with one class on
each line (a wnid, a wnid and names, or a name), or names with commas between them. A file of templates has one on each
line, with {} where the name goes. p of a CLIP member is a softmax over the classes of a collection. p of a SigLIP member
is each class's own sigmoid; docs/filtering.md says what the threshold then means.

Examples:
  winnow models text --card clip-vit-b32 --classes birds.txt --name clip-birds
  winnow models text --card clip-vit-b32 --classes "red kite,common buzzard,kestrel" --name clip-raptors
  winnow models text --card siglip-base --classes imagenet-a --name siglip-a --templates my-templates.txt
`;

const TEXT = {
  card: neededText('name', 'a registered model whose card has a text tower'),
  classes: neededText('list', 'imagenet-1k, imagenet-a, imagenet-o, a file, or names with commas'),
  name: neededText('name', 'the name of the new model in collections'),
  templates: optionalText('name or file', "openai-80, or a file with one template on each line (default: the card's)"),
  scale: optional(z.number(), 'number', { help: "factor of the cosines (default: the card's)", parse: number }),
  bias: optional(z.number(), 'number', { help: "added to each logit (default: the card's)", parse: number }),
};

export function addModelsTextCommand(models: Command): void {
  addPlainCommand(models, 'text', 'Make a model for classes of your own from their names, with a CLIP or SigLIP model')
    .flags(TEXT)
    .addHelpText('after', HELP)
    .run((flags) => runCommand(flags, (context) => run(flags, context)));
}

async function run(flags: FlagsOf<typeof TEXT>, { loaded, signal }: CommandContext): Promise<void> {
  const { card, classes, name, templates = null, scale = null, bias = null } = flags;
  // This loads ONNX Runtime.
  const { makeTextHead } = await import('../evaluate/text/text-head.process.ts');
  let progress = { done: 0, total: 0 };
  const made = await withProgress(
    () => [{ label: 'prompts', ...progress, note: '' }],
    () =>
      makeTextHead(
        { card, classes, name, templates, scale, bias },
        {
          threads: threadsOf(loaded.config.filter.threads),
          signal,
          onProgress: (done, total) => void (progress = { done, total }),
        },
      ),
  );
  await writeResult(flags, made, () => textOf(made));
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError(`Expected a number but received '${text}'.`);
}

function textOf({ name, card, classes, templates, prompts, examples, isSigmoid, scale, bias }: TextHead): string {
  return [
    `classes  ${plural(classes, 'class', 'classes')} x ${plural(templates, 'template')} = ${plural(prompts, 'prompt')}, such as:`,
    ...examples.map((example) => `         ${example}`),
    `logits   ${scale} x cosine + ${bias}; p: ${isSigmoid ? "each class's own sigmoid" : "softmax over a collection's classes"}`,
    `card     ${displayPath(card)}`,
    `added '${name}': to use it, name it in the 'ensemble' of a collection, or winnow collection init NAME --model ${name} --from DIR\n`,
  ].join('\n');
}
