import { readAgreement } from '../../../app/review/agreement.ts';
import type { AgreementReport } from '../../../review/agreement.ts';
import { nameOf } from '../../../app/open/workspace.ts';
import type { Agreement } from '../../../review/agreement.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import type { Exchange } from '../../route.ts';

/** Sends what `winnow agreement --json` prints, with the names of the classes. */
export async function sendAgreement(
  exchange: Exchange,
  site: Site,
): Promise<AgreementReport & { readonly classes: readonly (Agreement & { readonly name: string })[] }> {
  const { workspace } = await deskOf(exchange, site);
  const { overall, classes } = await readAgreement(workspace);
  return { overall, classes: classes.map((one) => ({ ...one, name: nameOf(workspace.collection, one.wnid) })) };
}
