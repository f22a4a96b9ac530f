import { readSetup } from '../../../app/review/desk.ts';
import type { ReviewSetup } from '../../../review/desk.ts';
import { mayAct } from '../../access.ts';
import type { Site } from '../../dashboard.ts';
import { deskOf } from '../../desk-of.ts';
import type { Exchange } from '../../route.ts';

/** Sends what a page of the review needs to begin. */
export async function sendSetup(exchange: Exchange, site: Site): Promise<ReviewSetup> {
  const setup = await readSetup(await deskOf(exchange, site));
  return { ...setup, mayReview: exchange.role !== null && mayAct(exchange.role, 'reviewer') };
}
