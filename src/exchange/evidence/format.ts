import type { SchemaElement } from 'hyparquet-writer';
import * as z from 'zod';
import { sha256Of } from '../../core/tools/sha256.ts';
import { isSha256, toSha256, type Sha256 } from '../../core/kernel/ids.ts';
import { listElements, textElement } from '../../core/platform/parquet/columns.ts';

/** The files of `winnow evidence`, which docs/clusters.md describes to the byte for other programs. */

export const PLAN_FILE = 'plan.json';
export const SUMS_FILE = 'SHA256SUMS';
/** The folder of the plan's shards. Results of a shard have the same name, one folder above. */
export const SHARD_FOLDER = 'plan';

/** True for a path that `SHA256SUMS` may name: a file of the folder, or of a folder in it. */
export function isPlainName(file: string): boolean {
  return /^(?:\w[\w.-]*\/)?\w[\w.-]*$/.test(file);
}

export function partName(index: number): string {
  return `part-${String(index).padStart(5, '0')}.parquet`;
}

const sha256 = z.string().refine(isSha256).transform(toSha256);
/** A shard, in its folder. */
const shardFile = z.string().regex(/^plan\/part-\d{5,9}\.parquet$/);

const planSchema = z.object({
  format: z.literal(1),
  id: sha256,
  collection: z.string(),
  /** The hash of the collection's rules and members. */
  rules: z.string(),
  photos: z.int(),
  /** The S3 service of `s3://` addresses; null for paths. */
  s3: z.object({ endpoint: z.string().nullable(), region: z.string().nullable(), pathStyle: z.boolean() }).nullable(),
  shards: z.array(z.object({ file: shardFile, sha256, rows: z.int().nonnegative() })).readonly(),
  members: z
    .array(
      z.object({
        member: z.string(),
        modelSha256: sha256,
        wnids: z.array(z.string()).readonly(),
        /** The way from the bytes of a photo to logits (docs/clusters.md). `preprocessing` is the key of the member's evidence. */
        recipe: z.looseObject({ preprocessing: z.string() }),
      }),
    )
    .readonly(),
});

export type Plan = z.output<typeof planSchema>;

export function withId({ format, ...rest }: Omit<Plan, 'id'>): Plan {
  return { format, id: idOf({ format, ...rest }), ...rest };
}

/** Null for a text that is no plan, or was changed since it was written. */
export function parsePlan(text: string): Plan | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const result = planSchema.safeParse(value);
  if (!result.success || typeof value !== 'object') return null;
  const { id: _, ...rest } = { ...value, id: null };
  return idOf(rest) === result.data.id ? result.data : null;
}

function idOf(plan: object): Sha256 {
  return toSha256(sha256Of(JSON.stringify(plan)));
}

/** A photo to evaluate, and the members that lack evidence of it. */
export interface PlannedPhoto {
  readonly sha256: string;
  readonly address: string;
  readonly wnids: readonly string[];
  readonly members: readonly string[];
}

export const PLANNED_COLUMNS = ['sha256', 'address', 'wnids', 'members'] as const;

export const PLANNED_SCHEMA: readonly SchemaElement[] = [
  { name: 'schema', num_children: PLANNED_COLUMNS.length },
  textElement('sha256'),
  textElement('address'),
  ...listElements('wnids', textElement('element')),
  ...listElements('members', textElement('element')),
];

/** `logits` null: the program could not evaluate the photo, and leaves it to winnow. */
export interface ResultRow {
  readonly plan_id: string;
  readonly sha256: string;
  readonly member: string;
  readonly crop: number;
  readonly logits: readonly number[] | null;
}

export const RESULT_COLUMNS = ['plan_id', 'sha256', 'member', 'crop', 'logits'] as const;

export const RESULT_SCHEMA: readonly SchemaElement[] = [
  { name: 'schema', num_children: RESULT_COLUMNS.length },
  textElement('plan_id'),
  textElement('sha256'),
  textElement('member'),
  { name: 'crop', repetition_type: 'OPTIONAL', type: 'INT32' },
  ...listElements('logits', { name: 'element', repetition_type: 'OPTIONAL', type: 'FLOAT' }),
];
