import { cp, rm } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { suiteFolder } from '../../../support/process-tree.ts';
import { verifyFolder, type VerifyOptions } from '../../../../src/core/export/verify/verify.process.ts';
import { CHECKS, type Verification } from '../../../../src/core/export/verify/findings.ts';
import { acceptanceOf } from '../../../../src/core/review/acceptance/acceptance.ts';
import { makeExport } from '../../../support/made-export.ts';
import { Copy, DAMAGES, RULE_DAMAGES } from './damages.ts';

const folder = suiteFolder();

beforeAll(async () => {
  await makeExport(folder.at('A'), { formats: ['webdataset', 'coco', 'parquet'], thumbnails: true });
  await makeExport(folder.at('O'), { mode: 'O' });
});

async function verify(root: string, changes: Partial<VerifyOptions> = {}): Promise<Verification> {
  return verifyFolder(root, {
    sample: null,
    threads: 1,
    cropsPerPass: 8,
    provider: 'cpu',
    maxPixels: 100_000_000,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...changes,
  });
}

describe('verify', () => {
  it('passes an export with all formats and makes all checks', async () => {
    const result = await verify(folder.at('A'));
    expect(result).toEqual({
      ok: true,
      photos: 5,
      importedRows: 0,
      checks: CHECKS.length - 1,
      skipped: [],
      breaches: [],
    });
  });

  it('passes an export of mode O', async () => {
    expect(await verify(folder.at('O'))).toMatchObject({ ok: true, photos: 2, skipped: [], breaches: [] });
  });

  it('passes an export by the mean of all members, with released names and metadata that was kept', async () => {
    const root = folder.at('other choices');
    await makeExport(root, { aggregation: 'mean', members: 'all', names: 'imagenet-a', keepMetadata: true });
    expect(await verify(root)).toMatchObject({ ok: true, photos: 5, skipped: [], breaches: [] });
  });

  it('passes an export without pictures and says that it skips the rule', async () => {
    const root = folder.at('no-pixels');
    await makeExport(root, { pixels: false });
    expect(await verify(root)).toMatchObject({
      ok: true,
      breaches: [],
      skipped: [{ check: 'rule', reason: expect.stringContaining('no pictures') }],
    });
  });

  it('takes a creator that looks like a formula with an apostrophe and, from earlier versions, without', async () => {
    const copy = new Copy(folder.at('formula'));
    await makeExport(copy.root, { mode: 'O', creator: '=SUM(1)' });
    expect(await copy.text('attribution.csv')).toContain(",'=SUM(1),");
    expect(await verify(copy.root, { sample: 0 })).toMatchObject({ ok: true, breaches: [] });
    const withCreator = async (text: string) => {
      await copy.edit('attribution.csv', (csv) => csv.replaceAll(/,'?=?SUM\(1\),/g, `,${text},`));
      await copy.seal();
      const { breaches } = await verify(copy.root, { sample: 0 });
      return breaches.filter(({ check }) => check === 'attribution').map(({ detail }) => detail);
    };
    expect(await withCreator('=SUM(1)')).toEqual([]);
    const refused = expect.stringContaining("Expected the creator ''=SUM(1)'");
    expect(await withCreator('SUM(1)')).toEqual([refused, refused]);
  });

  it('reads from decisions.csv which photos the second pass drew, with what chance, and which had both verdicts before', async () => {
    const copy = new Copy(folder.at('chances'));
    await makeExport(copy.root);
    const chances = ['', '0', '0.5', '1', '1'];
    const chanceOf = new Map<string, string | undefined>(
      (await copy.rows()).map((row, i) => [row.original_sha256, chances[i]]),
    );
    await copy.edit('decisions.csv', (text) =>
      text.replaceAll(/^.*,([0-9a-f]{64}),.*,accept,1,/gm, (line, sha256: string) =>
        line.replace(/1,$/, `${chanceOf.get(sha256)},`),
      ),
    );
    const inspected = [0.5, 1, 1].map((chance) => ({ isWrong: false, chance }));
    const of = async (before: number) => {
      const counts = { photos: 5, pending: 0, before, inspected };
      await copy.editProtocol(({ review }) => ({
        review: { ...review, acceptance: review.acceptance && acceptanceOf(counts, review.acceptance) },
      }));
      const { breaches } = await verify(copy.root, { sample: 0 });
      return breaches.flatMap(({ check, detail }) => (check === 'count' ? [detail] : []));
    };
    expect(await of(1)).toEqual([]);
    expect(await of(0)).toContainEqual(
      'Expected review.acceptance.inspectedBefore 1, as decisions.csv gives it, but received 0',
    );
  });

  it('skips the rule if a model is not installed', async () => {
    const root = folder.at('unknown-model');
    await makeExport(root, { hasUnknownModel: true });
    expect(await verify(root)).toMatchObject({
      ok: true,
      breaches: [],
      skipped: [
        { check: 'model-missing', reason: expect.stringMatching(/no installed model has .* 'efficientnet-lite0'/) },
      ],
    });
  });

  it('recomputes the rule for a sample and says how large it was', async () => {
    expect(await verify(folder.at('A'), { sample: 2 })).toMatchObject({
      ok: true,
      skipped: [{ check: 'rule', reason: '--sample 2: recomputed for 2 of 5 photos' }],
    });
  });

  it('is interrupted by its signal', async () => {
    await expect(verify(folder.at('A'), { signal: AbortSignal.abort() })).rejects.toThrow('Interrupted');
  });

  it('refuses a folder without a protocol', async () => {
    await expect(verify(folder.at('A', 'test'))).rejects.toThrow(
      /There is no protocol\.json in .* no export of winnow/,
    );
  });

  it.each(DAMAGES)('finds $title', async ({ check, file, detail, mode = 'A', needsModels = false, change }) => {
    const copy = new Copy(folder.at('copy'));
    await cp(folder.at(mode), copy.root, { recursive: true });
    try {
      await change(copy);
      const { ok, breaches } = await verify(copy.root, { sample: needsModels ? null : 0 });
      expect(ok).toBe(false);
      const expected = { check, file: expect.stringMatching(file), detail: expect.stringMatching(detail) };
      expect(breaches).toContainEqual(expected);
    } finally {
      for (const each of ['copy', 'copy-outside', 'copy-parquet'])
        await rm(folder.at(each), { recursive: true, force: true });
    }
  });
});

describe('verify with the models', () => {
  let result: Verification;
  beforeAll(async () => {
    const copy = new Copy(folder.at('damaged'));
    await cp(folder.at('A'), copy.root, { recursive: true });
    for (const { change } of RULE_DAMAGES) await change(copy);
    result = await verify(copy.root);
  });

  it.each(RULE_DAMAGES)('finds $title', ({ check, file, detail }) => {
    expect(result.ok).toBe(false);
    const expected = { check, file: expect.stringMatching(file), detail: expect.stringMatching(detail) };
    expect(result.breaches).toContainEqual(expected);
  });

  it('contradicts no row that is right', () => {
    const contradicted = result.breaches.filter(({ check }) => check === 'rule').map(({ file }) => file);
    expect(new Set(contradicted).size).toBe(RULE_DAMAGES.length);
    expect(contradicted.join()).not.toContain('pd507bfa7c042e76a');
  });
});
