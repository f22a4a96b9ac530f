import * as z from 'zod';
import { bodyOf } from '../../review-requests.ts';
import type { Exchange } from '../../route.ts';

const reviewerBody = z.strictObject({ name: z.string().trim().min(1).max(60) });

/** Keeps the name of a person in the browser. */
export async function nameReviewer(exchange: Exchange): Promise<unknown> {
  const { name } = bodyOf(reviewerBody, exchange);
  const cookie = `winnow_reviewer=${encodeURIComponent(name)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`;
  return exchange.reply.header('set-cookie', cookie).send({ reviewer: name });
}
