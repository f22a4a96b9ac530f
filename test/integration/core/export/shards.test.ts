import { unpackTar } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { openShards, type ShardOptions } from '../../../../src/core/export/forms/shards.process.ts';
import { lacksModules, PYTHON_TIMEOUT_MS, readWithPython } from '../../../support/export-python.ts';
import { photoFiles, photoRow, writePhotos } from '../../../support/photo-files.ts';
import { sha256Of } from '../../../support/sha256.ts';
import type { PhotoFile, PhotoRow } from '../../../../src/core/export/select/photo-row.ts';

async function write(photos: readonly PhotoFile[], options?: ShardOptions) {
  const written = await writePhotos((folder) => openShards(folder, options), photos);
  await written.remove();
  return written.files;
}

async function keysOf(shard: Buffer): Promise<string[]> {
  return (await unpackTar(shard, { strict: true })).map(({ header }) => header.name);
}

function photoOf(bytes: number, id: string): PhotoFile {
  return { row: photoRow(id), bytes: Buffer.alloc(bytes, id) };
}

describe('WebDataset shards', () => {
  it('hold each photo as adjacent jpg, json and cls members, with the same owner, mode and time, and list their hashes', async () => {
    const photos = await photoFiles(7);
    const files = await write(photos);
    expect([...files.keys()]).toEqual(['SHA256SUMS', 'shards/test-000000.tar']);
    const shard = files.get('shards/test-000000.tar') ?? Buffer.alloc(0);
    expect(files.get('SHA256SUMS')?.toString()).toBe(`${sha256Of(shard)}  shards/test-000000.tar\n`);
    const members = await unpackTar(shard, { strict: true });
    expect(members.map(({ header }) => header.name)).toEqual(
      photos.flatMap(({ row }) => ['jpg', 'json', 'cls'].map((kind) => `${row.wnid}/${row.id}.${kind}`)),
    );
    for (const { header } of members) {
      expect(header).toMatchObject({ mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) });
    }
    expect(members.filter((_, at) => at % 3 === 0).map(({ data }) => Buffer.from(data ?? []))).toEqual(
      photos.map(({ bytes }) => bytes),
    );
  });

  it('have the same bytes when they are written twice', async () => {
    const photos = await photoFiles(9);
    expect(await write(photos, { maxBytes: 6_000 })).toEqual(await write(photos, { maxBytes: 6_000 }));
  });

  it('stay within the size limit, exactly, and give a larger photo a shard to itself', async () => {
    const photo = photoOf(1_000, 'p0');
    const one = (await write([photo])).get('shards/test-000000.tar')?.length ?? 0;
    const end = 1_024;
    const maxBytes = 3 * (one - end) + end;
    const small = Array.from({ length: 7 }, (_, at) => photoOf(1_000, `p${at}`));
    const large = photoOf(maxBytes, 'p9');
    const files = await write([...small, large, photoOf(1_000, 'pa')], { maxBytes });
    const shards = [...files].filter(([name]) => name.startsWith('shards/'));
    expect(shards.map(([, { length }]) => length <= maxBytes)).toEqual([true, true, true, false, true]);
    const counts = await Promise.all(shards.map(async ([, shard]) => (await keysOf(shard)).length / 3));
    expect(counts).toEqual([3, 3, 1, 1, 1]);
    expect(shards[0]?.[1].length).toBe(maxBytes);
    const lessByOne = await write(small, { maxBytes: maxBytes - 1 });
    expect(await keysOf(lessByOne.get('shards/test-000000.tar') ?? Buffer.alloc(0))).toHaveLength(6);
  });

  it('are not written for a set without photos', async () => {
    expect([...(await write([])).keys()]).toEqual(['SHA256SUMS']);
  });

  it(
    'are read by webdataset and by datasets, PNG pictures and hostile texts too',
    async (context) => {
      const problem = await lacksModules('webdataset', 'datasets', 'PIL');
      context.skip(problem !== '', problem);
      const hostile = { row: photoRow('p_-Z', { wnid: 'v1.2 ü', label: 3, class_name: 'x' }) };
      const last = (await photoFiles(1))[0];
      if (last === undefined) throw new Error('Expected a photo');
      const photos = [...(await photoFiles(12)), { ...hostile, bytes: last.bytes }];
      const written = await writePhotos((folder) => openShards(folder, { maxBytes: 20_000 }), photos);
      const { samples, hub } = await readWithPython<{
        samples: { key: string; members: string[]; sha256: string; format: string; row: PhotoRow; label: number }[];
        hub: { key: string; label: number }[];
      }>('shards', written.root);
      await written.remove();
      expect(written.files.size).toBeGreaterThan(2);
      expect(samples.map(({ key }) => key)).toEqual(photos.map(({ row }) => `${row.wnid}/${row.id}`));
      expect(samples.map(({ row }) => row)).toEqual(photos.map(({ row }) => row));
      expect(samples.map(({ label }) => label)).toEqual(photos.map(({ row }) => row.label));
      expect(samples.map(({ sha256 }) => sha256)).toEqual(photos.map(({ bytes }) => sha256Of(bytes)));
      expect(new Set(samples.map(({ members }) => members.join()))).toEqual(new Set(['cls,jpg,json']));
      expect(new Set(samples.map(({ format }) => format))).toEqual(new Set(['JPEG', 'PNG']));
      expect(hub.map(({ key, label }) => [key, label])).toEqual(samples.map(({ key, label }) => [key, label]));
    },
    PYTHON_TIMEOUT_MS,
  );
});
