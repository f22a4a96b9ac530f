import * as z from 'zod';
import { parseYaml } from '../../config/yaml.ts';
import { messageOf, UsageError, unreadable } from '../../kernel/errors.ts';
import { listOf } from '../bounded.ts';
import type { Protocol } from '../protocol.ts';
import type { ExportContent } from './content.process.ts';
import { CARD } from '../layout.ts';
import { checking, type Problems } from './findings.ts';

const MAX_BYTES = 16 * 1024 * 1024;
/** Parsed YAML takes hundreds of times the memory of its text. Most of it is a line for each class. */
const MAX_YAML = { bytes: 100_000, bytesPerClass: 400 };

const feature = z.looseObject({ name: z.string(), dtype: z.unknown().optional() });
const cardSchema = z.looseObject({
  dataset_info: z.looseObject({
    features: listOf(feature, 1_000),
    splits: listOf(z.looseObject({ name: z.string(), num_bytes: z.number(), num_examples: z.number() }), 1_000),
  }),
});
type Splits = z.output<typeof cardSchema>['dataset_info']['splits'];
const labelSchema = z.object({ class_label: z.object({ names: z.record(z.string(), z.string()) }) });

export async function checkCard(content: ExportContent): Promise<void> {
  const { folder, protocol } = content;
  await checking(content, { check: 'card', file: CARD }, async (report) =>
    report(frontMatterProblems(await folder.readText(CARD, MAX_BYTES), protocol)),
  );
}

function frontMatterProblems(text: string, protocol: Protocol): Problems {
  const [, yaml] = /^---\n(.*?\n)---\n/s.exec(text) ?? [];
  if (yaml === undefined) throw unreadable('Expected a front matter between two lines of --- at the beginning');
  const most = MAX_YAML.bytes + MAX_YAML.bytesPerClass * protocol.classes.length;
  if (yaml.length > most)
    throw unreadable(`Expected a front matter of at most ${most} characters but it has ${yaml.length}`);
  const result = cardSchema.safeParse(parsed(yaml));
  if (!result.success)
    throw unreadable(
      `Expected dataset_info with features and splits but '${result.error.issues[0]?.path.join('.')}' is wrong`,
    );
  const { features, splits } = result.data.dataset_info;
  return [...splitProblems(splits, protocol), ...nameProblems(features, protocol)];
}

function splitProblems(splits: Splits, { photos, bytes }: Protocol): (string | false)[] {
  const [split, ...others] = splits;
  const names = splits.map(({ name }) => name).join(', ');
  return [
    (split?.name !== 'test' || others.length > 0) && `Expected one split, 'test', but received ${names}`,
    split?.num_examples !== photos && `Expected ${photos} for num_examples but received ${split?.num_examples}`,
    split?.num_bytes !== bytes && `Expected ${bytes} for num_bytes but received ${split?.num_bytes}`,
  ];
}

function nameProblems(features: readonly z.output<typeof feature>[], { classes }: Protocol): string[] {
  const label = labelSchema.safeParse(features.find(({ name }) => name === 'label')?.dtype);
  const names = label.success ? label.data.class_label.names : {};
  const expected = Object.fromEntries(classes.map(({ name }, i) => [String(i), name]));
  if (JSON.stringify(names) === JSON.stringify(expected)) return [];
  return ['Expected the names of the classes of protocol.json, in their order, for the labels but they differ'];
}

function parsed(yaml: string): unknown {
  try {
    return parseYaml(yaml, CARD).value;
  } catch (error) {
    throw error instanceof UsageError ? unreadable(messageOf(error), error) : error;
  }
}
