import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ExportResult } from '../../src/core/export/export.process.ts';
import { photoRowSchema, type PhotoRow } from '../../src/core/export/select/photo-row.ts';
import { protocolSchema, type Protocol } from '../../src/core/export/protocol.ts';
import { idOf } from '../../src/core/export/revisions/revision-id.ts';
import { decodeRgb } from '../../src/core/platform/image/decode.ts';
import { inCatalogueOf } from '../support/decided.ts';
import { sha256Of } from '../support/sha256.ts';
import { momentsOf } from '../support/sizing.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { copyData, useSharedServer } from '../support/shared-server.ts';
import { makeReviewedSet, SET_PHOTOS, SET_WNIDS, type ReviewedSet } from '../support/reviewed-set.ts';
import { jsonLines, startWinnow, winnow, type CommandResult } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
let set: ReviewedSet;
let rows: PhotoRow[];
let result: ExportResult;

const flags = (data = set.data): string[] => ['--collection', set.collection, '--data', data];
const exportTo = (name: string, ...more: string[]): Promise<CommandResult> =>
  winnow(['export', '--out', folder.at(name), ...flags(), '--json', ...more]);
const fileIn = (name: string, file: string): Promise<string> => readFile(folder.at(name, file), 'utf8');
const protocolIn = async (name: string): Promise<Protocol> =>
  protocolSchema.parse(JSON.parse(await fileIn(name, 'protocol.json')));
const rowsIn = async (name: string): Promise<PhotoRow[]> =>
  jsonLines<PhotoRow>(await fileIn(name, 'test/metadata.jsonl'));

/** Metadata that `withCameraFacts` puts into photos. */
const CAMERA_FACTS = ['Ada Private', 'Canon-maker-secret'];

async function copyOf(): Promise<string> {
  await copyData(set.data, folder.at('copy'));
  return folder.at('copy');
}

beforeAll(async () => {
  set = await makeReviewedSet(folder.at());
  result = JSON.parse((await exportTo('v1')).stdout);
  rows = await rowsIn('v1');
});

describe('winnow export', () => {
  it('writes the accepted photos whose licence allows it, and counts why it leaves out the others', async () => {
    const reviewed = set.listed.length - 2;
    const left = new Map(result.leftOut.map(({ reason, count }) => [reason, count]));
    expect(left.get('rejected')).toBe(1);
    expect(left.get('unreviewed')).toBe(1);
    expect(result.photos).toBe(reviewed - (left.get('licence') ?? 0));
    expect(rows).toHaveLength(result.photos);
    expect(rows.map(({ license }) => license)).not.toContain('unknown');
    expect(rows.map(({ license }) => license)).not.toContain('all-rights-reserved');
    expect(left.get('licence')).toBeGreaterThan(0);
    const protocol = await protocolIn('v1');
    expect(protocol).toMatchObject({ id: result.id, photos: result.photos, leftOut: result.leftOut });
    expect(idOf(protocol)).toBe(result.id);
  });

  it.each([
    ['plain', []],
    ['forms', ['--format', 'webdataset,coco,parquet', '--thumbnails', '--hard-links']],
    ['named', ['--names', 'imagenet-a']],
    ['pictureless', ['--no-pixels']],
  ])('passes winnow verify: %s', async (name, options) => {
    expect((await exportTo(name, ...options)).code).toBe(0);
    // The pixels and the rule are the same in every form.
    const sample = ['--sample', name === 'plain' ? '6' : '1'];
    const { stdout } = await winnow(['verify', folder.at(name), '--json', ...sample]);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, breaches: [] });
  });

  it('lists every file under its checksum, which sha256sum confirms', async () => {
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder.at('v1') });
    const listed = (await fileIn('v1', 'SHA256SUMS'))
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(66));
    const files = await readdir(folder.at('v1'), { recursive: true, withFileTypes: true });
    const names = files
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder.at('v1'), path.join(entry.parentPath, entry.name)));
    expect(listed.toSorted()).toEqual(names.filter((name) => name !== 'SHA256SUMS').toSorted());
  });

  it('removes only the metadata of upright JPEG and PNG files, and writes others as PNG with the pixels that were decided on', async () => {
    for (const row of rows) {
      const original = await readFile(folder.at('photos', row.source_id.replace(/@[0-9a-f]{16}$/, '')));
      const file = await readFile(folder.at('v1', 'test', row.file_name));
      const isKept = /\/(?:plain|mine|flat|orphan)\./.test(row.source_id);
      expect([row.source_id, file.equals(original)]).toEqual([row.source_id, isKept]);
      expect(row.sha256 === row.original_sha256).toBe(isKept);
      const changes = isKept ? 'unchanged' : row.source_id.includes('phone') ? 'metadata removed' : 'converted to';
      expect(row.attribution).toContain(`, ${changes}`);
      const [left, right] = await Promise.all([decodeRgb(original), decodeRgb(file)]);
      expect([row.source_id, Buffer.compare(left.data, right.data)]).toEqual([row.source_id, 0]);
      expect([row.width, row.height]).toEqual([right.width, right.height]);
    }
    const forms = new Set(rows.map(({ source_id: id }) => /\/(\w+)\./.exec(id)?.[1]));
    expect(forms.size).toBe(SET_PHOTOS.length - 2);
  });

  it('gives every row the same keys, labels in the order of the wnids, and no text that is null', async () => {
    const [first] = rows;
    const wnids = [...new Set(rows.map(({ wnid }) => wnid))];
    expect(wnids).toEqual(wnids.toSorted());
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(Object.keys(first ?? {}));
      expect(photoRowSchema.safeParse(row).error).toBeUndefined();
      expect(row.label).toBe(wnids.indexOf(row.wnid));
      expect(SET_WNIDS).toContain(row.wnid);
      expect(row.source_url).toBe('');
    }
  });

  it('names no reviewer, no folder of this machine and nothing of the metadata of photos in any file', async () => {
    const files = await readdir(folder.at('v1'), { recursive: true, withFileTypes: true });
    for (const entry of files.filter((one) => one.isFile())) {
      const bytes = await readFile(path.join(entry.parentPath, entry.name));
      for (const secret of ['Zoë Reviewer', 'Ben Reviewer', folder.at(), ...CAMERA_FACTS])
        expect([entry.name, bytes.includes(secret)]).toEqual([entry.name, false]);
    }
    const decisions = await fileIn('v1', 'decisions.csv');
    expect(decisions).toMatch(/,A,1,accept,/);
    expect(decisions).toMatch(/,B,2,accept,/);
  });

  it('gives the same bytes again, and from a data folder that was moved', async () => {
    expect((await exportTo('again')).code).toBe(0);
    expect(await fileIn('again', 'SHA256SUMS')).toBe(await fileIn('v1', 'SHA256SUMS'));
    await copyData(set.data, folder.at('elsewhere'));
    const moved = await winnow(['export', '--out', folder.at('moved'), ...flags(folder.at('elsewhere')), '--json']);
    expect([moved.code, moved.stderr]).toEqual([0, '']);
    expect(await fileIn('moved', 'SHA256SUMS')).toBe(await fileIn('v1', 'SHA256SUMS'));
  });

  it('takes other licences if asked, and all of them without pictures', async () => {
    const all = await exportTo('all', '--licences', 'all-rights-reserved,unknown,cc-by-4.0');
    expect(JSON.parse(all.stdout).photos).toBeGreaterThan(0);
    expect(new Set((await rowsIn('all')).map(({ license }) => license))).toEqual(
      new Set(['all-rights-reserved', 'unknown', 'CC-BY-4.0']),
    );
    expect(await protocolIn('pictureless')).toMatchObject({ photos: set.listed.length - 2 });
    expect(await readdir(folder.at('pictureless', 'test'))).toEqual(['metadata.jsonl']);
  });

  it('exports photos whose licence the curator stated, says so, and never replaces a licence of the source', async () => {
    const data = await copyOf();
    const set1 = await winnow(['rights', 'set', ...flags(data), '--licence', 'cc by 4.0', '--creator', 'Ana']);
    const orphans = SET_WNIDS.length;
    const others = orphans * (SET_PHOTOS.length - 1);
    const said = `licence CC-BY-4.0 set for ${orphans} photos of tiny; ${others} photos left alone, because their source states a licence\n`;
    expect(set1.stdout).toContain(said);
    expect(set1.stdout.slice(said.length)).toMatch(/^.*\nnext: winnow \w+ --data \S+ --collection tiny.*\n$/);
    const wrong = await winnow(['rights', 'set', ...flags(data), '--licence', 'unknown', '--creator', 'Ana']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("received 'Ana'")]);
    const out = folder.at('stated');
    expect((await winnow(['export', '--out', out, ...flags(data)])).code).toBe(0);
    const stated = (await rowsIn('stated')).filter(({ source_id: id }) => id.includes('orphan'));
    expect(stated.length).toBeGreaterThan(0);
    for (const { creator, license, attribution } of stated)
      expect([creator, license, attribution]).toEqual([
        'Ana',
        'CC-BY-4.0',
        expect.stringContaining(', as the curator states, '),
      ]);
    for (const file of ['README.md', 'LICENSES.md'])
      expect(await fileIn('stated', file)).toContain(`The curators state the licence of ${stated.length} photo`);
    const verified = `^(skipped.*\\n)*verified \\d+ photos: .*, no breaches\\n`;
    const verify = async (...more: string[]): Promise<string> =>
      (await winnow(['verify', out, '--sample', '0', ...more], { cwd: folder.at() })).stdout;
    // Somebody who has only the folder cannot report on it.
    expect(await verify()).toMatch(new RegExp(`${verified}$`));
    expect(await verify('--set', 'postgres.url=postgresql://catalogue.invalid/w')).toMatch(
      new RegExp(`${verified}next: winnow report --collection tiny --out reports/tiny\\n`),
    );
    const shown = await winnow(['show', stated[0]?.original_sha256 ?? '', '--data', data]);
    expect(shown.stdout).toContain(
      'stated by the curator, because the source gives no licence and names no creator: licence CC-BY-4.0',
    );
    const lines = jsonLines<object>(
      (await winnow(['activity', '--action', 'rights-set', '--data', data, '--json'])).stdout,
    );
    expect(lines).toMatchObject([{ detail: { licence: 'CC-BY-4.0', creator: 'Ana', changed: orphans } }]);
  });

  it('shares the stored bytes of unchanged pictures by hard links if asked, and counts the copies', async () => {
    const unchanged = rows.filter((row) => row.sha256 === row.original_sha256);
    for (const row of rows) {
      const { nlink } = await stat(folder.at('forms', 'test', row.file_name));
      expect([row.source_id, nlink > 1]).toEqual([row.source_id, unchanged.includes(row)]);
    }
    const linked = await winnow(['export', '--out', folder.at('linked'), ...flags(), '--hard-links']);
    const phones = rows.filter(({ source_id: id }) => id.includes('phone')).length;
    expect(phones).toBeGreaterThan(0);
    const asPng = rows.length - unchanged.length - phones;
    expect(linked.stdout).toContain(
      `pictures: ${unchanged.length} unchanged, ${phones} without metadata, ${asPng} as PNG; ${unchanged.length} hard links, ${phones + asPng} copied\n`,
    );
    expect(linked.stdout).toMatch(
      /^left out: .*licence \d.*accepted photos have no licence, .*, state it: winnow rights set --data \S+ --collection tiny --licence/ms,
    );
    expect(result).toMatchObject({ stripped: phones, reencoded: asPng, linked: 0 });
    const protocol = await protocolIn('v1');
    expect(protocol).toMatchObject({ stripped: phones, reencoded: asPng, options: { keepMetadata: false } });
    expect(await fileIn('v1', 'README.md')).toContain(`${phones} lost only their metadata`);
  });

  it('keeps the metadata if asked, and the card says so', async () => {
    const kept = JSON.parse((await exportTo('kept', '--keep-metadata')).stdout) as ExportResult;
    expect(kept).toMatchObject({ photos: rows.length, stripped: 0, reencoded: result.reencoded });
    for (const row of await rowsIn('kept')) {
      if (!row.source_id.includes('phone')) continue;
      expect(row.sha256).toBe(row.original_sha256);
      const file = await readFile(folder.at('kept', 'test', row.file_name));
      for (const fact of CAMERA_FACTS) expect(file.includes(fact)).toBe(true);
    }
    expect(await fileIn('kept', 'README.md')).toContain('The others have their original bytes with all metadata');
    const { stdout } = await winnow(['verify', folder.at('kept'), '--json', '--sample', '1']);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, breaches: [] });
  });

  it('lists the hashes of the pixels of converted pictures beside the script that fetches them', async () => {
    const lines = (await fileIn('pictureless', 'pixels.sha256')).trimEnd().split('\n');
    const converted = (await rowsIn('pictureless')).filter(({ attribution }) => attribution.includes('converted to'));
    expect(lines.map((line) => line.slice(66))).toEqual(converted.map(({ file_name: name }) => `test/${name}`));
    const shown = rows.find(({ attribution }) => attribution.includes('converted to'));
    const { data } = await decodeRgb(await readFile(folder.at('v1', 'test', shown?.file_name ?? '')));
    expect(lines).toContain(`${sha256Of(Buffer.from(data))}  test/${shown?.file_name}`);
  });

  it('makes files whose hashes name their photos for show and for the import of verdicts', async () => {
    const changed = rows.filter((row) => row.sha256 !== row.original_sha256);
    const [row] = changed;
    for (const hash of [row?.sha256 ?? '', (row?.sha256 ?? '').slice(0, 16), row?.original_sha256 ?? '']) {
      const { code, stdout } = await winnow(['show', hash, '--data', set.data, '--json']);
      expect([code, JSON.parse(stdout).photo.sha256]).toEqual([0, row?.original_sha256]);
    }
    const table = folder.at('by-file.csv');
    const lines = changed.map(({ sha256, wnid }) => `${sha256},${wnid},accept,By File`);
    await writeFile(table, ['sha256,wnid,verdict,reviewer', ...lines, ''].join('\n'));
    const { code, stdout } = await winnow(['verdicts', 'import', table, '--json', ...flags(await copyOf())]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { imported: changed.length, notListed: [] }]);
  });

  it('refuses a folder with content, an unknown format and a set of which nothing is accepted', async () => {
    const cases: readonly (readonly [code: number, said: RegExp, name: string, ...options: string[]])[] = [
      [2, /There is something at/, 'v1'],
      [2, /There is something at/, 'v1/README.md'],
      [1, /Cannot write to .*not a directory.*another folder/, 'v1/README.md/x'],
      [1, /Cannot write to .*name too long.*another folder/, 'x'.repeat(300)],
      [2, /received 'cocoa'.*Did you mean 'coco'/s, 'x', '--format', 'cocoa'],
      [
        2,
        /can be exported \(.*licence \d+.*state it: winnow rights set --data \S+ --collection tiny --licence CC-BY-4.0 --creator "Ana"/s,
        'x',
        '--licences',
        'MIT',
      ],
    ];
    for (const [code, said, name, ...options] of cases)
      expect(await exportTo(name, ...options)).toMatchObject({ code, stderr: expect.stringMatching(said) });
    expect(await readdir(folder.at())).not.toContain('x');
  });

  it.each([
    ['--by predicted is not for mode A', ['--by', 'predicted']],
    ['--by concept is not for mode A', ['--by', 'concept']],
    ['--no-pixels .* cannot be combined with --keep-metadata', ['--no-pixels', '--keep-metadata']],
    [
      '--no-pixels .* cannot be combined with --format parquet, --thumbnails',
      ['--no-pixels', '--format', 'parquet', '--thumbnails'],
    ],
  ])('refuses options that would do nothing: %s', async (said, options) => {
    const refusal = { code: 2, stdout: '', stderr: expect.stringMatching(said) };
    expect(await exportTo('refused', ...options)).toMatchObject(refusal);
    expect(await readdir(folder.at())).not.toContain('refused');
  });

  it('checks the stored evidence of every photo before it writes anything, and says what to do', async () => {
    const { original_sha256: sha256 } = rows[0] ?? { original_sha256: '' };
    const ofPhoto = `photo_id = (select id from photo where sha256 = '\\x${sha256}')`;
    const breakAndExport = async (statement: string): Promise<CommandResult> => {
      await inCatalogueOf(set.data, statement);
      const refused = await exportTo('broken');
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining(`The evidence of the accepted photo ${sha256}`),
      ]);
      expect(refused.stderr).toMatch(/winnow doctor --data \S+ --deep/);
      expect(await readdir(folder.at())).not.toContain('broken');
      return refused;
    };
    const changed = await breakAndExport(`update decision set max_true_prob = max_true_prob / 2 where ${ofPhoto}`);
    expect(changed.stderr).toMatch(/Expected the max_true_prob 0\.\d+, as recomputed, but its row has 0\.\d+/);
    await inCatalogueOf(set.data, `update decision set max_true_prob = max_true_prob * 2 where ${ofPhoto}`);
    const lost = await breakAndExport(`update evidence set logits = null where crop = 3 and ${ofPhoto}`);
    expect(lost.stderr).toContain('Expected the logits of every crop of every member');
    const completed = await winnow(['filter', ...flags(), '--set', 'filter.evaluate=all']);
    expect([completed.code, (await exportTo('mended')).code]).toEqual([0, 0]);
    expect(await fileIn('mended', 'SHA256SUMS')).toBe(await fileIn('v1', 'SHA256SUMS'));
  });

  it('leaves no half folder when it is killed, and the next run ends well', async () => {
    let killed = 0;
    for (const delayMs of momentsOf([200, 400, 500, 600, 700, 800, 900, 1_000, 1_200, 1_500])) {
      const name = `killed-${delayMs}`;
      const running = startWinnow(['export', '--out', folder.at(name), ...flags(), '--json']);
      await sleep(delayMs);
      running.killGroup('SIGKILL');
      const { signal } = await running.result;
      if (signal === 'SIGKILL') killed += 1;
      if (!existsSync(folder.at(name))) await exportTo(name);
      expect(await fileIn(name, 'SHA256SUMS')).toBe(await fileIn('v1', 'SHA256SUMS'));
    }
    expect(killed).toBeGreaterThan(0);
    expect((await readdir(folder.at())).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('runs once at a time for one folder', async () => {
    const args = ['export', '--out', folder.at('both'), ...flags(), '--json'];
    const both = await Promise.all([1, 2].map(() => startWinnow(args).result));
    expect(both.map(({ code }) => code)).toContain(0);
    expect(await fileIn('both', 'SHA256SUMS')).toBe(await fileIn('v1', 'SHA256SUMS'));
  });
});

describe('revisions', () => {
  it('are listed once, however often the same is exported', async () => {
    const { stdout } = await winnow(['export', 'list', ...flags(), '--json']);
    const ids = (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);
    expect(ids).toContain(result.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('differ by a photo that was taken down, of which the next one has a tombstone', async () => {
    // The hash of the exported file names the photo too.
    const gone = rows.find((row) => row.sha256 !== row.original_sha256);
    const takedown = ['takedown', '--sha256', gone?.sha256 ?? '', '--reason', 'asked', '--data', set.data];
    const taken = await winnow(takedown);
    expect([taken.code, taken.stdout]).toEqual([
      0,
      expect.stringContaining(`revision ${result.id.slice(0, 12)} of tiny`),
    ]);
    const next = JSON.parse((await exportTo('v2')).stdout) as ExportResult;
    expect(next.photos).toBe(result.photos - 1);
    expect((await protocolIn('v2')).tombstones).toEqual([
      { id: gone?.id, wnid: gone?.wnid, takenDownAt: expect.stringMatching(/^\d{4}-/) },
    ]);
    const { stdout } = await winnow(['export', 'diff', result.id.slice(0, 8), next.id, ...flags(), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      added: 0,
      removed: 1,
      changes: [{ folder: gone?.wnid, change: 'removed', reason: 'taken-down', photos: 1 }],
    });
    const text = await winnow(['export', 'diff', result.id, next.id, ...flags()]);
    expect(text.stdout).toMatch(/^\+0 -1\n/);
  });

  it('are named exactly: an unknown or unclear id is refused', async () => {
    const unknown = await winnow(['export', 'diff', 'zzzz', result.id, ...flags()]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("begins with 'zzzz'")]);
    const unclear = await winnow(['export', 'diff', '', result.id, ...flags()]);
    expect(unclear.code).toBe(2);
  });
});
