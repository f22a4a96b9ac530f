import { appendFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PublishResult } from '../../src/exchange/publish/publish.process.ts';
import { startHub, type HubDataset, type TestHub } from '../support/hub-server.ts';
import { makeFolderToPublish, type FolderToPublish } from '../support/folder-to-publish.ts';
import { momentsOf } from '../support/sizing.ts';
import { suiteFolder } from '../support/process-tree.ts';
import { startWinnow, winnow, type CommandResult, type RunningCommand } from '../support/winnow.ts';

const folder = suiteFolder();
let hub: TestHub;
const NAME = 'my-lab/hard-birds';
const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

beforeAll(async () => {
  hub = await startHub();
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.datasets.clear();
  hub.objects.clear();
  hub.requests.length = 0;
  hub.received.length = 0;
  hub.fault = () => null;
  hub.onRequest = () => {};
});

const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  HF_TOKEN: hub.token,
  HF_ENDPOINT: hub.url,
  ...more,
});

/** Also checks that neither the token nor a signed address is printed. */
async function publish({ root }: Pick<FolderToPublish, 'root'>, ...flags: string[]): Promise<CommandResult> {
  const result = await winnow(['publish', root, '--to', `hf:${NAME}`, ...flags], { env: environment() });
  for (const secret of [hub.token, 'X-Amz-Signature']) expect(result.stdout + result.stderr).not.toContain(secret);
  return result;
}

async function expectFailure(made: Pick<FolderToPublish, 'root'>, code: number, said: RegExp | string): Promise<void> {
  expect(await publish(made)).toMatchObject({ code, stderr: expect.stringMatching(said) });
}

async function published(made: Pick<FolderToPublish, 'root'>, ...flags: string[]): Promise<PublishResult> {
  const { code, stdout, stderr } = await publish(made, '--json', ...flags);
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('winnow:')]);
  return JSON.parse(stdout);
}

function dataset(): HubDataset {
  const found = hub.datasets.get(NAME);
  if (found === undefined) throw new Error(`Expected the dataset ${NAME}`);
  return found;
}

/** The dataset's files without the one that the Hub makes. */
function contents(): Record<string, string> {
  const files = [...dataset().files].filter(([name]) => name !== '.gitattributes');
  return Object.fromEntries(files.map(([name, { bytes }]) => [name, bytes.toString()]));
}
const contentsOf = ({ files }: FolderToPublish): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, bytes.toString()]));

describe('winnow publish to the Hub', () => {
  it('makes a private dataset with every file, and says that the set is complete last', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(20));
    const result = await published(made);
    expect(result).toMatchObject({
      to: `hf:${NAME}`,
      revision: made.id,
      uploaded: { files: made.files.size },
      unchanged: 0,
      deleted: 0,
      url: `${hub.url}/datasets/${NAME}`,
      visibility: 'private',
      dryRun: false,
    });
    expect(dataset().isPrivate).toBe(true);
    expect(contents()).toEqual(contentsOf(made));
    const order = [...dataset().files.keys()];
    expect(order.slice(-3)).toEqual(['README.md', 'SHA256SUMS', 'protocol.json']);
    expect(dataset().commits).toHaveLength(3);
    expect([...dataset().files].filter(([, { isLfs }]) => isLfs)).toHaveLength(20);
  });

  it('sends nothing again if all is there', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(20));
    await published(made);
    const [commits, received] = [dataset().commits.length, hub.received.length];
    const again = await published(made, '--public');
    expect(again).toMatchObject({
      uploaded: { files: 0, bytes: 0 },
      unchanged: made.files.size,
      visibility: 'private',
    });
    expect([dataset().commits.length, hub.received.length]).toEqual([commits, received]);
    const { stdout } = await publish(made, '--public');
    expect(stdout).toMatch(/\(private\)\n.*was private and stays so/);
  });

  it('deletes a photo that a later revision lacks, and the history if asked', async () => {
    await published(await makeFolderToPublish(folder.at('v1'), numbers(20)));
    dataset().files.set('scripts/mine.py', { bytes: Buffer.from('print(1)'), isLfs: false });
    const next = await makeFolderToPublish(folder.at('v2'), numbers(20).slice(1));
    const dry = await publish(next, '--dry-run');
    expect(dry.stdout).toMatch(/^delete  test\/n01440764\/p[0-9a-f]{16}\.jpg  /);
    expect(dry.stdout).toMatch(/\nupload  README\.md  /);
    expect(dry.stdout).toMatch(/would be uploaded .*, 1 would be deleted\n/);
    expect(dataset().commits).toHaveLength(3);
    const { code, stdout } = await publish(next);
    expect([code, stdout]).toEqual([0, expect.stringContaining('git history still has the deleted files')]);
    expect(contents()).toEqual({ ...contentsOf(next), 'scripts/mine.py': 'print(1)' });
    expect(await published(next, '--forget-history')).toMatchObject({ historyForgotten: true });
    expect(dataset().commits).toEqual(['squashed']);
  });

  it('changes nothing in a dry run', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(3));
    const { code, stdout } = await publish(made, '--dry-run', '--json');
    const result = JSON.parse(stdout) as PublishResult;
    expect([code, result]).toEqual([0, expect.objectContaining({ dryRun: true, visibility: null })]);
    expect(result.changes?.map(({ path }) => path).toSorted()).toEqual([...made.files.keys()].toSorted());
    expect(hub.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
  });

  it('waits and goes on if the Hub is busy, fails for a moment, or cuts connections', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(30));
    const seen = new Map<string, number>();
    const faults = ['reset', { status: 429, headers: { 'retry-after': '0' } }, 'half', 'cut', { status: 503 }] as const;
    hub.fault = ({ method, path }) => {
      const kind = `${method} ${path.replace(/[0-9a-f]{64}/, '')}`;
      const count = seen.get(kind) ?? 0;
      seen.set(kind, count + 1);
      return kind.startsWith('GET /datasets') ? null : count === 0 ? (faults[seen.size % 5] ?? null) : null;
    };
    await published(made);
    expect(contents()).toEqual(contentsOf(made));
  });

  it('sends a large file whole, and once more if the connection breaks', async () => {
    const shard = Buffer.alloc(17e6, 'shard ');
    const made = await makeFolderToPublish(folder.at('large'), numbers(1), { 'shards/test-000000.tar': shard });
    let puts = 0;
    hub.fault = ({ method }) => {
      puts += method === 'PUT' ? 1 : 0;
      return method === 'PUT' && puts === 1 ? 'reset' : null;
    };
    await published(made);
    expect(dataset().files.get('shards/test-000000.tar')?.bytes.equals(shard)).toBe(true);
    expect([puts, hub.received.length]).toEqual([3, 2]);
  });

  it('looks at what is there before it repeats a commit whose answer was lost', async () => {
    await published(await makeFolderToPublish(folder.at('v1'), numbers(20)));
    const next = await makeFolderToPublish(folder.at('v2'), numbers(20).slice(1));
    let commits = 0;
    hub.fault = ({ path }) => {
      if (!path.includes('/commit/')) return null;
      commits += 1;
      return ([null, 'cut', 'half', { status: 502 }] as const)[commits] ?? null;
    };
    // Three commits: the first deletes the photo, the last says that the set is complete.
    expect(await published(next)).toMatchObject({ deleted: 1, unchanged: 20 });
    expect(contents()).toEqual(contentsOf(next));
    expect([commits, dataset().commits.length]).toEqual([4, 6]);
  });

  it('ends with a sentence if the Hub cannot be used', async () => {
    const made = await makeFolderToPublish(folder.at('v1'), numbers(1));
    hub.fault = () => ({ status: 429, headers: { ratelimit: '"api";r=0;t=7200' } });
    await expectFailure(made, 1, /^winnow: .*HTTP 429.*run the command again/);
    hub.fault = ({ method }) => (method === 'PUT' ? { status: 403 } : null);
    await expectFailure(made, 1, /^winnow: .*HTTP 403: a fault by/);
    hub.fault = () => 'none';
    await expectFailure(made, 1, 'does not answer as a Hub does');
    hub.fault = () => ({ status: 418 });
    await expectFailure(made, 1, /^winnow: .*HTTP 418: a fault by/);
  });

  it.each(momentsOf([1, 2, 4, 5, 8, 30, 150, 540, 640, 1_000]).map((requests, i) => ({ requests, i })))(
    'goes on after a kill at request $requests, and sends no photo twice',
    async ({ requests, i }) => {
      const made = await makeFolderToPublish(folder.at(`killed-${i}`), numbers(1_020));
      let running: RunningCommand | null = null;
      hub.onRequest = (count) => {
        if (count === requests) running?.killGroup('SIGKILL');
      };
      running = startWinnow(['publish', made.root, '--to', `hf:${NAME}`], { env: environment() });
      expect((await running.result).signal).toBe('SIGKILL');
      expect(hub.datasets.get(NAME)?.files.has('protocol.json') ?? false).toBe(false);
      await published(made);
      expect(contents()).toEqual(contentsOf(made));
      expect(hub.received).toHaveLength(1_020);
      expect(new Set(hub.received).size).toBe(1_020);
    },
  );

  it('ends at Ctrl-C, and goes on in the next run', async () => {
    const made = await makeFolderToPublish(folder.at('stopped'), numbers(600));
    let running: RunningCommand | null = null;
    hub.onRequest = (count) => {
      if (count === 300) running?.killGroup('SIGINT');
    };
    running = startWinnow(['publish', made.root, '--to', `hf:${NAME}`], { env: environment() });
    expect((await running.result).code).toBe(130);
    await published(made);
    expect(contents()).toEqual(contentsOf(made));
  });
});

it('winnow publish --dry-run lists all files of the export if there is no token, and sends no request', async () => {
  const made = await makeFolderToPublish(folder.at('unasked'), numbers(3));
  const flags = ['publish', made.root, '--to', `hf:${NAME}`, '--dry-run'];
  const requests = hub.requests.length;
  const { code, stdout, stderr } = await winnow(flags, { env: environment({ HF_TOKEN: '' }) });
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('HF_TOKEN is not set, so the Hub was not asked what it has');
  const listed = [...stdout.matchAll(/^upload {2}(\S+) /gm)].map(([, file = '']) => file);
  expect(listed.toSorted()).toEqual(Object.keys(contentsOf(made)).toSorted());
  expect(hub.requests.length).toBe(requests);
});

describe('winnow publish refuses', () => {
  let made: FolderToPublish;
  beforeEach(async () => {
    made = await makeFolderToPublish(folder.at('v1'), numbers(5));
  });

  it('to start without a token, or with one that is none, and does not print it', async () => {
    for (const [token, said] of [
      ['', 'HF_TOKEN is not set'],
      ['secret-of-another-site', 'HF_TOKEN has no token of the Hub'],
    ] as const) {
      const flags = ['publish', made.root, '--to', `hf:${NAME}`];
      const { code, stderr } = await winnow(flags, { env: environment({ HF_TOKEN: token }) });
      expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
      expect(stderr).not.toContain('secret-of');
    }
    expect(hub.requests).toEqual([]);
  });

  it('to go on with a token that the Hub does not know, even if the Hub repeats it', async () => {
    const wrong = 'hf_somethingElse';
    const flags = ['publish', made.root, '--to', `hf:${NAME}`];
    const { code, stdout, stderr } = await winnow(flags, { env: environment({ HF_TOKEN: wrong }) });
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^winnow: The Hub does not know the token in HF_TOKEN/)]);
    expect(stdout + stderr).not.toContain(wrong);
  });

  it('the dataset of another owner, whether it exists or not', async () => {
    const theirs = async () => winnow(['publish', made.root, '--to', 'hf:their-lab/set'], { env: environment() });
    const refusal = { code: 1, stderr: expect.stringContaining('may not write to their-lab/set') };
    expect(await theirs()).toMatchObject(refusal);
    hub.datasets.set('their-lab/set', { isPrivate: false, files: new Map(), commits: [] });
    expect(await theirs()).toMatchObject(refusal);
  });

  it('a folder that is no export', async () => {
    await expectFailure({ root: folder.at('nothing-here') }, 2, 'Not an export');
    await rm(`${made.root}/SHA256SUMS`);
    await expectFailure(made, 2, 'it has no SHA256SUMS');
    await writeFile(`${made.root}/protocol.json`, '{"format":2}');
    await expectFailure(made, 2, 'protocol.json is not one that');
  });

  it('an export with a changed, a missing or a stray file, and names winnow verify', async () => {
    const photo = [...made.files.keys()].find((name) => name.endsWith('.jpg')) ?? '';
    const refused = async (what: string): Promise<void> => {
      const { code, stderr } = await publish(made);
      expect([code, stderr]).toEqual([1, expect.stringContaining(what)]);
      expect(stderr).toContain('winnow verify');
      expect(hub.datasets.get(NAME)?.files.has('protocol.json') ?? false).toBe(false);
    };
    await writeFile(`${made.root}/.DS_Store`, '');
    await refused("does not list '.DS_Store'");
    await rm(`${made.root}/.DS_Store`);
    await appendFile(`${made.root}/${photo}`, 'x');
    await refused(`'${photo}' is not the file`);
    expect(hub.received).toEqual([]);
    await rm(`${made.root}/${photo}`);
    await refused(`lists '${photo}', but there is no such file`);
  });
});
