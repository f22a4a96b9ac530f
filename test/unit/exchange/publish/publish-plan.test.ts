import { describe, expect, it } from 'vitest';
import { uploadBatches, collectionOfProtocol, planPublish } from '../../../../src/exchange/publish/publish-plan.ts';
import type { LocalFile, RemoteFile } from '../../../../src/core/kernel/publish.ts';
import { sha256Of } from '../../../support/sha256.ts';

const local = (...paths: string[]): Map<string, LocalFile> =>
  new Map(paths.map((path) => [path, { path, place: `/e/${path}`, sha256: sha256Of(path), bytes: path.length }]));
const UNKNOWN = { bytes: 1, isSame: false, isForeign: false };
const remote = (path: string, more: Partial<RemoteFile> = {}): RemoteFile => ({ path, ...UNKNOWN, ...more });
const paths = (files: readonly { readonly path: string }[]): string[] => files.map(({ path }) => path);

const PHOTO = 'test/n01440764/p0123456789abcdef.jpg';
const FILES = ['protocol.json', PHOTO, 'README.md', 'test/metadata.jsonl', 'SHA256SUMS'];

describe('the plan of a publish', () => {
  it('uploads everything to an empty place, and the files that say that it is complete last', () => {
    const plan = planPublish(local(...FILES), [], { isOfWinnow: false });
    expect(paths(plan.upload)).toEqual([PHOTO, 'test/metadata.jsonl']);
    expect(paths(plan.last)).toEqual(['README.md', 'SHA256SUMS', 'protocol.json']);
    expect([plan.remove, plan.unchanged]).toEqual([[], 0]);
  });

  it('keeps what is the same, and sends what differs', () => {
    const there = [remote(PHOTO, { isSame: true }), remote('README.md'), remote('protocol.json', { isSame: true })];
    const plan = planPublish(local(...FILES), there, { isOfWinnow: true });
    expect(paths(plan.upload)).toEqual(['test/metadata.jsonl']);
    expect(paths(plan.last)).toEqual(['README.md', 'SHA256SUMS']);
    expect(plan.unchanged).toBe(2);
  });

  it('deletes files of an earlier revision, and never one that no export has', () => {
    const stale = [
      'test/n01443537/p00.png',
      'thumbnails/n01443537/p00.webp',
      'shards/test-000007.tar',
      'fetch.py',
      'data/test-00000-of-00002.parquet',
      'annotations/coco.json',
      'pixels.sha256',
      'control/metadata.jsonl',
      'control/n01443537/p00.jpg',
      'control/n01443537/p01.png',
      'test/n01443537/discus_fish_0.57987213.JPEG',
      'test/n01443537/0.000116_tench _ tench_0.865662.jpg',
    ];
    const others = [
      '.gitattributes',
      'scripts/x.py',
      'test/notes.txt',
      'test/n01443537/notes.txt',
      'control/notes.md',
      'controls/n01443537/p00.jpg',
      'thumbnails/p00.webp',
      'data/train.parquet',
      'data/test.parquet',
      'pixels/pixels.sha256',
      'test/a/b/c.jpg',
      'a.jpg',
    ];
    const there = [...stale, ...others].map((path) => remote(path));
    expect(paths(planPublish(local(...FILES), there, { isOfWinnow: true }).remove)).toEqual(stale);
    const unknown = planPublish(local(...FILES), there, { isOfWinnow: false });
    expect([unknown.remove, unknown.leftAlone]).toEqual([[], stale.length]);
  });

  it('names foreign files that it would replace, unless the place is of winnow', () => {
    const there = [remote('README.md', { isForeign: true }), remote('mine.txt', { isForeign: true })];
    expect(planPublish(local(...FILES), there, { isOfWinnow: false }).foreign).toEqual(['README.md']);
    expect(planPublish(local(...FILES), there, { isOfWinnow: true }).foreign).toEqual([]);
  });
});

it('a protocol.json of winnow has a format, an id, a version and a collection', () => {
  const text = '{"format":1,"id":"x","winnow":"0.1.0","collection":{"name":"birds","more":1},"more":1}';
  expect(collectionOfProtocol(text)).toBe('birds');
  expect(['', '{}', '[]', '{"format":1}'].map(collectionOfProtocol)).toEqual([null, null, null, null]);
});

it('batches hold so many files and bytes at most, and one file at least', () => {
  const cut = (sizes: number[]): unknown => [...uploadBatches(sizes, { files: 3, bytes: 10 }, (size) => size)];
  expect(cut([])).toEqual([]);
  expect(cut([1, 1, 1, 1])).toEqual([[1, 1, 1], [1]]);
  expect(cut([6, 6, 50, 1])).toEqual([[6], [6], [50], [1]]);
});
