import type { Command } from 'commander';
import { isDoubtful, trialText } from '../../models/library/judge-trial.ts';
import type { Pulled, PullOptions } from '../../models/library/pull-file.process.ts';
import { cardFor, lacksHashes, type FoundCard } from '../../collection/cards/model-card.process.ts';
import { displayPath } from '../../config/root.ts';
import { Interrupted, UsageError } from '../../kernel/errors.ts';
import { plural, writeOut, writeResult } from '../text/output.ts';
import { withProgress } from '../text/progress.ts';
import { addPlainCommand, runCommand, type CommandContext, type GlobalFlags } from '../start/context.ts';

const HELP = `
The card states the addresses, the number of bytes and the sha256. The addresses in models.mirrors are tried first. Bytes are
collected in FILE.part, so an interrupted download resumes. Only a complete, correct file gets its final name.
Before that, the model runs on sample photos, as in \`models add\`. If it gives NaN, the same answer for every photo, or an
accuracy at chance, it stays FILE.part. Models whose card says \`trained: false\` are only checked for NaN.
HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected.

Some cards state no hashes (\`not pulled\` in the list), because they were not known when winnow was released. For them the
command says what to do, and takes the hashes of the files with --sha256.

Examples:
  winnow models pull resnet50-v1-12
  winnow models pull resnet50-v1-12 --set models.mirrors=https://mirror.example/models
  winnow models pull clip-vit-b32 --from vision_model.onnx text_model.onnx tokenizer.json --sha256 HASH HASH HASH
`;

export function addModelsPullCommand(models: Command): void {
  addPlainCommand(
    models,
    'pull',
    "Download a model's file, verified by its card's size and sha256, and try it on sample photos",
  )
    .argument('<name...>', 'models of `winnow models list`')
    .option('--sha256 <hash...>', 'for a card without hashes: those of its files, in their order')
    .option('--from <file or url...>', 'for a card without hashes: its files (default: the addresses of the card)')
    .addHelpText('after', HELP)
    .action((names: string[], flags: PullFlags) =>
      runCommand(flags, async (context) => {
        const [name = '', ...others] = names;
        if (others.length === 0 && (await lacksHashes(name))) {
          await complete(name, flags, context);
          return;
        }
        if (flags.sha256 !== undefined || flags.from !== undefined) throw hasHashes(names);
        // Find all cards first, so that a wrong name is reported before a long download.
        const cards = await Promise.all(names.map((each) => cardFor(each)));
        for (const card of cards) {
          const pulled = await pull(card, context);
          if (pulled.trial !== null && isDoubtful(pulled.trial))
            context.log.warn(
              `${card.name}: ${trialText(pulled.trial)}: fewer than half; check normalise, resize and classes in ${displayPath(card.cardFile)}`,
            );
          await writeOut(resultText(card, pulled, flags.json === true));
        }
      }),
    );
}

interface PullFlags extends GlobalFlags {
  readonly sha256?: readonly string[];
  readonly from?: readonly string[];
}

async function complete(
  name: string,
  { sha256 = [], from = [], ...flags }: PullFlags,
  context: CommandContext,
): Promise<void> {
  const { completeModel } = await import('../../models/library/complete.process.ts');
  const { card, trial } = await pulling({ name, total: null }, context, (options) =>
    completeModel({ name, from, sha256 }, options),
  );
  const { path, bytes, cardFile } = card;
  await writeResult(
    flags,
    { name, path, bytes, sha256: card.sha256, card: cardFile, trial },
    () => `${name}: ${plural(bytes, 'byte')}, sha256 as given, ${trialText(trial)}: ${displayPath(cardFile)}\n`,
  );
}

function hasHashes(names: readonly string[]): UsageError {
  return new UsageError(
    `Expected no --sha256 or --from for ${names.join(', ')}: they complete one card that states no hashes, and its card does. To use another file, see \`winnow models add --help\``,
    { code: 'pull-from' },
  );
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

async function pull(card: FoundCard, context: CommandContext): Promise<Pulled> {
  const { pullModel } = await import('../../models/library/pull.process.ts');
  return pulling({ name: card.name, total: megabytes(card.bytes) }, context, (options) => pullModel(card, options));
}

async function pulling<T>(
  { name, total }: { readonly name: string; readonly total: number | null },
  { loaded, signal }: CommandContext,
  work: (options: PullOptions) => Promise<T>,
): Promise<T> {
  let bytes = 0;
  try {
    return await withProgress(
      () => [{ label: `${name} MB`, done: megabytes(bytes), total, note: '' }],
      () =>
        work({
          config: loaded.config,
          signal,
          onProgress: (count) => void (bytes = count),
          onTrouble: (text) => console.error(`winnow: ${text}`),
        }),
    );
  } catch (error) {
    if (error instanceof Interrupted) console.error(`winnow: ${error.message}`);
    throw error;
  }
}

function resultText(card: FoundCard, { path, url, resumedFrom, trial }: Pulled, json: boolean): string {
  const { name, bytes, sha256 } = card;
  if (json) return `${JSON.stringify({ name, path, bytes, sha256, url, resumedFrom, trial })}\n`;
  const size = plural(bytes, 'byte');
  if (url === null || trial === null)
    return `${name}: already there, ${size}, sha256 as its card says: ${displayPath(path)}; \`winnow models verify ${name}\` tries it on sample photos\n`;
  const origin = resumedFrom === bytes ? 'downloaded by an earlier call' : `from ${url}${resumedText(resumedFrom)}`;
  return `${name}: ${size} ${origin}, sha256 as its card says, ${trialText(trial)}: ${displayPath(path)}\n`;
}

function resumedText(resumedFrom: number): string {
  return resumedFrom === 0 ? '' : ` (from byte ${resumedFrom} on)`;
}
