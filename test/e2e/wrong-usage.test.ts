import { access, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { processesOn, suiteFolder } from '../support/process-tree.ts';
import { startWinnow, winnow } from '../support/winnow.ts';

const folder = suiteFolder();
const status = ['status', '--collection', 'demo'];
const crawl = ['crawl', '--collection', 'demo', '--data', '<data>'];
const crawlTo = ['crawl', '--collection', 'demo', '--from', '<folder>/photos', '--data'];
const filter = ['filter', '--collection', 'demo', '--data', '<data>'];

/** `<data>` and `<folder>` stand for temporary folders; the message is what a person is told. */
const WRONG_USAGE: readonly (readonly [title: string, args: readonly string[], message: RegExp])[] = [
  ['an unknown command', ['fliter'], /unknown command 'fliter'[^]*Did you mean filter\?/],
  ['an unknown flag', [...status, '--dta', 'x'], /unknown option '--dta'[^]*Did you mean --data\?/],
  ['an argument too many', [...status, 'demo'], /too many arguments/],
  ['a stage that cannot be paused', ['pause', 'shortlist'], /Allowed choices are discover, fetch, filter, all/],
  ['a pause of nothing', ['pause'], /missing required argument 'stages'/],
  ['no collection', ['status'], /Add --collection NAME/],
  ['an unknown collection', ['status', '--collection', 'dmo'], /No such collection: dmo\. Did you mean 'demo'\?/],
  ...[
    'activity',
    'doctor',
    'jobs',
    'references list',
    'show 12345678',
    'takedown --url http://x.org --reason a',
    'backup /x',
  ].map((command): (typeof WRONG_USAGE)[number] => [
    `an unknown collection for ${command}`,
    [...command.split(' '), '--collection', 'dmo', '--data', '<data>'],
    /No such collection: dmo\. Did you mean 'demo'\?/,
  ]),
  [
    'an unknown collection to retry',
    ['retry', '--reason', 'dns', '--collection', 'dmo', '--data', '<data>'],
    /No such collection: dmo\. Did you mean 'demo'\?/,
  ],
  [
    'a collection for a command that is not about one',
    ['references', 'list', '--collection', 'demo', '--data', '<data>'],
    /not about one collection, so '--collection demo' would change nothing\. Leave it out/,
  ],
  ['a collection file with a typo', ['filter', '--collection', '<folder>/typo.yaml'], /'polcy'[^]*'policy'/],
  ['a collection file that is no YAML', ['filter', '--collection', '<folder>/broken.yaml'], /broken\.yaml/],
  ['a collection file without classes', ['filter', '--collection', '<folder>/classless.yaml'], /classes/],
  [
    'a reviewer without a name',
    ['review', '--reviewer', ''],
    /'--reviewer <name>' argument '' [^]*Expected a name \(1 to 60 /,
  ],
  ['a reviewer whose name is a control character', ['review', '--reviewer', 'a\tb'], /Expected a name \(1 to 60 /],
  ['a port that there is not', ['review', '--port', '65536'], /whole number from 0 to 65535 but received '65536'/],
  ['a review of no collection', ['review', '--reviewer', 'ann'], /Add --collection NAME/],
  [
    'a review of a folder without data',
    ['review', '--collection', 'demo', '--data', '<folder>/none'],
    /none[^]*winnow crawl/,
  ],
  ['no folder of photos', crawl, /Expected --from DIR/],
  ['a file as the folder of photos', [...crawl, '--from', '<folder>/typo.yaml'], /received a file/],
  [
    'a folder of photos that is not there',
    [...crawl, '--from', '<folder>/none'],
    /none' but received no such file or directory\./,
  ],
  ['an empty folder of photos', [...crawl, '--from', '<folder>/empty'], /empty' is empty: it has no files\. Give /],
  [
    'a flat folder of photos',
    [...crawl, '--from', '<folder>/flat'],
    /flat' is flat: its files are not in sub-folders\. /,
  ],
  ['an id that is none', ['show', 'zzz'], /'zzz' is not the id of a photo: .*winnow candidates. lists the ids/],
  ['a model by half its name', ['models', 'show', 'resnet50'], /'resnet50'\. Did you mean 'resnet50-v1-12'\?/],
  [
    'a mistyped data folder and no collection',
    ['status', '--data', '<folder>/dta'],
    /^winnow: There is no winnow data in '.*dta'[^]*\n {2}winnow status --data \S+dta --collection demo/,
  ],
  [
    'a source that there is not',
    [...crawl, '--from', '.', '--source', 'flicker'],
    /received 'flicker'. Did you mean 'flickr'/,
  ],
  ['an unknown class', [...crawl, '--from', '<folder>', '--class', 'golfdish'], /for --class but received 'golfdish'/],
  ['a limit of nothing', [...crawl, '--from', '<folder>', '--limit', '0'], /--limit but received 0/],
  ['a misspelt setting', [...filter, '--set', 'filter.thread=2'], /Did you mean 'filter.threads'/],
  [
    'a setting of the wrong kind',
    [...filter, '--set', 'filter.threads=two'],
    /'filter.threads' in --set but received 'two'/,
  ],
  ['a setting without a value', [...filter, '--set', 'filter.threads'], /Expected name=value for --set/],
  ['a settings file that does not exist', [...filter, '--config', '<folder>/none.yaml'], /--config/],
  ['two formats', ['decisions', '--collection', 'demo', '--data', '<data>', '--json', '--format', 'csv'], /not both/],
  [
    'a reason that no candidate of that state has',
    ['candidates', '--collection', 'demo', '--state', 'failed', '--reason', 'unknown-class', '--data', '<data>'],
    /Expected a --reason out of not-an-image.* with --state failed but received 'unknown-class'/,
  ],
  [
    'a reason with a state that has none',
    ['decisions', '--collection', 'demo', '--state', 'kept', '--reason', 'correct', '--data', '<data>'],
    /Expected no --reason with --state kept but received 'correct'/,
  ],
  ['a file as the data folder', [...status, '--data', '<folder>/typo.yaml'], /Expected a folder for the data folder/],
  ['a data folder below a file', [...status, '--data', '<folder>/typo.yaml/data'], /data folder/],
  ['a data folder on a read-only system', [...crawlTo, '/sys/winnow'], /data folder in '\/sys\/winnow'/],
  ['a data folder where nothing can be made', [...crawlTo, '/proc/winnow'], /data folder in '\/proc\/winnow'/],
];

beforeAll(async () => {
  await mkdir(folder.at('photos', 'goldfish'), { recursive: true });
  await writeFile(folder.at('photos', 'goldfish', 'a.jpg'), '');
  await mkdir(folder.at('empty'));
  const classes = 'classes: [n02129165, n01443537]';
  await mkdir(folder.at('badlabels'));
  await writeFile(folder.at('badlabels', 'labels.csv'), 'picture;class\n');
  await mkdir(folder.at('flat'));
  await writeFile(folder.at('flat', 'a.jpg'), '');
  await writeFile(folder.at('typo.yaml'), `name: typo\n${classes}\npolcy: { cap: 3 }\n`);
  await writeFile(folder.at('broken.yaml'), `name: [broken\n${classes}\n`);
  await writeFile(folder.at('classless.yaml'), 'name: classless\n');
});

function place(args: readonly string[]): string[] {
  return args.map((arg) => arg.replace('<data>', folder.at('data')).replace('<folder>', folder.at('.')));
}

describe('wrong usage', () => {
  it.concurrent.each(WRONG_USAGE)('%s is one clear message and exit code 2', async (_, args, message) => {
    const { code, stdout, stderr } = await winnow(place(args), { timeoutMs: 60_000, ownProcess: false });
    const said = stderr.replaceAll(/^\{"level":"info".*\n/gm, '');
    expect([code, stdout, said]).toEqual([2, '', expect.stringMatching(message)]);
    expect(said).not.toMatch(/^\s+at |unexpected error/m);
    const sentences = said
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('  winnow '));
    expect(sentences.length).toBeLessThanOrEqual(3);
  });

  it('leaves no server running and makes no data folder for a collection that is not there', async () => {
    await winnow(['crawl', '--collection', 'nope', '--from', folder.at('photos'), '--data', folder.at('unmade')]);
    await expect(access(folder.at('unmade'))).rejects.toThrow('ENOENT');
    expect(await processesOn(folder.at('data'))).toEqual([]);
  });

  it.concurrent.each([
    ['status', '--collection', 'demo'],
    ['takedown', '--url', 'http://example.org/1.jpg', '--reason', 'test'],
    ['prune', '--collection', 'demo'],
  ])('%s has nothing to do in a folder without data, and makes none', async (...args) => {
    const { code, stdout, stderr } = await winnow([...args, '--data', folder.at('typo')]);
    expect([code, stdout, stderr]).toEqual([
      2,
      '',
      expect.stringMatching(/There is no winnow data in '.*typo' \(--data\)/),
    ]);
    await expect(access(folder.at('typo'))).rejects.toThrow('ENOENT');
  });

  it('lets the doctor work before there is data', async () => {
    const { code, stdout } = await winnow(['doctor', '--data', folder.at('typo')]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^note data folder: There is no winnow data/m)]);
    await expect(access(folder.at('typo'))).rejects.toThrow('ENOENT');
  });

  it('looks at the photos before it makes a data folder', async () => {
    const from = folder.at('badlabels');
    const { code } = await winnow(['crawl', '--collection', 'demo', '--from', from, '--data', folder.at('unmade')]);
    expect(code).toBe(2);
    await expect(access(folder.at('unmade'))).rejects.toThrow('ENOENT');
  });

  it('ends at Ctrl-C although the database never answers', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}));
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const running = startWinnow(status, { env: { DATABASE_URL: `postgres://me@127.0.0.1:${port}/db` } });
    await connected;
    running.child.kill('SIGINT');
    expect((await running.result).code).toBe(130);
    silent.close();
  });

  it('reports a database that cannot be reached, without its password', async () => {
    const env = { DATABASE_URL: 'postgres://winnow:secret-word@127.0.0.1:1/winnow' };
    const { code, stdout, stderr } = await winnow([...status, '--data', folder.at('elsewhere')], { env });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^winnow: Expected PostgreSQL at postgres:\/\/winnow:\*\*\*@127\.0\.0\.1:1\/winnow \(from DATABASE_URL\) but received '.*ECONNREFUSED.*'; check the URL$/m,
    );
    expect(stderr).not.toMatch(/secret-word|^\s+at /m);
  });
});
