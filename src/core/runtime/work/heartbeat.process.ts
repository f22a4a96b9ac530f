import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { steadyClock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/errors.ts';
import { makeFolder } from '../../platform/disk/folders.ts';

export interface HeartbeatLog {
  warn(fields: object, message: string): void;
}

export interface Heartbeat {
  /** Writes the file, unless it was just written. */
  beat(): void;
  stop(): Promise<void>;
}

/** Often enough for any monitor, and rarely enough to cost nothing. */
const BEAT_EVERY_MS = 5_000;

/** Opens a file (null: none) whose age shows a monitor that the worker makes progress. It has the time of the last beat (ISO 8601). */
export function openHeartbeat(file: string | null, log: HeartbeatLog): Heartbeat {
  let lastMs = Number.NEGATIVE_INFINITY;
  let writing = Promise.resolve();
  let isReported = false;
  const write = async (to: string): Promise<void> => {
    try {
      await makeFolder(path.dirname(to));
      await writeFile(to, `${new Date().toISOString()}\n`);
    } catch (error) {
      // The worker continues. A monitor will see that the file grows old.
      if (!isReported)
        log.warn({ reason: messageOf(error) }, 'the heartbeat (workers.heartbeatFile) cannot be written');
      isReported = true;
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
