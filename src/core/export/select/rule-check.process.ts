import { loadClassTable } from '../../collection/class-table.process.ts';
import { cardFor, classesOfCard, listCards, type FoundCard } from '../../collection/cards/model-card.process.ts';
import type { ModelClasses } from '../../collection/cards/model-classes.ts';
import { noEvidence } from '../../models/evidence/evidence.ts';
import type { PhotoRow } from './photo-row.ts';
import type { Protocol } from '../protocol.ts';
import type { Check } from '../verify/findings.ts';
import { photoPath } from '../layout.ts';
import { controlRuleProblems, policyOf, ruleProblems, truthOfRow } from '../verify/rule.ts';
import { Interrupted, messageOf, StopTheRun, UsageError } from '../../kernel/errors.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import type { Sha256 } from '../../kernel/ids.ts';
import { startEngine, type FilterEngine } from '../../filter/engine/thread-pool.process.ts';
import { preprocessingOf, requireModelFiles, specOf } from '../../models/engine/ensemble.process.ts';
import type { MemberSpec } from '../../models/engine/spec.ts';

/** Photos that wait for a thread or are with one, for each thread. They are in memory. */
const PHOTOS_PER_THREAD = 8;

export interface RuleOptions {
  readonly threads: number;
  readonly cropsPerPass: number;
  readonly provider: ExecutionProvider;
  readonly signal: AbortSignal;
  readonly onProblem: (path: string, detail: string) => void;
}

export interface NoModel {
  readonly check: Extract<Check, 'model-missing' | 'rule'>;
  readonly reason: string;
}

type RuleCheck = ReturnType<typeof ruleCheck>;

/** Recomputes with the models what the rows of an export say, from the bytes that the caller has read. */
export async function startRuleCheck(protocol: Protocol, options: RuleOptions): Promise<RuleCheck | NoModel> {
  const members = await membersOf(protocol);
  if (!Array.isArray(members)) return members;
  const { threads, cropsPerPass, provider } = options;
  const blobs = { kind: 'folder', folder: '' } as const; // Never read, because each photo comes with its bytes.
  const policies = [policyOf(protocol)];
  try {
    await requireModelFiles(members);
    const engine = await startEngine({ members, policies, evaluate: 'all', cropsPerPass, blobs, provider }, threads);
    return ruleCheck(protocol, options, engine);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof StopTheRun)) throw error;
    return { check: 'model-missing', reason: messageOf(error) };
  }
}

function ruleCheck(protocol: Protocol, { threads, signal, onProblem }: RuleOptions, engine: FilterEngine) {
  const seen = new Set<Sha256>();
  const waiting: Promise<() => void>[] = [];
  let photos = 0;
  /** Evaluates a photo. The function that is returned reports the problems, so that they come in the order of the photos. */
  const evaluate = async (row: PhotoRow, bytes: Uint8Array): Promise<() => void> => {
    const { sha256, file_name } = row;
    const truth = truthOfRow(row, protocol);
    // A class outside the mask is a problem of the row, which is reported as such.
    if (truth === -1) return () => undefined;
    const evidence = noEvidence(protocol.models.length);
    const [result] = await engine.evaluate([{ sha256, truths: [truth], evidence, bytes }]);
    photos += 1;
    if (result === undefined) throw new Error('Expected a result for each photo');
    const problem = result.problem?.detail;
    const problemsOf = row.split === 'control' ? controlRuleProblems : ruleProblems;
    const details = problem === undefined ? problemsOf(row, result.fresh, protocol) : [problem];
    return () => details.forEach((detail) => onProblem(photoPath(file_name, row.split), detail));
  };
  const settleFirst = async (): Promise<void> => {
    const report = await waiting.shift();
    if (signal.aborted) throw new Interrupted();
    report?.();
  };
  return {
    photos: () => photos,
    async add(row: PhotoRow, bytes: Uint8Array): Promise<void> {
      if (seen.has(row.sha256)) return;
      seen.add(row.sha256);
      const result = evaluate(row, bytes);
      // The error is thrown when the photo's turn comes.
      result.catch(() => undefined);
      waiting.push(result);
      if (waiting.length >= PHOTOS_PER_THREAD * threads) await settleFirst();
    },
    async finish(): Promise<void> {
      while (waiting.length > 0) await settleFirst();
    },
    async close(): Promise<void> {
      engine.requestStop();
      await engine.close();
    },
  };
}

async function membersOf(protocol: Protocol): Promise<MemberSpec[] | NoModel> {
  const members: MemberSpec[] = [];
  const names = new Map(protocol.classes.map(({ wnid, name }) => [wnid, name]));
  for (const model of protocol.models) {
    const found = await findModel(model);
    if (found === null)
      return {
        check: 'model-missing',
        reason: `no installed model has the SHA-256 ${model.sha256} and the preprocessing of '${model.name}'; install it with \`winnow models add\` (it comes from ${model.source})`,
      };
    const mask = protocol.among.map((wnid) => found.classes.positionOf({ wnid, name: names.get(wnid) ?? wnid }) ?? -1);
    const unknown = protocol.among[mask.indexOf(-1)];
    if (unknown !== undefined)
      return {
        check: 'rule',
        reason: `the model '${model.name}' knows no class '${unknown}' by its id, and the export does not say its name`,
      };
    members.push({ ...specOf(found.card, found.classes), mask });
  }
  return members;
}

interface FoundModel {
  readonly card: FoundCard;
  readonly classes: ModelClasses;
}

/** The installed model with the same bytes and the same preprocessing. A model of the same name is tried first. */
async function findModel({ name, sha256, preprocessing }: Protocol['models'][number]): Promise<FoundModel | null> {
  const table = await loadClassTable();
  const names = (await listCards()).map((card) => card.name);
  for (const each of names.toSorted((a, b) => Number(b === name) - Number(a === name))) {
    const card = await cardFor(each).catch(() => null);
    if (card?.sha256 !== sha256) continue;
    const classes = await classesOfCard(card, table).catch(() => null);
    if (classes !== null && preprocessingOf(card, classes) === preprocessing) return { card, classes };
  }
  return null;
}
