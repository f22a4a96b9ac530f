import { readProgress } from '../../../app/review/desk.ts';
import type { ClassList } from '../../../review/desk.ts';
import type { Site } from '../../dashboard.ts';
import type { Exchange } from '../../route.ts';
import { sendShared } from '../../shared-answer.ts';

/** Sends every class with listed photos, and how far its review is. */
export async function sendClasses(exchange: Exchange, site: Site): Promise<unknown> {
  return sendShared(exchange, site, {
    what: ['classes'],
    read: async (desk): Promise<ClassList> => ({ classes: await readProgress(desk, null) }),
  });
}
