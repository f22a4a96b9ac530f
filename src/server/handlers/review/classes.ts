import { readProgress } from '../../../app/review/desk.ts';
import type { ClassList } from '../../../review/desk.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import type { Exchange } from '../../route.ts';

/** Sends every class with listed photos, and how far its review is. */
export async function sendClasses(exchange: Exchange, site: Site): Promise<ClassList> {
  return { classes: await readProgress(await deskOf(exchange, site), null) };
}
