import * as z from 'zod';
import { countText } from '../ui/shared/texts.ts';
import { stagesOf } from '../ui/shared/stages.ts';
import { markdownTable } from './markdown.ts';
import type { Protocol } from './protocol.ts';

const count = z.number().default(0);
const counts = z.record(z.string(), z.number()).default({});

/** The totals that the stages of a funnel are made of. A count that another version of winnow does not know is 0. */
const totalsSchema = z.object({
  found: count,
  waiting: count,
  fetched: count,
  dropped: counts,
  failed: counts,
  duplicates: count,
  decided: z
    .object({
      kept: count,
      correct: count,
      confident: count,
      notConfident: count,
      otherClass: count,
      inReferenceSet: count,
      undecided: count,
      failed: count,
    })
    .prefault({}),
  shortlisted: count,
  leftOut: z.object({ cap: count, nearDuplicate: count, target: count }).prefault({}),
  unlisted: count,
  selected: count,
  rejected: count,
  unsure: count,
  disputed: count,
  unreviewed: count,
  pruned: count,
  undecidedPruned: count,
  poisoned: count,
});

/** The totals of a protocol. */
export function totalsOf(funnel: Protocol['funnel']): z.output<typeof totalsSchema> {
  return totalsSchema.parse(funnel);
}

/** Reasons that the stage before the revision shows. */
const NOT_ACCEPTED: ReadonlySet<string> = new Set(['unreviewed', 'rejected', 'unsure', 'disputed']);

/** What happened to everything that was found, stage by stage, down to the photos of the revision. */
export function funnelTable({ funnel, photos, leftOut }: Pick<Protocol, 'funnel' | 'photos' | 'leftOut'>): string {
  const stages = stagesOf(totalsOf(funnel));
  const rows = stages.map(({ name, count: size, lost = [] }) => [name, countText(size), lostText(lost)]);
  const accepted = leftOut.filter(({ reason }) => !NOT_ACCEPTED.has(reason));
  const revision = ['in this revision', countText(photos), lostText(accepted)];
  return markdownTable(['stage', 'photos', 'lost on the way'], [...rows, revision]);
}

function lostText(lost: readonly { readonly reason: string; readonly count: number }[]): string {
  return lost.map(({ reason, count: size }) => `${reason.replaceAll('-', ' ')} ${countText(size)}`).join(', ');
}
