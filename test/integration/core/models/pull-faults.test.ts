import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { fixture } from './support.ts';
import { BYTES, HALF, ETAG, scene, sceneOf, serve } from './pull-support.ts';

describe('models pull', () => {
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

  it.each(['../x.onnx', '/tmp/x.onnx', 'models/../../x.onnx'])(
    'does not write outside the folder that a card belongs to, but takes a file that is there: %s',
    async (file) => {
      const { card, pull, server } = await scene(serve, { file });
      await expect(pull()).rejects.toMatchObject({ name: 'UsageError', code: 'file-outside' });
      expect(server.log).toEqual([]);
      await mkdir(path.dirname(card.path));
      await writeFile(card.path, BYTES);
      expect(await pull()).toMatchObject({ url: null });
    },
  );

  it('asks for an address if there is none', async () => {
    const { card, pull } = await scene(serve, { download: undefined });
    await expect(pull()).rejects.toMatchObject({ code: 'no-address', message: expect.stringContaining(card.path) });
  });
});

describe('the trial of models pull', () => {
  it('does not give a model its final name that answers alike for all photos, and keeps the bytes for another try', async () => {
    const model = await fixture('five-constant.onnx');
    const { server, card, pull, onDisk } = await sceneOf(model);
    await expect(pull()).rejects.toMatchObject({
      name: 'StopTheRun',
      code: 'model-refused',
      message: expect.stringMatching(/the same values for all of 32 sample photos.*must say 'trained: false'/),
    });
    await expect(pull()).rejects.toThrow(
      new RegExp(`in .*net\\.yaml with ${card.documentation}\\..*kept as '.*net\\.onnx\\.part'`),
    );
    expect(await onDisk()).toMatchObject({ 'net.onnx.part': model.length });
    expect(await onDisk()).not.toHaveProperty('net.onnx');
    expect(server.log).toHaveLength(1);
  });

  it('does not give its final name to a file that does not run as its card says', async () => {
    const { pull, onDisk } = await sceneOf(await fixture('five-nchw.onnx'), { outputs: { logits: 'scores' } });
    await expect(pull()).rejects.toMatchObject({
      code: 'model-does-not-run',
      message: expect.stringMatching(/output 'scores'/),
    });
    expect(await onDisk()).not.toHaveProperty('net.onnx');
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
});
