import { stat } from 'node:fs/promises';
import { loadClassTable } from '../../collection/class-table.process.ts';
import {
  cardFor,
  classesOfCard,
  listCards,
  TO_PULL,
  type FoundCard,
} from '../../collection/cards/model-card.process.ts';
import { externalFilesOf } from '../../collection/cards/model-card.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { displayPath } from '../../config/root.ts';
import { codeOf, messageOf } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { preprocessingOf } from '../engine/ensemble.process.ts';
import { problemOfTrial, type Trial } from './judge-trial.ts';

export interface ModelEntry {
  readonly name: string;
  /** Null if the card is not valid. `problem` says why. */
  readonly card: FoundCard | null;
  readonly classes: ModelClasses | null;
  /** `absent`: its file is missing. `pull` downloads it if the card has an address. `to-pull`: its card states no hashes. */
  readonly state: 'ready' | 'absent' | 'wrong-size' | 'broken-card' | 'to-pull';
  readonly problem: string | null;
}

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
    const state = codeOf(error) === TO_PULL ? 'to-pull' : 'broken-card';
    return { name, card: null, classes: null, state, problem: messageOf(error) };
  }
}

/** Checks the files of a card by their size: the model's, those with its weights, the head's, those of its text tower. */
async function stateOf(card: FoundCard): Promise<Pick<ModelEntry, 'state' | 'problem'>> {
  const { name, head, text } = card;
  const external = externalFilesOf(card).map(({ file, bytes }) => ({ path: file, bytes }));
  const ofText = text === undefined ? [] : [text, text.tokenizer];
  for (const file of [card, ...external, ...(head === undefined ? [] : [head]), ...ofText]) {
    const found = await stateOfFile({ name, ...file });
    if (found.state !== 'ready') return found;
  }
  return { state: 'ready', problem: null };
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
    const why = codeOf(error) === 'ENOENT' ? 'there is no such file' : messageOf(error);
    return { state: 'absent', problem: `Expected its file at '${displayPath(path)}' but ${why}${advice}` };
  }
}

/** With the card's sha256, the preprocessing is the key of the model's evidence. */
export function preprocessingOfEntry({ card, classes }: ModelEntry): string | null {
  return card === null || classes === null ? null : preprocessingOf(card, classes);
}

/** True if the user has only not got its files yet, which is no fault. */
export function isToBePulled({ state, card }: Pick<ModelEntry, 'state' | 'card'>): boolean {
  return state === 'to-pull' || (state === 'absent' && card?.download !== undefined);
}

export interface ModelVerification {
  readonly name: string;
  /** `absent` is not a failure if the model was only not downloaded yet. */
  readonly state: 'ok' | 'absent' | 'failed';
  readonly problem: string | null;
  readonly trial: Trial | null;
}

/** Checks that the size, the sha256 and the graph are as the card says, and runs the model on sample photos. */
export async function verifyModel(name: string, provider: ExecutionProvider): Promise<ModelVerification> {
  const { card, classes, state, problem } = await modelEntry(name);
  if (card === null || classes === null || state !== 'ready') {
    return { name, state: isToBePulled({ state, card }) ? 'absent' : 'failed', problem, trial: null };
  }
  try {
    // Loads ONNX Runtime and sharp, which a list of models does not need.
    const { tryModel } = await import('./trial.process.ts');
    const trial = await tryModel(card, classes, { provider });
    const { textProblem } = await import('../text/embed.process.ts');
    const found = problemOfTrial(card, trial) ?? (await textProblem(card.text));
    return { name, state: found === null ? 'ok' : 'failed', problem: found, trial };
  } catch (error) {
    return { name, state: 'failed', problem: messageOf(error), trial: null };
  }
}
