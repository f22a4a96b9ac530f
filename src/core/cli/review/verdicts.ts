import type { Command } from 'commander';
import { NOT_COUNTING_TEXT } from '../../status/not-counting.ts';
import { UsageError } from '../../kernel/errors.ts';
import { oneLine } from '../../kernel/printable.ts';
import type { ReviewEvent } from '../../review/events/event.ts';
import type { VerdictState } from '../../review/events/verdict.ts';
import { VERDICT_REASONS, type StandingLine } from '../../library/lists.process.ts';
import { addListCommand, type ListFlags } from './list-flags.ts';
import { addVerdictsImportCommand } from './import.ts';

interface VerdictFlags extends ListFlags {
  readonly events?: boolean;
}

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
  const verdicts = addListCommand<StandingLine | ReviewEvent, VerdictState>(program, {
    what: 'verdict',
    description: 'List what reviewers say of the photos of the shortlist',
    help: HELP,
    reasons: VERDICT_REASONS,
    rowsOf: (winnow, options, flags: VerdictFlags) => {
      if (flags.events !== true) return winnow.verdicts(options);
      refuseFilters(flags);
      return winnow.reviewEvents(options);
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
