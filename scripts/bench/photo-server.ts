import http from 'node:http';
import process from 'node:process';
import { withComment } from '../../test/support/copies.ts';
import { photosToServe } from './photos.ts';
import type { PhotoServerReport } from './photo-source.ts';

/**
 * Serves `/0.jpg`, `/1.jpg`, ...: distinct photos from memory, as fast as possible. It is a separate process, so that its
 * time is not counted. photo-source.ts starts it with the longer side of the photos, or 0 for the bundled photos unchanged.
 */
const photos = await photosToServe(Number(process.argv[2]));

let answeredAtMs: number[] = [];
let firstRequestAtMs: number | null = null;
let bytes = 0;

const server = http.createServer((request, response) => {
  firstRequestAtMs ??= Date.now();
  const number = Number(/^\/(\d+)\.jpg$/.exec(request.url ?? '')?.[1] ?? Number.NaN);
  const photo = photos[number % photos.length];
  if (photo === undefined) {
    response.writeHead(404, { 'content-length': 0 }).end();
    return;
  }
  const body = withComment(photo, `photo ${number}`);
  response.writeHead(200, {
    'content-type': 'image/jpeg',
    'content-length': body.length,
    // The page of another program may show the photos.
    'access-control-allow-origin': '*',
  });
  response.once('finish', () => {
    answeredAtMs.push(Date.now());
    bytes += body.length;
  });
  response.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 512 }, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : address });
});

/** Any message requests a report of what was answered since the last one. */
process.on('message', () => {
  const report: PhotoServerReport = { firstRequestAtMs, answeredAtMs, bytes };
  process.send?.(report);
  answeredAtMs = [];
  firstRequestAtMs = null;
  bytes = 0;
});
process.once('disconnect', () => process.exit());
// The benchmark handles Ctrl-C and ends this process.
process.on('SIGINT', () => undefined);
