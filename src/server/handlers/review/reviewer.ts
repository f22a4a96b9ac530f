import * as z from 'zod';
import { quote } from '../../../config/quote.ts';
import { personName, PERSON_NAME_RULE } from '../../../kernel/people.ts';
import { isNameOfPerson, reviewerCookie } from '../../access.ts';
import type { Site } from '../../dashboard.ts';
import type { Exchange } from '../../route.ts';

const body = z.strictObject({ name: z.string() });

/** Keeps the name under which the browser reviews, in a cookie. A person with a token of their own has a fixed name. */
export async function chooseReviewer(exchange: Exchange, { tokens }: Site): Promise<unknown> {
  const { request, reply, reviewer, hasNamedToken } = exchange;
  if (hasNamedToken) {
    const error = `Your token belongs to '${reviewer ?? ''}' (server.people), so your reviews are stored under that name`;
    return reply.code(409).send({ error });
  }
  const given = body.safeParse(request.body).data?.name;
  const name = personName(given ?? '');
  if (name === null) {
    const error = `Expected JSON with a name (${PERSON_NAME_RULE}) but received ${quote(given ?? request.body)}`;
    return reply.code(400).send({ error });
  }
  if (isNameOfPerson(name, tokens)) {
    const error = `The name '${name}' belongs to a person with a token (server.people). Log in with that token, or choose another name`;
    return reply.code(409).send({ error });
  }
  return reply.header('set-cookie', reviewerCookie(name)).send({ reviewer: name });
}
