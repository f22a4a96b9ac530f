import type { Command } from 'commander';
import type { Kysely } from 'kysely';
import type { DecisionScope } from '../../models/workspace/scope.ts';
import { notCounting } from '../../status/standing.repository.ts';
import { NOT_COUNTING_TEXT, type NotCounting } from '../../status/standing.ts';
import type { Database } from '../../platform/postgres/database.ts';
import { UsageError } from '../../kernel/errors.ts';
import { oneLine } from '../../kernel/printable.ts';
import { MODE_O_REJECT_REASONS, REJECT_REASONS } from '../../kernel/reasons.ts';
import { subjectKey, type ReviewEvent } from '../../review/events/event.ts';
import { listEvents, listReviewed, type ReviewedPhoto } from '../../review/events/review.repository.ts';
import { toVerdictLine, type VerdictLine } from '../../review/events/verdict-line.ts';
import type { VerdictState } from '../../review/events/verdict.ts';
import { addListCommand, type ListFlags } from './list-flags.ts';
import { addVerdictsImportCommand } from './import.ts';

interface VerdictFlags extends ListFlags {
  readonly events?: boolean;
}

const REASONS: Readonly<Record<VerdictState, readonly string[]>> = {
  unreviewed: [],
  accepted: [],
  rejected: [...REJECT_REASONS, ...MODE_O_REJECT_REASONS],
  unsure: [],
  disputed: [],
};

const HELP = `
The state of a photo follows from its reviews: one review decides; two that agree decide; accept against
reject is disputed; unsure leaves the verdict to the other reviewer; an adjudication overrules all.
A photo that was taken down, that the filter drops now or that has left the shortlist is listed with what was
said of it, but its verdict does not count: --json says so in counts, and why in whyNot.

Examples:
  winnow verdicts --collection imagenet-a --state accepted --json
  winnow verdicts --collection imagenet-a --events --json > events.jsonl
  winnow verdicts import verdicts.csv --collection imagenet-a
`;

export function addVerdictsCommand(program: Command): void {
  const verdicts = addListCommand<StandingLine | ReviewEvent>(program, {
    what: 'verdict',
    description: 'List what reviewers say of the photos of the shortlist',
    help: HELP,
    reasons: REASONS,
    rowsOf: ({ app, scope }, filter, flags: VerdictFlags) => {
      if (flags.events !== true) return standingLines(app.db, scope, listReviewed(app.db, scope.collectionId, filter));
      refuseFilters(flags);
      return listEvents(app.db, scope.collectionId);
    },
    lineOf: (row) => ('kind' in row ? eventText(row) : lineText(row)),
  });
  verdicts.option('--events', 'list every action of the reviewers, in its order');
  addVerdictsImportCommand(verdicts);
}

/** @throws UsageError if the flags filter: a list of all events would look like the filtered one */
function refuseFilters(flags: VerdictFlags): void {
  const given = (['class', 'state', 'reason', 'source'] as const).filter((name) => flags[name] !== undefined);
  if (given.length === 0) return;
  throw new UsageError(`--events lists every event, so leave out ${given.map((name) => `--${name}`).join(' and ')}`, {
    code: 'impossible-filter',
  });
}

interface StandingLine extends VerdictLine {
  /** True if the filter keeps the photo and the shortlist has it. Otherwise no count includes its verdict. */
  readonly counts: boolean;
  readonly whyNot: NotCounting | null;
}

async function* standingLines(
  db: Kysely<Database>,
  scope: DecisionScope,
  photos: AsyncIterable<ReviewedPhoto>,
): AsyncGenerator<StandingLine> {
  const reasons = new Map((await notCounting(db, scope)).map((row) => [subjectKey(row), row.whyNot]));
  for await (const photo of photos) {
    const whyNot = reasons.get(subjectKey(photo)) ?? null;
    yield { ...toVerdictLine(photo), counts: whyNot === null, whyNot };
  }
}

function lineText(line: StandingLine): string {
  const { wnid, sha256, state, reason, decidedBy, reviews, flagged, tags, whyNot } = line;
  const by = reviews.map(({ reviewer, verdict }) => `${reviewer}: ${verdict}`).join(', ');
  const parts = [
    `${wnid}  ${sha256.slice(0, 12)}  ${state}`,
    reason ?? '',
    decidedBy === 'adjudication' ? 'by adjudication' : '',
    by === '' ? '' : `(${by})`,
    flagged ? 'flagged' : '',
    tags.length === 0 ? '' : `tags ${tags.join(' ')}`,
    whyNot === null ? '' : NOT_COUNTING_TEXT[whyNot],
  ];
  return oneLine(parts.filter((part) => part !== '').join(' '));
}

function eventText({ id, at, reviewer, kind, wnid, sha256, value, undoes }: ReviewEvent): string {
  const what = undoes === null ? JSON.stringify(value) : `event ${undoes}`;
  return oneLine(`${id}  ${at}  ${reviewer}  ${kind}  ${wnid}  ${sha256.slice(0, 12)}  ${what}`);
}
