import process from 'node:process';
import { stat } from 'node:fs/promises';
import type { App } from '../../runtime/open/app.process.ts';
import { redisText } from '../../runtime/open/queues.process.ts';
import { hideSecret } from '../../tools/quote.ts';
import { messageOf } from '../../kernel/errors.ts';
import { placeText } from '../../platform/blobs/blob-place.ts';
import { makeDataFolder } from '../../platform/disk/folders.ts';
import { freeBytesOn, LOW_DISK_BYTES } from '../../platform/disk/full-disk.ts';
import { serverVersion } from '../../platform/postgres/clients.ts';
import type { CommandContext } from '../start/context.ts';
import type { AuditResult } from '../../operate/upkeep/audit-rows.repository.ts';

export async function checkServices(app: App, context: CommandContext): Promise<Finding[]> {
  return [
    await database(app),
    await queues(app, context),
    await photoBytes(app),
    await disk(app),
    ...(await access(app)),
  ];
}

async function database({ db, config, soleClient }: App): Promise<Finding> {
  const where =
    config.postgres.url === null ? 'inside the data folder' : hideSecret(config.postgres.url, 'url-passwords');
  const company = soleClient ? 'no other winnow command uses it' : 'another winnow command uses it';
  return { name: 'PostgreSQL', state: 'ok', detail: `${await serverVersion(db)} ${where}; ${company}` };
}

async function queues({ config }: App, { loaded, signal }: CommandContext): Promise<Finding> {
  const { redisUrl } = config.queue;
  if (redisUrl === null) return { name: 'job queues', state: 'ok', detail: 'in PostgreSQL, beside the catalogue' };
  const shown = redisText({ config, redisFrom: loaded.origins.get('queue.redisUrl')?.where });
  try {
    const { reachRedis } = await import('../../platform/queue/reach-redis.ts');
    const { version, warnings } = await reachRedis({ url: redisUrl, shown, signal });
    if (warnings.length > 0) return { name: 'job queues', state: 'note', detail: warnings.join('; ') };
    return { name: 'job queues', state: 'ok', detail: `${version} ${shown}` };
  } catch (error) {
    return { name: 'job queues', state: 'fail', detail: messageOf(error) };
  }
}

async function photoBytes({ blobs, blobPlace }: App): Promise<Finding> {
  try {
    await blobs.check();
    return { name: 'photos', state: 'ok', detail: `their bytes are in ${placeText(blobPlace)}` };
  } catch (error) {
    return { name: 'photos', state: 'fail', detail: messageOf(error) };
  }
}

async function disk({ dataDir }: App): Promise<Finding> {
  // If everything else is on other machines, nothing has created the folder yet.
  await makeDataFolder(dataDir);
  const freeBytes = await freeBytesOn(dataDir);
  const detail = `${(freeBytes / 1e9).toFixed(1)} GB free at ${dataDir}`;
  return {
    name: 'disk',
    state: freeBytes > LOW_DISK_BYTES ? 'ok' : 'fail',
    detail: freeBytes > LOW_DISK_BYTES ? detail : `${detail}: make room before a crawl`,
  };
}

const READABLE_BY_ALL = 0o004;

/** Data folders that winnow did not make, or an earlier version made, may be open to every user of the machine. */
async function access({ dataDir }: App): Promise<Finding[]> {
  const { mode } = await stat(dataDir);
  if (process.platform === 'win32' || (mode & READABLE_BY_ALL) === 0) return [];
  const detail = `every user of this machine can read ${dataDir}; chmod 700 closes it, chmod 750 leaves it to its group`;
  return [{ name: 'access', state: 'note', detail }];
}

/** One line of the doctor: what was checked, its state, and what to do. A note is information, not a fault. */
export interface Finding {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'fail';
  readonly detail: string;
}

const LABELS = { ok: 'ok  ', note: 'note', fail: 'FAIL' } as const;

export function findingText({ name, state, detail }: Finding): string {
  return `${LABELS[state]} ${name}: ${detail}\n`;
}

const PROBLEMS_SHOWN = 5;

export function auditFinding({ name, checked, problems, awaited = 0 }: AuditResult): Finding {
  if (problems.length === 0 && awaited > 0)
    return { name, state: 'note', detail: `${checked} checked; the next crawl fetches ${awaited} again` };
  if (problems.length === 0) return { name, state: 'ok', detail: `${checked} checked` };
  const more = problems.length > PROBLEMS_SHOWN ? `; and ${problems.length - PROBLEMS_SHOWN} more` : '';
  return {
    name,
    state: 'fail',
    detail: `${problems.length} of ${checked}: ${problems.slice(0, PROBLEMS_SHOWN).join('; ')}${more}`,
  };
}
