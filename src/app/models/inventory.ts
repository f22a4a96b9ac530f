import { stat } from 'node:fs/promises';
import { loadClassTable } from '../../collection/class-table.process.ts';
import { cardFor, classesOfCard, listCards, type FoundCard } from '../../collection/model-card.process.ts';
import type { ModelClasses } from '../../collection/model-classes.ts';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf, StopTheRun } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { preprocessingOf, specOf } from '../engine/ensemble.ts';
import { problemOfTrial, type Trial } from './judge.ts';
import { hashOf } from './model-files.ts';
import { tryModel } from './trial.ts';

/** A model as far as can be told without reading its file. */
export interface ModelEntry {
  readonly name: string;
  /** Null if the card cannot be used; `problem` says why. */
  readonly card: FoundCard | null;
  readonly classes: ModelClasses | null;
  /** `absent`: its file is not there; `pull` fetches it if the card has an address. */
  readonly state: 'ready' | 'absent' | 'wrong-size' | 'broken-card';
  readonly problem: string | null;
}

/** All models that commands find by name. */
export async function listModels(): Promise<ModelEntry[]> {
  const entries: ModelEntry[] = [];
  for (const { name } of await listCards()) entries.push(await modelEntry(name));
  return entries;
}

/** @throws UsageError `unknown-model` */
export async function modelEntry(name: string): Promise<ModelEntry> {
  try {
    const card = await cardFor(name);
    const classes = await classesOfCard(card, await loadClassTable());
    return { name, card, classes, ...(await stateOf(card)) };
  } catch (error) {
    if (codeOf(error) === 'unknown-model') throw error;
    return { name, card: null, classes: null, state: 'broken-card', problem: messageOf(error) };
  }
}

/** Of a head's card both files count: the backbone's, and then its own. */
async function stateOf(card: FoundCard): Promise<Pick<ModelEntry, 'state' | 'problem'>> {
  const found = await stateOfFile(card);
  if (card.head === undefined || found.state !== 'ready') return found;
  return stateOfFile({ name: card.name, ...card.head });
}

async function stateOfFile({
  name,
  path,
  bytes,
  download,
}: Pick<FoundCard, 'name' | 'path' | 'bytes' | 'download'>): Promise<Pick<ModelEntry, 'state' | 'problem'>> {
  try {
    const { size } = await stat(path);
    if (size === bytes) return { state: 'ready', problem: null };
    return { state: 'wrong-size', problem: `Expected ${bytes} bytes at '${path}' but it has ${size}` };
  } catch (error) {
    const advice = download === undefined ? '' : `; \`winnow models pull ${name}\` downloads it`;
    const why = codeOf(error) === 'ENOENT' ? 'there is none' : messageOf(error);
    return { state: 'absent', problem: `Expected its file at '${displayPath(path)}' but ${why}${advice}` };
  }
}

/** What `ModelReading` and `ModelInput` make of a card: the key of its evidence besides its sha256. */
export function preprocessingOfEntry({ card, classes }: ModelEntry): string | null {
  return card === null || classes === null ? null : preprocessingOf(card, classes);
}

export interface Verification {
  readonly name: string;
  /** `absent` is no fault of a model that is to be downloaded first. */
  readonly state: 'ok' | 'absent' | 'failed';
  readonly problem: string | null;
  readonly trial: Trial | null;
}

/** Size and sha256 as the card says, the graph as the card says, and sample photos run. */
export async function verifyModel(name: string, provider: ExecutionProvider): Promise<Verification> {
  const { card, classes, state, problem } = await modelEntry(name);
  if (card === null || classes === null || state !== 'ready') {
    const isToBePulled = state === 'absent' && card?.download !== undefined;
    return { name, state: isToBePulled ? 'absent' : 'failed', problem, trial: null };
  }
  try {
    const trial = await tryHashed(card, classes, provider);
    const found = problemOfTrial(card, trial);
    return { name, state: found === null ? 'ok' : 'failed', problem: found, trial };
  } catch (error) {
    return { name, state: 'failed', problem: messageOf(error), trial: null };
  }
}

async function tryHashed(card: FoundCard, classes: ModelClasses, provider: ExecutionProvider): Promise<Trial> {
  const sha256 = await hashOf(card.path);
  if (sha256 === card.sha256) return tryModel(specOf(card, classes), classes, { provider });
  throw new StopTheRun(`Expected sha256 ${card.sha256} for '${card.path}' but it has ${sha256}`, {
    code: 'model-sha256',
  });
}
