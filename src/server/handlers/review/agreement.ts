import { readAgreement, readShownAgreement } from '../../../app/review/agreement.ts';
import type { AgreementReport } from '../../../review/agreement.ts';
import { nameOf } from '../../../app/open/workspace.ts';
import type { Agreement } from '../../../review/agreement.ts';
import { readerOf } from '../../access.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import type { Exchange } from '../../route.ts';

/** Sends what `winnow agreement --json` prints, with class names. Others than operators get it without photos that wait for a verdict. */
export async function sendAgreement(
  exchange: Exchange,
  site: Site,
): Promise<AgreementReport & { readonly classes: readonly (Agreement & { readonly name: string })[] }> {
  const desk = await deskOf(exchange, site);
  const { workspace } = desk;
  const seesAll = readerOf(exchange, site) === 'operators';
  const { overall, classes } = await (seesAll ? readAgreement(workspace) : readShownAgreement(desk));
  return { overall, classes: classes.map((one) => ({ ...one, name: nameOf(workspace.collection, one.wnid) })) };
}
