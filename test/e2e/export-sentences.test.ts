import { readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { protocolSchema, type Protocol } from '../../src/core/export/protocol.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { makeReviewedSet, type ReviewedSet } from '../support/reviewed-set.ts';
import { useSharedServer } from '../support/shared-server.ts';
import { winnow } from '../support/winnow.ts';

useSharedServer();
const folder = suiteFolder();
let set: ReviewedSet;

const textOf = (name: string, file: string): Promise<string> => readFile(folder.at(name, file), 'utf8');
const protocolOf = async (name: string): Promise<Protocol> =>
  protocolSchema.parse(JSON.parse(await textOf(name, 'protocol.json')));

async function exportTo(name: string, ...options: string[]): Promise<void> {
  const flags = ['--collection', set.collection, '--data', set.data];
  expect(await winnow(['export', '--out', folder.at(name), ...flags, ...options])).toMatchObject({ code: 0 });
  expect(await winnow(['verify', folder.at(name), '--sample', '0'])).toMatchObject({ code: 0 });
}

beforeAll(async () => {
  set = await makeReviewedSet(folder.at(), ['Ana']);
  // The file of today says other things than happened: other sites, another second pass, another distance.
  const file = await readFile(set.collection, 'utf8');
  await writeFile(
    set.collection,
    `${file.replace('nearDuplicateDistance: 0', 'nearDuplicateDistance: 6')}sources: [inaturalist, flickr]\nsettings: { review.secondPass: 0.5 }\n`,
  );
});

describe('the texts of an export of photos from a folder, with the imported verdicts of one reviewer', () => {
  it('tell where the photos are from and who looked, whatever the collection file says today', async () => {
    await exportTo('v1');
    const readme = await textOf('v1', 'README.md');
    const croissant = await textOf('v1', 'croissant.json');
    const verdicts = set.listed.length - 1;
    for (const text of [readme, croissant]) {
      expect(text).toContain(`1 reviewer gave ${verdicts} verdicts on photos of the shortlist`);
      expect(text).toContain(`${verdicts} of the verdicts were imported.`);
      expect(text).toContain('No photo has a second, blind verdict.');
      expect(text).toMatch(/winnow found the photos of this revision on [-\d]+: a folder of files \(\d+\)\./);
      expect(text).not.toMatch(/iNaturalist\b|Flickr|robots\.txt|second person|50 %|were public|hasSyntheticData/);
    }
    const { photos, sources, nearDuplicates } = await protocolOf('v1');
    expect(nearDuplicates.distance).toBe(0);
    expect(sources).toEqual([{ source: 'folder', photos, pages: expect.any(Number), addresses: 0 }]);
    const pages = (await textOf('v1', 'test/metadata.jsonl')).match(/"page_url":"http/g)?.length;
    expect(sources[0]?.pages).toBe(pages);
    expect(pages).toBeLessThan(photos);
  });

  it('say without pictures that no licence leaves a photo out', async () => {
    await exportTo('links', '--no-pixels');
    expect(await textOf('links', 'LICENSES.md')).toContain('This export leaves out no photo for its licence');
    expect(await textOf('links', 'README.md')).not.toContain('“Pixels”');
  });
});
