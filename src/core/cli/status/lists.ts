import type { Command } from 'commander';
import type { CandidateLine } from '../../status/candidate-list.repository.ts';
import { oneLine } from '../../kernel/printable.ts';
import { addListCommand } from '../review/list-flags.ts';
import { whyText } from '../../status/story-text.ts';
import type { DecisionLine } from '../../filter/run/decision-line.ts';
import { CANDIDATE_REASONS, DECISION_REASONS } from '../../library/lists.process.ts';
import { plural } from '../text/output.ts';

export function addCandidatesCommand(program: Command): void {
  addListCommand(program, {
    what: 'candidate',
    description: 'List every photo found for the collection, with its rights and its state',
    help: '\nExample:\n  winnow candidates --collection imagenet-a --state failed --format csv > failed.csv\n',
    reasons: CANDIDATE_REASONS,
    rowsOf: (winnow, options) => winnow.candidates(options),
    lineOf: candidateText,
  });
}

function candidateText(row: CandidateLine): string {
  const what =
    row.sha256 === null
      ? ''
      : ` ${row.sha256.slice(0, 12)} ${row.width}x${row.height}${row.bytesState === 'stored' ? '' : ' pruned'}`;
  // A photo outside the sub-folders has no label: the class as given is empty.
  const wnid = row.wnid === '' ? "''" : row.wnid;
  return oneLine(
    `${wnid}  ${row.state}${whyText(row)}${what}  ${row.licence}  ${row.source}:${JSON.stringify(row.sourceId)}`,
  );
}

export function addDecisionsCommand(program: Command): void {
  addListCommand(program, {
    what: 'decision',
    description: 'List what the filter decided for every photo and class, with the evidence of each crop',
    help: '\nExamples:\n  winnow decisions --collection imagenet-a --state kept --json\n  winnow decisions --collection imagenet-a --class dragonfly --format csv\n',
    reasons: DECISION_REASONS,
    rowsOf: (winnow, options) => winnow.decisions(options),
    lineOf: decisionText,
  });
}

function decisionText(line: DecisionLine): string {
  const { sha256, wnid, state, maxTrueProb, maxTrueProbIsLowerBound, decidedBy, confusion, crops } = line;
  const prob =
    maxTrueProb === null ? '' : ` p(searched as) ${maxTrueProbIsLowerBound ? '>= ' : ''}${maxTrueProb.toFixed(4)}`;
  const by =
    decidedBy === null ? '' : ` by ${decidedBy.model}${decidedBy.crop === null ? '' : ` crop ${decidedBy.crop}`}`;
  const taken = confusion === null ? '' : ` taken for ${confusion.name} (${confusion.prob.toFixed(4)})`;
  return oneLine(
    `${wnid}  ${sha256.slice(0, 12)}  ${state}${whyText(line)}${by}${prob}${taken}, ${plural(crops.length, 'crop')}`,
  );
}
