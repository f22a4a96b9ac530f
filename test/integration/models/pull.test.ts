import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pullModel, type PullOptions } from '../../../src/models/library/pull.process.ts';
import { listModels } from '../../../src/models/library/inventory.process.ts';
import type { FoundCard } from '../../../src/collection/cards/model-card.process.ts';
import { cardFor } from '../../../src/collection/cards/model-card.process.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { startPhotoServer } from '../../support/photo-server.ts';
import { sha256Of } from '../../support/sha256.ts';
import { fixture, FIVE, paddedFixture, temporaryFolder } from './support.ts';

/** A model that passes its trial. */
const BYTES = await paddedFixture('five-nchw.onnx', 400_000);
const HALF = 150_000;
const ETAG = '"model-1"';

type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on loopback, and a card whose file it serves. */
async function scene(respond: Respond, changes: Partial<FoundCard> = {}) {
  const server = await startPhotoServer(respond);
  onTestFinished(() => server.close());
  const folder = await temporaryFolder();
  const card: FoundCard = {
    ...(await cardFor('resnet50-v1-12')),
    name: 'net',
    cardFile: path.join(folder, 'net.yaml'),
    classes: 'five.txt',
    input: { name: 'image', size: 32 },
    resize: { shorterSide: 36, interpolation: 'bilinear-antialias' },
    outputs: { logits: 'logits' },
    path: path.join(folder, 'models', 'net.onnx'),
    bytes: BYTES.length,
    sha256: sha256Of(BYTES),
    download: [`${server.origin}/net.onnx`],
    ...changes,
  };
  await writeFile(path.join(folder, 'five.txt'), FIVE);
  const troubles: string[] = [];
  const controller = new AbortController();
  const pull = async (options: Partial<PullOptions> = {}, settings: string[] = []) => {
    const set = [`fetch.allowAddresses=${server.address}`, ...settings];
    const argvSettings = set.map(
      (text) => [text.split('=', 1)[0] ?? '', text.slice(text.indexOf('=') + 1), '--set'] as const,
    );
    const { config } = await loadConfig({ argvSettings });
    const defaults = { config, signal: controller.signal, onProgress: () => undefined, random: () => 0 };
    return pullModel(card, { ...defaults, onTrouble: (text) => troubles.push(text), ...options });
  };
  /** The names and sizes of the files on the disk. */
  const onDisk = async () => {
    const names = await readdir(path.dirname(card.path)).catch(() => []);
    const sizes = names.map(async (name) => [name, (await readFile(path.join(path.dirname(card.path), name))).length]);
    return Object.fromEntries(await Promise.all(sizes));
  };
  return { server, card, pull, onDisk, troubles, controller };
}

/** Answers as a good server does: with the whole file, or with the requested range while the ETag is the same. */
function serve(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const isPart = from > 0 && (request.headers['if-range'] ?? ETAG) === ETAG;
  const body = isPart ? BYTES.subarray(from) : BYTES;
  const range = isPart ? { 'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` } : {};
  response.writeHead(isPart ? 206 : 200, { etag: ETAG, 'content-length': body.length, ...range }).end(body);
}

/** Sends the first half and cuts the connection once the half has arrived, even on a busy machine: unread bytes would be lost. */
function breakOff(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { etag: ETAG, 'content-length': BYTES.length });
  response.write(BYTES.subarray(0, HALF), () => setTimeout(() => response.destroy(), 500));
}

describe('models pull', () => {
  it('downloads and verifies, and does not download again', async () => {
    const { server, card, pull, onDisk } = await scene(serve);
    const progress: number[] = [];
    expect(await pull({ onProgress: (bytes) => progress.push(bytes) })).toEqual({
      path: card.path,
      url: card.download?.[0],
      resumedFrom: 0,
      trial: expect.objectContaining({ verdict: 'ok', photos: 32 }),
    });
    expect(progress.at(-1)).toBe(BYTES.length);
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
    expect(await readFile(card.path)).toEqual(BYTES);
    expect(await pull()).toMatchObject({ url: null, trial: null });
    expect(server.log).toHaveLength(1);
  });

  it('downloads once even if two calls want the file', async () => {
    const { server, pull, onDisk } = await scene(serve);
    const both = await Promise.all([pull(), pull()]);
    expect(both.filter(({ url }) => url === null)).toHaveLength(1);
    expect(server.log).toHaveLength(1);
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it('says why the file cannot get its final name', async () => {
    const { card, pull } = await scene(serve);
    await mkdir(card.path, { recursive: true });
    await expect(pull()).rejects.toMatchObject({
      name: 'UsageError',
      code: 'models-folder',
      message: expect.stringMatching(/Cannot write model files to '.*': EISDIR/),
    });
  });

  it('resumes a broken connection within one call', async () => {
    const { server, pull, onDisk, troubles } = await scene((request, response) =>
      (request.headers.range === undefined ? breakOff : serve)(request, response),
    );
    await pull();
    expect(server.log.map(({ headers, status }) => [headers.range, headers['if-range'], status])).toEqual([
      [undefined, undefined, 200],
      [`bytes=${HALF}-`, ETAG, 206],
    ]);
    expect(troubles).toEqual([expect.stringMatching(/short-body.*trying again/)]);
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it('keeps the received bytes when interrupted, and the next call resumes', async () => {
    let isStalling = true;
    const { server, pull, onDisk, controller } = await scene((request, response) => {
      if (!isStalling) return serve(request, response);
      response.writeHead(200, { etag: ETAG, 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, HALF));
    });
    const stop = (bytes: number): void => (bytes === HALF ? controller.abort() : undefined);
    await expect(pull({ onProgress: stop })).rejects.toMatchObject({
      name: 'Interrupted',
      message: expect.stringMatching(`${HALF} of ${BYTES.length} bytes are kept in .*net.onnx.part`),
    });
    expect(await onDisk()).toEqual({ 'net.onnx.part': HALF });
    isStalling = false;
    expect(await pull({ signal: new AbortController().signal })).toMatchObject({ resumedFrom: HALF });
    expect(server.log.at(-1)).toMatchObject({ status: 206 });
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it('downloads everything again if the hash shows that the beginning is from another file', async () => {
    const { server, card, pull, onDisk } = await scene(serve);
    await mkdir(path.dirname(card.path));
    await writeFile(`${card.path}.part`, Buffer.alloc(HALF, 1));
    expect(await pull()).toMatchObject({ resumedFrom: 0 });
    expect(server.log.map(({ status }) => status)).toEqual([206, 200]);
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it('deletes a file with a wrong hash, and never gives it the final name', async () => {
    const { pull, onDisk, card } = await scene(serve, { sha256: sha256Of(Buffer.from('another')) });
    await expect(pull()).rejects.toMatchObject({
      code: 'model-download',
      message: expect.stringMatching(
        new RegExp(`nothing was downloaded[^]*its sha256 is ${sha256Of(BYTES)}, not ${card.sha256}`),
      ),
    });
    expect(await onDisk()).toEqual({});
  });

  it('refuses a file of a wrong size, before or after it is read', async () => {
    const long = await scene(serve, { bytes: BYTES.length - 1 });
    await expect(long.pull()).rejects.toThrow(`the file there has ${BYTES.length} bytes, not ${BYTES.length - 1}`);
    expect(await long.onDisk()).toEqual({});
    const chunked: Respond = (_request, response) => response.writeHead(200).end(BYTES);
    const short = await scene(chunked, { bytes: BYTES.length + 1 });
    await expect(short.pull()).rejects.toThrow(`it ended after ${BYTES.length} bytes, not ${BYTES.length + 1}`);
    expect(await short.onDisk()).toEqual({});
    const tooMany = await scene(chunked, { bytes: BYTES.length - 1 });
    await expect(tooMany.pull()).rejects.toThrow(/too-large/);
    expect(await tooMany.onDisk()).toEqual({});
  });

  it('follows redirects, but not to private addresses, and says so', async () => {
    const { card, pull, server } = await scene((request, response) =>
      request.url === '/net.onnx' ? response.writeHead(302, { location: '/moved' }).end() : serve(request, response),
    );
    await pull();
    expect(server.log.map((entry) => entry.path)).toEqual(['/net.onnx', '/moved']);
    expect(await readFile(card.path)).toEqual(BYTES);
    const trap = await scene((_request, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    );
    await expect(trap.pull()).rejects.toThrow(/address-refused .*fetch.allowAddresses or models.mirrors/);
    expect(await trap.onDisk()).toEqual({});
  });

  it('names the status of an address without the file, after trying the others', async () => {
    const missing = await scene((_request, response) => response.writeHead(404).end('no'));
    await expect(missing.pull()).rejects.toThrow(/http-404 \(status 404\)/);
    expect(await missing.onDisk()).toEqual({});
    const mirrored = await scene((request, response) =>
      request.url === '/mirror/net.onnx' ? serve(request, response) : response.writeHead(404).end(),
    );
    const mirrors = ['nowhere', 'mirror'].map((folder) => `${mirrored.server.origin}/${folder}`);
    await mirrored.pull({}, ['fetch.allowAddresses=[]', `models.mirrors=${JSON.stringify(mirrors)}`]);
    expect(mirrored.server.log.map((entry) => entry.path)).toEqual(['/nowhere/net.onnx', '/mirror/net.onnx']);
  });

  it('hides the password of a mirror wherever it names the mirror', async () => {
    const { server, pull } = await scene((request, response) =>
      request.url === '/mirror/net.onnx' ? serve(request, response) : response.writeHead(404).end(),
    );
    const mirror = server.origin.replace('//', '//ann:hunter2@');
    const settings = (folder: string): string[] => [`models.mirrors=${JSON.stringify([`${mirror}/${folder}`])}`];
    const failure = await pull({}, settings('nowhere')).catch(String);
    expect(failure).toContain('//ann:***@');
    expect(failure).not.toContain('hunter2');
    expect(await pull({}, settings('mirror'))).toMatchObject({ url: expect.stringContaining('//ann:***@') });
  });

  it('replaces a damaged file only by the correct one', async () => {
    const { card, pull, onDisk } = await scene(serve);
    await mkdir(path.dirname(card.path));
    await writeFile(card.path, 'damaged');
    await pull();
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it('reports a full disk', async (context) => {
    if (process.platform !== 'linux') context.skip('needs /dev/full');
    const { card, pull } = await scene(serve);
    await mkdir(path.dirname(card.path));
    await symlink('/dev/full', `${card.path}.part`);
    await expect(pull()).rejects.toMatchObject({
      code: 'disk-full',
      message: expect.stringMatching(/ENOSPC.*resumes the download/),
    });
    expect(await readdir(path.dirname(card.path))).not.toContain('net.onnx');
  });

  it('asks for an address if there is none', async () => {
    const { card, pull } = await scene(serve, { download: undefined });
    await expect(pull()).rejects.toMatchObject({ code: 'no-address', message: expect.stringContaining(card.path) });
  });
});

/** A server on loopback, and a card for a model's bytes. */
async function sceneOf(model: Buffer, changes: Partial<FoundCard> = {}) {
  const whole: Respond = (_request, response) => response.writeHead(200, { 'content-length': model.length }).end(model);
  return scene(whole, { bytes: model.length, sha256: sha256Of(model), ...changes });
}

describe('the trial of models pull', () => {
  it.each([
    ['five-nan.onnx', { outputs: { logits: 'roots' } }, /gives values that are not finite numbers/],
    ['five-constant.onnx', {}, /the same values for all of 32 sample photos.*must say 'trained: false'/],
    ['five-probabilities.onnx', { outputs: { logits: 'probabilities' } }, /gives probabilities although its card says/],
  ])('does not give %s its final name, and keeps the bytes for another try', async (file, changes, message) => {
    const model = await fixture(file);
    const { server, card, pull, onDisk } = await sceneOf(model, changes);
    await expect(pull()).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'model-refused',
      message: expect.stringMatching(message),
    });
    await expect(pull()).rejects.toThrow(
      new RegExp(`in .*net\\.yaml with ${card.documentation}\\..*kept as '.*net\\.onnx\\.part'`),
    );
    expect(await onDisk()).toMatchObject({ 'net.onnx.part': model.length });
    expect(await onDisk()).not.toHaveProperty('net.onnx');
    expect(server.log).toHaveLength(1);
  });

  it('refuses a model with the accuracy of chance, unless its card says that it is untrained', async () => {
    const model = await fixture('five-nchw.onnx');
    // Hammers, dams and others, which cannot be recognised by their mean colour.
    const classes = 'n03481172\nn03160309\nn02395406\nn13054560\nn01514859\n';
    const trained = await sceneOf(model, { classes: 'things.txt' });
    await writeFile(path.join(path.dirname(trained.card.cardFile), 'things.txt'), classes);
    await expect(trained.pull()).rejects.toThrow(/'net' is no better than chance: \d of 20 sample photos right/);
    expect(await trained.onDisk()).not.toHaveProperty('net.onnx');
    const untrained = await sceneOf(model, { classes: 'things.txt', trained: false });
    await writeFile(path.join(path.dirname(untrained.card.cardFile), 'things.txt'), classes);
    expect(await untrained.pull()).toMatchObject({ trial: { verdict: 'chance', measured: 20 } });
    expect(await untrained.onDisk()).toEqual({ 'net.onnx': model.length });
  });

  it.each([
    ['five-nchw.onnx', { outputs: { logits: 'scores' } }, /output 'scores'/],
    ['external-initializer.onnx', {}, /it keeps weights in other files/],
    ['README.md', {}, /Expected an ONNX model/],
  ])(
    'does not give its final name to a file that does not run as its card says: %s',
    async (file, changes, message) => {
      const { pull, onDisk } = await sceneOf(await fixture(file), changes);
      await expect(pull()).rejects.toMatchObject({
        code: 'model-does-not-run',
        message: expect.stringMatching(message),
      });
      expect(await onDisk()).not.toHaveProperty('net.onnx');
    },
  );

  it('does not ask the next address if the model fails, because it would send the same bytes', async () => {
    const { server, pull } = await sceneOf(await fixture('five-constant.onnx'));
    const mirrors = [`${server.origin}/a`, `${server.origin}/b`];
    await expect(pull({}, [`models.mirrors=${JSON.stringify(mirrors)}`])).rejects.toThrow(/the same values/);
    expect(server.log.map((entry) => entry.path)).toEqual(['/a/net.onnx']);
  });

  it('gives a model its final name without a download once its card is correct', async () => {
    const { server, card, pull, onDisk } = await sceneOf(BYTES, { outputs: { logits: 'scores' } });
    await expect(pull()).rejects.toThrow(/'net' does not run on photos/);
    const corrected = await sceneOf(BYTES, { path: card.path, cardFile: card.cardFile });
    expect(await corrected.pull()).toMatchObject({ resumedFrom: BYTES.length, trial: { verdict: 'ok' } });
    expect([server.log.length, corrected.server.log.length]).toEqual([1, 0]);
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it('ends when interrupted, keeps the whole file without its final name, and runs again in the next call', async () => {
    const { server, pull, onDisk, controller } = await sceneOf(BYTES);
    const stop = (bytes: number): void => (bytes === BYTES.length ? controller.abort() : undefined);
    await expect(pull({ onProgress: stop })).rejects.toMatchObject({
      name: 'Interrupted',
      message: expect.stringMatching(/net\.onnx\.part'; the same command/),
    });
    expect(await onDisk()).toEqual({ 'net.onnx.part': BYTES.length });
    expect(await pull({ signal: new AbortController().signal })).toMatchObject({ trial: { verdict: 'ok' } });
    expect(server.log).toHaveLength(1);
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });

  it("is not reached if the card's class list is missing: that is reported before the download", async () => {
    const { server, pull } = await sceneOf(BYTES, { classes: 'none.txt' });
    await expect(pull()).rejects.toThrow(/none\.txt: no such file/);
    expect(server.log).toEqual([]);
  });
});

describe('published model cards', () => {
  it('name the page that documents their preprocessing', async () => {
    const published = (await listModels()).filter(({ card }) => card?.download !== undefined || card?.trained === true);
    expect(published.length).toBeGreaterThanOrEqual(7);
    for (const { name, card } of published) expect(card?.documentation, name).toMatch(/^https:\/\/github\.com\//);
  });

  it('do not claim a model whose training is unknown', async () => {
    expect((await listModels()).map(({ name }) => name)).not.toContain('resnet50-opset18');
  });
});
