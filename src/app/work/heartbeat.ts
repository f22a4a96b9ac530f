import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { steadyClock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';

/** Of a logger, what is used here. */
export interface HeartbeatLog {
  warn(fields: object, message: string): void;
}

export interface Heartbeat {
  /** Writes the file, unless that was just done. */
  beat(): void;
  /** Removes it: who has ended is not alive. */
  stop(): Promise<void>;
}

/** Often enough for anybody who watches, and seldom enough to cost nothing. */
const BEAT_EVERY_MS = 5_000;

/**
 * A file whose age tells whoever watches over a worker that it gets on: a worker has no port to ask. It holds the time of
 * the last beat (ISO 8601).
 *
 * @param file relative to the working folder; null: nothing is written
 */
export function openHeartbeat(file: string | null, log: HeartbeatLog): Heartbeat {
  let lastMs = Number.NEGATIVE_INFINITY;
  let writing = Promise.resolve();
  let isToldOf = false;
  const write = async (to: string): Promise<void> => {
    try {
      await mkdir(path.dirname(to), { recursive: true });
      await writeFile(to, `${new Date().toISOString()}\n`);
    } catch (error) {
      // Work goes on; whoever watches will see that the file grows old.
      if (!isToldOf) log.warn({ reason: messageOf(error) }, 'the heartbeat (workers.heartbeatFile) cannot be written');
      isToldOf = true;
    }
  };
  return {
    beat() {
      const nowMs = steadyClock.nowMs();
      if (file === null || nowMs - lastMs < BEAT_EVERY_MS) return;
      lastMs = nowMs;
      writing = writing.then(() => write(file));
    },
    async stop() {
      await writing;
      if (file !== null) await rm(file, { force: true });
    },
  };
}
