import * as z from 'zod';
import { createClassSet, type ClassSet } from './class-set.ts';
import { classListSha256, type ClassTable } from './class-table.ts';
import type { Collection } from './collection.ts';
import { MODES } from './modes.ts';

/** The column `definition`. Catalogues of older versions lack some of its keys. */
export const definitionSchema = z.object({
  mode: z.enum(['A', 'O']).catch('A'),
  classes: z.array(z.string()).catch([]),
  names: z.record(z.string(), z.string()).catch({}),
  licences: z.union([z.literal('any'), z.array(z.string())]).catch('any'),
  ensemble: z.array(z.string()).catch([]),
  policy: z
    .object({
      threshold: z.number(),
      aggregation: z.enum(['max', 'mean']),
      members: z.enum(['any', 'all']),
      minConfidence: z.number(),
    })
    .partial()
    .catch({}),
  memberIds: z.array(z.number()).catch([]),
});

const storedCardSchema = z.object({
  card: z.string(),
  /** The card of the backbone, if the card is of a head. */
  backbone: z.string().nullable(),
  /** The file of the model's classes. Null if the card names a list that winnow has. */
  classes: z.string().nullable(),
});
export const storedCardsSchema = z.record(z.string(), storedCardSchema);

/** The texts of a card's files, for machines that lack them. */
export type StoredCard = Readonly<z.output<typeof storedCardSchema>>;

export interface StoredRules extends z.output<typeof definitionSchema> {
  readonly id: number;
  readonly decisionSha256: string;
  /** SHA-256, in hex, of the file that the rules were read from. */
  readonly fileSha256: string;
  /** The classes that the models choose among, sorted. */
  readonly among: readonly string[];
  readonly members: readonly RuleModel[];
  /** The canonical text. Null if no command has worked on the collection since catalogues keep it. */
  readonly text: string | null;
  readonly cards: Readonly<Record<string, StoredCard>>;
  readonly since: Date | null;
  readonly by: string | null;
}

export interface RuleModel {
  readonly name: string;
  readonly sha256: string;
  readonly preprocessing: string;
}

export interface RuleDifference {
  /** A key of the collection file, or `model NAME`. */
  readonly key: string;
  readonly stored: string;
  readonly given: string;
}

export function ruleDifferences(
  stored: StoredRules,
  { collection, models }: { readonly collection: Collection; readonly models: readonly RuleModel[] },
): RuleDifference[] {
  const { mode, policy, evidenceClasses, classes, licences, ensemble } = collection;
  const { ruleKeys, predictedList } = MODES[mode];
  const lists: [string, readonly string[], readonly string[]][] = [
    ['ensemble', stored.ensemble, ensemble],
    ['licences', listOf(stored.licences), listOf(licences)],
    [predictedList, stored[predictedList], { among: evidenceClasses, classes }[predictedList].wnids],
  ];
  return [
    { key: 'mode', stored: stored.mode, given: mode },
    ...lists.map(([key, own, other]) => ({ key, stored: listText(own, other), given: listText(other, own) })),
    ...ruleKeys.map((key) => ({
      key: `policy.${key}`,
      stored: String(stored.policy[key]),
      given: String(policy[key]),
    })),
    ...models.flatMap((model) =>
      modelDifferences(
        stored.members.find(({ name }) => name === model.name),
        model,
      ),
    ),
  ].filter((difference) => difference.stored !== difference.given);
}

function modelDifferences(stored: RuleModel | undefined, { name, sha256, preprocessing }: RuleModel): RuleDifference[] {
  if (stored === undefined) return [];
  return [
    { key: `model ${name}`, stored: `sha256 ${stored.sha256}`, given: `sha256 ${sha256}` },
    { key: `preprocessing of ${name}`, stored: stored.preprocessing, given: preprocessing },
  ];
}

function listOf(licences: Collection['licences']): readonly string[] {
  return typeof licences === 'string' ? [licences] : licences;
}

const ITEMS_NAMED = 8;

/** A list for people. Of a long one, its length and the items that the other list lacks. */
function listText(own: readonly string[], other: readonly string[]): string {
  const items = [...new Set(own)].toSorted();
  if (items.length <= ITEMS_NAMED) return items.join(', ');
  const more = items.filter((item) => !other.includes(item));
  const named = more.length > ITEMS_NAMED ? [...more.slice(0, ITEMS_NAMED), '...'] : more;
  return `${items.length}${named.length === 0 ? '' : `, with ${named.join(', ')}`}`;
}

/** A collection with the catalogue's rules. Other keys are those of the file, without classes that the rules do not have. */
export function withStoredRules(file: Collection, stored: StoredRules, table: ClassTable): Collection {
  const { mode, ensemble, licences, policy } = stored;
  const nameOf = (wnid: string): string =>
    stored.names[wnid] ?? file.evidenceClasses.nameByWnid.get(wnid) ?? table.byWnid.get(wnid)?.name ?? wnid;
  const setOf = (wnids: readonly string[]): ClassSet =>
    createClassSet(
      wnids.map((wnid) => ({ wnid, name: nameOf(wnid), where: 'the catalogue' })),
      table,
    ).classes;
  const known = new Set(stored.among);
  const searched = file.classes.wnids.filter((wnid) => known.has(wnid));
  return {
    ...file,
    mode,
    ensemble,
    licences,
    evidenceClasses: {
      wnids: stored.among,
      sha256: classListSha256(stored.among),
      nameByWnid: new Map(stored.among.map((wnid) => [wnid, nameOf(wnid)])),
    },
    classes: setOf({ among: searched, classes: stored.classes }[MODES[mode].predictedList]),
    policy: Object.assign({}, file.policy, policy),
  };
}
