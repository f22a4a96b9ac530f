import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

const reportSchema = z.object({
  /** Milliseconds since the Unix epoch; null if there was no request. */
  firstRequestAtMs: z.number().nullable(),
  /** When each photo was sent, in the order of sending. */
  answeredAtMs: z.array(z.number()),
  bytes: z.number(),
});

/** Counts of the photo server's answers. */
export type PhotoServerReport = z.infer<typeof reportSchema>;

/** The photo server of photo-server.ts in its own process. */
export interface PhotoSource {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  urlOf(number: number): string;
  /** The answers since the last report. */
  report(): Promise<PhotoServerReport>;
  close(): Promise<void>;
}

/** @param sidePixels longer side of the photos; 0 for the bundled photos unchanged */
export async function startPhotoSource(sidePixels: number): Promise<PhotoSource> {
  const program = fileURLToPath(new URL('photo-server.ts', import.meta.url));
  const child = fork(program, [String(sidePixels)], { execArgv: ['--import', 'tsx'] });
  const { port } = z.object({ port: z.number() }).parse(await nextMessage(child));
  const address = `127.0.0.1:${port}`;
  return {
    address,
    urlOf: (number) => `http://${address}/${number}.jpg`,
    async report() {
      const answer = nextMessage(child);
      child.send('report');
      return reportSchema.parse(await answer);
    },
    async close() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`Expected an answer from the photo server but it ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
