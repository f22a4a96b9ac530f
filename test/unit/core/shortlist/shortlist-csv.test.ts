import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { shortlistCsv, shortlistLine, type ShortlistLine } from '../../../../src/core/shortlist/shortlist-csv.ts';
import { shortlistClass } from '../../../../src/core/shortlist/shortlist.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { keptPhoto } from './sample-rows.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const HEADER =
  'rank,wnid,sha256,state,reason,twinSha256,confusionWnid,maxTrueProb,confusionProb,alsoIn,source,sourceId';

function rows(): ShortlistLine[] {
  const photos = [
    keptPhoto('a', { maxTrueProb: 0.1 + 0.02, confusionProb: 1 / 3, perceptualHash: '0000000000000000' }),
    keptPhoto('b', { maxTrueProb: 0.13, confusionProb: 1, perceptualHash: '0000000000000001' }),
    keptPhoto('c', { maxTrueProb: 0.14, confusionProb: 5e-7 }),
  ];
  const found = { rights: sampleRights({ sourceId: 'kite/a, b.jpg@1' }) };
  return shortlistClass(photos, { cap: 1, nearDuplicateDistance: 6 }).map((row) => ({ ...row, ...found }));
}

describe('shortlistCsv', () => {
  it('writes a header and one line a row, with all digits, nulls as empty cells, and line feeds only', () => {
    const [listed, ...leftOut] = rows();
    const marked = listed === undefined ? [] : [{ ...listed, alsoIn: ['n01', 'n02'] }, ...leftOut];
    expect(shortlistCsv(marked)).toBe(
      [
        HEADER,
        `1,n02268443,${sha256Of('a')},listed,,,n02787622,${0.1 + 0.02},0.3333333333333333,n01|n02,folder,"kite/a, b.jpg@1"`,
        `,n02268443,${sha256Of('b')},left-out,near-duplicate,${sha256Of('a')},n02787622,0.13,1,,folder,"kite/a, b.jpg@1"`,
        `,n02268443,${sha256Of('c')},left-out,cap,,n02787622,0.14,5e-7,,folder,"kite/a, b.jpg@1"`,
        '',
      ].join('\n'),
    );
  });

  it('quotes class ids of a custom collection that hold commas, quotes or line ends', () => {
    const wnid = 'kite, "toy"\nor bird';
    const csv = shortlistCsv(rows().map((row) => ({ ...row, wnid })));
    const records: Record<string, string>[] = parse(csv, { columns: true });
    expect(records.map((record) => record['wnid'])).toEqual([wnid, wnid, wnid]);
  });

  it('has the fields of a line of --json', () => {
    const [row] = rows();
    if (row === undefined) throw new Error('Expected a row');
    expect(Object.keys(shortlistLine(Object.assign(row, { licence: 'CC0-1.0' }))).join(',')).toBe(HEADER);
  });

  it('has the name of the released set where there is no true class', () => {
    const gnome = { wnid: 'garden_gnome', maxTrueProb: null, confusionProb: 0.98765432 };
    const outlier = rows().map((row) => ({ ...row, ...gnome }));
    const [first] = outlier;
    expect(first === undefined ? null : shortlistLine(first)['legacyName']).toBe('garden_gnome_0.987654.JPEG');
    const records: Record<string, string>[] = parse(shortlistCsv(outlier), { columns: true });
    expect(records.map((record) => record['legacyName'])).toEqual(outlier.map(() => 'garden_gnome_0.987654.JPEG'));
  });

  it('writes the header alone for an empty shortlist', () => {
    expect(shortlistCsv([])).toBe(`${HEADER}\n`);
  });
});
