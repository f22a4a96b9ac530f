import type { IncomingMessage, ServerResponse } from 'node:http';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { PullOptions } from '../../../../src/core/models/library/pull-file.process.ts';
import { pullModel } from '../../../../src/core/models/library/pull.process.ts';
import type { FoundCard } from '../../../../src/core/collection/cards/model-card.process.ts';
import { cardFor } from '../../../../src/core/collection/cards/model-card.process.ts';
import { loadConfig } from '../../../../src/core/config/load-config.ts';
import { startPhotoServer } from '../../../support/photo-server.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { FIVE, paddedFixture } from './support.ts';
import { testFolder } from '../../../support/test-app.ts';

/** A model that passes its trial. */
export const BYTES = await paddedFixture('five-nchw.onnx', 400_000);
export const HALF = 150_000;
export const ETAG = '"model-1"';

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

export async function scene(respond: Respond, changes: Partial<FoundCard> = {}) {
  const server = await startPhotoServer(respond);
  onTestFinished(() => server.close());
  const folder = await testFolder();
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
  const onDisk = async () => {
    const names = await readdir(path.dirname(card.path)).catch(() => []);
    const sizes = names.map(async (name) => [name, (await readFile(path.join(path.dirname(card.path), name))).length]);
    return Object.fromEntries(await Promise.all(sizes));
  };
  return { server, card, pull, onDisk, troubles, controller };
}

/** Answers as a good server does: with the whole file, or with the requested range while the ETag is the same. */
export function serve(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const isPart = from > 0 && (request.headers['if-range'] ?? ETAG) === ETAG;
  const body = isPart ? BYTES.subarray(from) : BYTES;
  const range = isPart ? { 'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}` } : {};
  response.writeHead(isPart ? 206 : 200, { etag: ETAG, 'content-length': body.length, ...range }).end(body);
}

/** Sends the first half and cuts the connection once the half has arrived, even on a busy machine: unread bytes would be lost. */
export function breakOff(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { etag: ETAG, 'content-length': BYTES.length });
  response.write(BYTES.subarray(0, HALF), () => setTimeout(() => response.destroy(), 500));
}

export async function sceneOf(model: Buffer, changes: Partial<FoundCard> = {}) {
  const whole: Respond = (_request, response) => response.writeHead(200, { 'content-length': model.length }).end(model);
  return scene(whole, { bytes: model.length, sha256: sha256Of(model), ...changes });
}
