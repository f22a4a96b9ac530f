import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { listModels } from '../../../../src/core/models/library/inventory.process.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { fixture } from './support.ts';
import { BYTES, HALF, ETAG, type Respond, breakOff, scene, sceneOf, serve } from './pull-support.ts';

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

  it('replaces a damaged file only by the correct one', async () => {
    const { card, pull, onDisk } = await scene(serve);
    await mkdir(path.dirname(card.path));
    await writeFile(card.path, 'damaged');
    await pull();
    expect(await onDisk()).toEqual({ 'net.onnx': BYTES.length });
  });
});

describe('the trial of models pull', () => {
  it('does not ask the next address if the model fails, because it would send the same bytes', async () => {
    const { server, pull } = await sceneOf(await fixture('five-constant.onnx'));
    const mirrors = [`${server.origin}/a`, `${server.origin}/b`];
    await expect(pull({}, [`models.mirrors=${JSON.stringify(mirrors)}`])).rejects.toThrow(/the same values/);
    expect(server.log.map((entry) => entry.path)).toEqual(['/a/net.onnx']);
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
});
