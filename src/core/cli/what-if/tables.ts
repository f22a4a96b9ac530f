import type { FillCounts } from '../../filter/run/fill-evidence.process.ts';
import type { WhatIf } from '../../filter/what-if/what-if.process.ts';
import { classNameOf } from '../../models/workspace/workspace.process.ts';
import type { Collection } from '../../collection/collection.ts';
import type { FilterPolicy } from '../../filter/rule/policy.ts';
import type { WhatIfCounts, WhatIfSetting } from '../../filter/what-if/what-if-tally.ts';
import { countText, nonEmpty, plural, SUBJECT_HEADS } from '../text/output.ts';
import { tableText } from '../text/table.ts';

export function whatIfJson(collection: Collection, found: WhatIf, fill: FillCounts | null): object {
  const { photos, present, subjects, settings, samples } = found;
  const policies = policiesOf(settings);
  return {
    collection: collection.name,
    mode: collection.mode,
    photos,
    present,
    settings: settings.map(({ policy, cap, totals, changed, bySubject }) => ({
      ...namesOf(policy),
      cap,
      ...totals,
      changed,
      classes: subjects.flatMap((wnid, i) => {
        const counts = bySubject[i];
        if (counts === undefined || photosIn(counts) === 0) return [];
        return [{ wnid, name: classNameOf(collection, wnid), ...counts }];
      }),
    })),
    samples: samples.map(({ sha256, subject, from, to, under }) => ({
      sha256,
      wnid: subjects[subject] ?? '',
      from,
      to,
      under: under.flatMap((position) => (policies[position] === undefined ? [] : [namesOf(policies[position])])),
    })),
    ...(fill === null ? {} : { fill: filledOf(fill) }),
  };
}

function filledOf({ total, crops, notFillable, undecodable }: FillCounts): object {
  return { photos: total, crops, notFillable, undecodable };
}

function namesOf(policy: FilterPolicy): Record<string, number | string> {
  if (policy.mode === 'O') return { minConfidence: policy.minConfidence };
  const { threshold, aggregation, members } = policy;
  return { threshold, aggregation, members };
}

function policiesOf(settings: readonly WhatIfSetting[]): FilterPolicy[] {
  return [...new Set(settings.map(({ policy }) => policy))];
}

function photosIn({ kept, undecided, dropped, failed }: WhatIfCounts): number {
  return kept + undecided + dropped + failed;
}

export function whatIfText(
  collection: Collection,
  found: WhatIf,
  { fill, perClass }: { fill: FillCounts | null; perClass: boolean },
): string {
  const { photos, present, settings } = found;
  if (photos === 0) return 'no photos yet: winnow crawl takes photos in\n';
  const now = `${collection.name} (mode ${collection.mode}), ${plural(photos, 'photo')}; now kept ${countText(present.kept)}, undecided ${countText(present.undecided)}, dropped ${countText(present.dropped)}${present.failed > 0 ? `, failed ${countText(present.failed)}` : ''}\n`;
  return nonEmpty([
    now,
    fill !== null && fillText(fill),
    settingsTable(settings),
    perClass || settings.length === 1 ? everyClass(found, collection) : classRanges(found, collection),
    samplesTable(found, collection),
    collection.policy.nearDuplicateCosine !== null &&
      'listed: without comparing features (policy.nearDuplicateCosine), so it may be less\n',
  ]).join('\n');
}

function fillText({ total, crops, notFillable, undecodable }: FillCounts): string {
  if (total === 0) return 'nothing to fill: no model ran\n';
  const parts = nonEmpty([
    `ran ${plural(crops, 'crop')} of ${plural(total, 'photo')}`,
    notFillable > 0 && `${plural(notFillable, 'photo')} not fillable: without bytes`,
    undecodable > 0 && `${plural(undecodable, 'photo')} cannot be decoded or evaluated`,
  ]);
  return `${parts.join('; ')}\n`;
}

const COUNT_HEADS = ['kept', 'undecided', 'missing crops', 'dropped', 'listed'];

function settingsTable(settings: readonly WhatIfSetting[]): string {
  return tableText(
    [...settingHeads(settings), ...COUNT_HEADS, 'changed'],
    settings.map(({ policy, cap, totals, changed }) => [...cellsOf(policy), cap, ...countsOf(totals), changed]),
  );
}

/** All settings are of one mode. */
function settingHeads([first]: readonly WhatIfSetting[]): string[] {
  const names = first === undefined ? [] : Object.keys(namesOf(first.policy));
  return [...names.map((name) => (name === 'minConfidence' ? 'min confidence' : name)), 'cap'];
}

/** Values as text: the table would group the digits of numbers. */
function cellsOf(policy: FilterPolicy): string[] {
  return Object.values(namesOf(policy)).map(String);
}

function countsOf({ kept, undecided, missingCrops, dropped, shortlisted }: WhatIfCounts): number[] {
  return [kept, undecided, missingCrops, dropped, shortlisted];
}

function everyClass({ settings, subjects }: WhatIf, collection: Collection): string {
  const isOne = settings.length === 1;
  const rows = subjects.flatMap((wnid, i) =>
    settings.flatMap(({ policy, cap, bySubject }) => {
      const counts = bySubject[i];
      if (counts === undefined || photosIn(counts) === 0) return [];
      return [[wnid, classNameOf(collection, wnid), ...(isOne ? [] : [...cellsOf(policy), cap]), ...countsOf(counts)]];
    }),
  );
  return tableText([...SUBJECT_HEADS[collection.mode], ...(isOne ? [] : settingHeads(settings)), ...COUNT_HEADS], rows);
}

function classRanges({ settings, subjects }: WhatIf, collection: Collection): string {
  const rows = subjects.flatMap((wnid, i) => {
    const counts = settings.flatMap(({ bySubject }) => bySubject[i] ?? []);
    if (counts.every((one) => photosIn(one) === 0)) return [];
    const columns = counts.map(countsOf);
    const ranges = COUNT_HEADS.map((_, column) => rangeText(columns.map((row) => row[column] ?? 0)));
    return [[wnid, classNameOf(collection, wnid), ...ranges]];
  });
  return `each class, least to most over the settings (--per-class: under each):\n\n${tableText([...SUBJECT_HEADS[collection.mode], ...COUNT_HEADS], rows)}`;
}

function rangeText(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? countText(least) : `${countText(least)}-${countText(most)}`;
}

function samplesTable({ samples, subjects, settings }: WhatIf, collection: Collection): string {
  if (samples.length === 0) return '';
  const policies = policiesOf(settings);
  const rows = samples.map(({ sha256, subject, from, to, under }) => {
    const [first] = under.flatMap((position) => policies[position] ?? []);
    const where = first === undefined ? '' : cellsOf(first).join(' ');
    return [
      sha256.slice(0, 12),
      classNameOf(collection, subjects[subject] ?? ''),
      `${from} -> ${to}`,
      under.length > 1 ? `${where} and ${plural(under.length - 1, 'other policy', 'other policies')}` : where,
    ];
  });
  return `some that change:\n\n${tableText(['photo', 'class', 'change', 'under'], rows)}`;
}
