import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { dayRangeOf, DAYS_RULE, PHOTO_VERDICTS } from '../../core/kernel/photo-filter.ts';
import { nameSchema } from '../../core/collection/name.ts';
import { quote } from '../../core/tools/quote.ts';
import { isSha256 } from '../../core/kernel/ids.ts';
import { REJECT_REASONS } from '../../core/kernel/reasons.ts';
import { MOST_ACTIONS_AT_ONCE, MOST_PHOTOS_AT_ONCE, REVIEW_ORDERS, SHOWN_STATES } from '../../core/review/desk/desk.ts';
import { REVIEW_VERDICTS, SHOWN_BY, type SeenSubject } from '../../core/review/events/event.ts';
import { EVENT_TIME_RULE, isEventTime } from '../../core/review/events/event-time.ts';
import type { Exchange } from './route.ts';

/** Schemas of the requests of review pages: see `src/core/review/desk/desk.ts`. */

const MOST_ROWS = 200;
const MOST_GONE = 1_000;
const MOST_PLACES = 1_000_000;
/** A photo may stay open for days. */
const MOST_MS = 2 ** 31 - 1;
/** Photos that are checked before other requests are answered. */
const SLICE = 1_000;

const sha256 = z.string().refine(isSha256, 'a SHA-256: 64 lower-case hex digits');
const wnid = z.string().min(1).max(200);
const subject = z.strictObject({ sha256, wnid });
/** See `SeenSubject`. */
const seenSubject = z.strictObject({ sha256, wnid, seen: z.int().min(0).nullable().optional() });
const reason = z.enum([...REJECT_REASONS, 'in-distribution']);
const reviewer = z.string().max(100).optional();
/** The name of a tab. A slash would make it that of a bulk decision. */
const client = z.string().regex(/^[\w-]{1,60}$/, 'letters, digits, _ and -');
const sequence = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const order = z.enum(REVIEW_ORDERS);
const probability = z.number().min(0).max(1);
const at = z.iso
  .datetime({ offset: true })
  .refine((text) => isEventTime(new Date(text)), EVENT_TIME_RULE)
  .transform((text) => new Date(text).toISOString());

const filterFields = {
  wnid: wnid.optional(),
  confusion: wnid.optional(),
  source: nameSchema.optional(),
  state: z.enum(SHOWN_STATES).optional(),
  reason: reason.optional(),
  tag: z.string().min(1).max(60).optional(),
  by: reviewer,
  judged: z
    .string()
    .refine((text) => dayRangeOf(text) !== null, DAYS_RULE)
    .optional(),
  verdict: z.enum(PHOTO_VERDICTS).optional(),
};

const filter = z.strictObject({
  ...filterFields,
  flagged: z.boolean().optional(),
  pMin: probability.optional(),
  pMax: probability.optional(),
});

const flagText = z.enum(['true', 'false']).transform((text) => text === 'true');

export const indexQuery = z
  .strictObject({
    ...filterFields,
    flagged: flagText.optional(),
    pMin: z.coerce.number().pipe(probability).optional(),
    pMax: z.coerce.number().pipe(probability).optional(),
    order: order.default('confusions'),
  })
  .transform(({ order: sorting, ...given }) => ({ order: sorting, filter: given }));

export const leaseBody = z.strictObject({
  reviewer,
  client,
  order,
  filter,
  from: wnid.optional(),
  isBalanced: z.boolean().optional(),
  count: z.int().min(0).max(100),
  held: z.array(subject).max(MOST_ROWS),
  gone: z.array(client).max(MOST_GONE).optional(),
  take: z.enum(['own', 'silent']).optional(),
});

export const rowsBody = z.strictObject({ subjects: z.array(subject).max(MOST_ROWS), client: client.optional() });

const judgement = { verdict: z.enum(REVIEW_VERDICTS), reason: reason.nullable() };
/** `actionsOf` checks each of them. */
const subjects = z.custom<readonly SeenSubject[]>(
  (given) => Array.isArray(given) && given.length > 0,
  'at least one photo',
);
const part = z.int().min(1).max(100).optional();
const tag = z.string().regex(/^[a-z][\w.:-]{0,59}$/, 'letters, digits and . : _ -');
const ref = z.strictObject({ client, sequence });

const on = <Kind extends string, Value extends z.core.$ZodLooseShape>(kind: Kind, value: Value) =>
  z.strictObject({ kind: z.literal(kind), sequence, part, at, subjects, value: z.strictObject(value) });

const action = z.discriminatedUnion('kind', [
  on('verdict', { ...judgement, shownBy: z.enum(SHOWN_BY) }),
  on('adjudicate', judgement),
  on('tag', { tags: z.array(tag).max(50) }),
  on('also', {
    alsoWnids: z
      .array(wnid)
      .max(20)
      .transform((wnids) => [...new Set(wnids)].toSorted()),
  }),
  on('note', { note: z.string().max(5_000) }),
  on('flag', { flagged: z.boolean() }),
  z.strictObject({
    kind: z.enum(['undo', 'redo']),
    sequence,
    at,
    of: ref,
    seen: z.array(seenSubject).max(MOST_PHOTOS_AT_ONCE).optional(),
  }),
]);

export const actionsBody = z.strictObject({
  reviewer,
  client,
  actions: z.array(action).min(1).max(MOST_ACTIONS_AT_ONCE),
});

export const criteriaBody = z.strictObject({ text: z.string().trim().min(1).max(5_000) });

export const quizBody = z.strictObject({ reviewer });

export const quizAnswerBody = z.strictObject({
  reviewer,
  place: z.int().min(1).max(MOST_PLACES),
  sha256,
  wnid,
  ms: z.int().min(0).max(MOST_MS),
});

export class BadRequest extends Error {
  readonly statusCode: number;

  constructor(message: string, statusCode = 400) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** A person asks for what a verdict or an answer of theirs waits for. */
export class Hidden extends BadRequest {
  /** The address to which the person can send a form that shows it anyway. */
  readonly showAnyway: string | undefined;

  constructor(message: string, showAnyway: string | undefined) {
    super(message, 403);
    this.showAnyway = showAnyway;
  }
}

/** Characters. */
const MOST_OF_MESSAGE = 300;

/** @throws BadRequest that names the first wrong field and quotes its value */
export function parseRequest<S extends z.ZodType>(
  schema: S,
  given: unknown,
  where: readonly PropertyKey[] = [],
): z.output<S> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const inner = issue?.path ?? [];
  const value = inner.reduce<unknown>(
    (outer, key) => (typeof outer === 'object' && outer !== null ? Reflect.get(outer, key) : undefined),
    given,
  );
  const path = [...where, ...inner];
  const named = path.length === 0 ? 'the request' : `'${path.map(String).join('.')}'`;
  // A message may name each unknown key.
  const why = (issue?.message ?? 'invalid').slice(0, MOST_OF_MESSAGE);
  throw new BadRequest(`Expected ${named} otherwise (${why}) but received ${quote(value)}`);
}

/** Checks photos in slices, so that other requests are answered in between. @throws BadRequest */
export async function actionsOf(body: unknown): Promise<z.output<typeof actionsBody>> {
  const actions: unknown = Reflect.get(Object(body), 'actions');
  const lists = (Array.isArray(actions) ? actions : []).map((one): unknown => Reflect.get(Object(one), 'subjects'));
  const photos = lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
  if (photos > MOST_PHOTOS_AT_ONCE)
    throw new BadRequest(`Expected at most ${MOST_PHOTOS_AT_ONCE} photos in a request but received ${photos}`);
  const parsed = parseRequest(actionsBody, body);
  for (const [i, list] of lists.entries())
    for (const [j, one] of (Array.isArray(list) ? list : []).entries()) {
      parseRequest(seenSubject, one, ['actions', i, 'subjects', j]);
      if (j % SLICE === SLICE - 1) await setImmediate();
    }
  return parsed;
}

export function bodyOf<S extends z.ZodType>(schema: S, { request }: Exchange): z.output<S> {
  return parseRequest(schema, request.body);
}
