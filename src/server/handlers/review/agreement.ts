import { readAgreement, readShownAgreement } from '../../../app/review/agreement.ts';
import { nameOf } from '../../../app/open/workspace.ts';
import { readerOf } from '../../access.ts';
import type { Site } from '../../dashboard.ts';
import type { Exchange } from '../../route.ts';
import { sendShared } from '../../shared-answer.ts';

/** Sends what `winnow agreement --json` prints, with class names. Others than operators get it without photos that wait for a verdict. */
export async function sendAgreement(exchange: Exchange, site: Site): Promise<unknown> {
  const seesAll = readerOf(exchange, site) === 'operators';
  return sendShared(exchange, site, {
    what: ['agreement', seesAll],
    read: async (desk) => {
      const { collection } = desk.workspace;
      const { overall, classes } = await (seesAll ? readAgreement(desk.workspace) : readShownAgreement(desk));
      return { overall, classes: classes.map((one) => ({ ...one, name: nameOf(collection, one.wnid) })) };
    },
  });
}
