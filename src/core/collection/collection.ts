import { SOURCE_NAMES, type SourceName } from '../config/sources/sources.ts';
import * as z from 'zod';
import { quote } from '../tools/quote.ts';
import { schemaProblems } from '../config/schema-problems.ts';
import { checkSetting, layerFromYaml, type Layer } from '../config/setting-layers.ts';
import { isMapping, type YamlFile } from '../config/yaml.ts';
import { messageOf } from '../kernel/errors.ts';
import { type Sha256, type Wnid } from '../kernel/ids.ts';
import { sha256Of } from '../tools/sha256.ts';
import type { Mode } from '../kernel/mode.ts';
import type { ClassSet } from './class-set.ts';
import { cardAnswers, cardSchema } from './cards/card.ts';
import { moduleOf, sourceEntrySchema, type SourceModule } from './source-module.ts';
import { MODES, policySchema, type CollectionPolicy } from './modes.ts';
import { nameSchema } from './name.ts';
import { conceptId, type Subjects } from './subjects.ts';
import { wrongLicenceText } from './licence.ts';

export interface Collection {
  readonly name: string;
  readonly mode: Mode;
  /** Mode A: the classes that photos are searched as. Mode O: the classes that a model must predict for a kept photo. */
  readonly classes: ClassSet;
  readonly subjects: Subjects;
  /**
   * The classes of softmax, evidence and confusions. Mode A: `among` (the mask), which contains all of `classes`. Mode O: all
   * classes that the model knows.
   */
  readonly evidenceClasses: Pick<ClassSet, 'wnids' | 'sha256' | 'nameByWnid'>;
  readonly queries: QueriesFile | null;
  /** Mode O: ids of concepts below one of the 1,000 classes, in WordNet or by name, whose photos are nevertheless allowed. */
  readonly allowHyponyms: readonly Wnid[];
  readonly sources: readonly SourceName[];
  /** Sources in files of the user's own. */
  readonly modules: readonly SourceModule[];
  /** The folder for the source `folder`, and the rights of its photos that its labels.csv does not state. */
  readonly folder: Readonly<z.output<typeof folderSchema>> | null;
  /** Allowed licences: SPDX ids, `Public-Domain`, `all-rights-reserved`, `unknown`. */
  readonly licences: 'any' | readonly string[];
  readonly ensemble: readonly string[];
  /** The members that each user fits with `winnow finetune`, by their names: the card of the backbone, and what --classes takes. */
  readonly heads: ReadonlyMap<string, Readonly<z.output<typeof headSchema>>>;
  readonly policy: CollectionPolicy;
  readonly settings: Layer;
  /** The curators' answers about the exported set, by the keys of CARD_QUESTIONS. Unanswered keys are absent. */
  readonly card: Readonly<Record<string, string>>;
  /** Absolute path. Null if the collection was read from the catalogue. */
  readonly file: string | null;
  /** SHA-256 of the file's bytes. It is recorded with everything that was made from the file. */
  readonly sha256: Sha256;
  /** The canonical text: a collection file with the same meaning that names no other file except model cards. */
  readonly text: string;
  /** Changes if and only if the rules for decisions change: see rulesSha256. It does not cover the models' bytes. */
  readonly rulesSha256: Sha256;
}

export interface QueriesFile {
  readonly from: string;
  readonly text: string;
}

const classSchema = z.string().trim().min(1).max(500).describe('a wnid or the name of a class');
const classEntrySchema = z
  .union([
    classSchema,
    z.strictObject({ wnid: classSchema, name: z.string().trim().min(1).max(200).describe('a name').optional() }),
  ])
  .describe('a wnid or the name of a class, or {wnid: ..., name: ...}');
const licenceSchema = z
  .string()
  .regex(/^(?!any$)[A-Za-z0-9][A-Za-z0-9.+-]{0,99}$/i)
  .describe('an SPDX licence id, Public-Domain, all-rights-reserved or unknown');

const classListSchema = z
  .union([z.string().trim().min(1), z.array(classEntrySchema).min(1)])
  .describe(
    "a list's name (imagenet-a, imagenet-o, imagenet-1k), a file with one class a line, or a list of classes, by wnid or name",
  );

const conceptEntrySchema = z
  .union([
    z.string().trim().min(1).max(200),
    z.strictObject({ wnid: z.string().trim().min(1).max(200), name: z.string().trim().min(1).max(200).optional() }),
  ])
  .describe('a WordNet id or the name of a concept outside ImageNet-1k, or {wnid: ..., name: ...}');

const headSchema = z.strictObject({
  backbone: nameSchema.describe('the name of a model card'),
  classes: z
    .string()
    .regex(/^[\w./,:@%+=-]+$/)
    .describe('what --classes of `winnow finetune` takes, without spaces'),
});

const folderSchema = z.strictObject({
  from: z.string().trim().min(1).describe('the path of a folder'),
  licence: z.string().trim().min(1).describe('an SPDX licence id').nullable().default(null),
  creator: z.string().trim().min(1).describe('a name').nullable().default(null),
});

const collectionSchema = z.strictObject({
  name: nameSchema,
  mode: z.enum(['A', 'O']).default('A'),
  classes: classListSchema,
  /** Mode A. Null for the same as `classes`. */
  among: classListSchema.nullable().default(null),
  /** Mode O. */
  concepts: z
    .union([z.literal('any'), z.array(conceptEntrySchema).min(1)])
    .describe('any, or a list of concepts outside ImageNet-1k, by WordNet id or name')
    .default('any'),
  /** Mode O: whether concepts may stand above some of the 1,000 classes, as dog does. */
  allowHypernyms: z.boolean().describe('true or false').default(false),
  /** Mode O: concepts below one of the 1,000 classes that are nevertheless allowed, as baby grand (below grand piano). */
  allowHyponyms: z
    .array(z.string().trim().min(1).max(200).transform(conceptId))
    .describe('a list of WordNet ids or names, as [n02766792, stretch limousine]')
    .default([]),
  queries: z
    .union([z.string().trim().min(1), z.array(z.string().trim().min(1)).min(1)])
    .describe('the path of a queries file, a list of paths, or its lines')
    .nullable()
    .default(null),
  sources: z
    .array(
      sourceEntrySchema
        .refine(isSource)
        .describe(`the path of a file of your own (./my-source.mjs) or one of ${SOURCE_NAMES.join(', ')}`),
    )
    .min(1)
    .refine(isUnique)
    .describe(`a list of different sources out of ${SOURCE_NAMES.join(', ')}, or files of your own`)
    .default(['folder']),
  folder: folderSchema.describe('{from: ..., licence: ..., creator: ...}').nullable().default(null),
  licences: z
    .union([z.literal('any'), z.array(licenceSchema).min(1)])
    .describe('any, or a list of SPDX licence ids, Public-Domain, all-rights-reserved, unknown')
    .default('any'),
  ensemble: z.array(nameSchema).min(1).refine(isUnique).describe('a list of different model cards').optional(),
  heads: z
    .record(nameSchema, headSchema)
    .describe('for each member that you fit with `winnow finetune`: {backbone: ..., classes: ...}')
    .nullable()
    .default(null),
  policy: policySchema.nullable().default(null),
  settings: z.record(z.string(), z.unknown()).describe('a mapping of settings').nullable().default(null),
  export: z
    .strictObject({ card: cardSchema.nullable().default(null) })
    .nullable()
    .default(null),
});

export type ClassListDraft = z.output<typeof classListSchema>;

/** A parsed collection file. Its classes are not looked up yet, and its paths are as the user wrote them. */
export type CollectionDraft = Omit<
  z.output<typeof collectionSchema>,
  'ensemble' | 'heads' | 'policy' | 'settings' | 'export'
> &
  Pick<Collection, 'ensemble' | 'heads' | 'policy' | 'settings' | 'card'>;

export interface CollectionDraftResult {
  /** Null if the file is not a collection. A draft can be used if `problems` is empty. */
  readonly draft: CollectionDraft | null;
  readonly given: object;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Checks a collection file without reading other files. Problems are sentences with file and line. */
export function draftCollection(file: YamlFile): CollectionDraftResult {
  const result = collectionSchema.safeParse(file.value);
  if (!result.success)
    return { draft: null, given: {}, problems: schemaProblems(collectionSchema, file), warnings: [] };
  const { mode, ensemble, heads, policy, export: exported, ...given } = result.data;
  const { settings, problems } = settingsOf(file);
  const draft: CollectionDraft = {
    ...given,
    mode,
    ensemble: ensemble ?? MODES[mode].ensemble,
    heads: new Map(Object.entries(heads ?? {})),
    policy: policy ?? policySchema.parse({}),
    settings,
    card: cardAnswers(exported?.card ?? null),
  };
  const warnings = [...idleKeyWarnings(draft, file), ...licenceWarnings(draft, file)];
  return { draft, given: result.data, problems: [...problems, ...modeProblems(draft, file)], warnings };
}

type Found = Pick<Collection, 'classes' | 'subjects' | 'evidenceClasses' | 'queries' | 'file' | 'text'>;

export function completeCollection(
  draft: CollectionDraft,
  { bytes, ...found }: Found & { readonly bytes: Uint8Array },
): Collection {
  const { concepts: _, among: _among, allowHypernyms: _allowed, ...rest } = draft;
  return {
    ...rest,
    ...found,
    sources: draft.sources.flatMap((source) => SOURCE_NAMES.find((name) => name === source) ?? []),
    modules: draft.sources.flatMap((source) => moduleOf(source, found.file) ?? []),
    licences: draft.licences === 'any' ? 'any' : [...new Set(draft.licences)],
    sha256: sha256Of(bytes),
    rulesSha256: rulesSha256({ ...draft, ...found }),
  };
}

/**
 * Everything that decisions depend on besides evidence. In mode A it covers the classes that the models choose among, but not
 * the classes that photos are searched as, because those change no decision. Cap, distance, sources, queries, settings, the
 * card, comments and the order of lists do not change the hash.
 */
function rulesSha256(
  of: Pick<Collection, 'mode' | 'classes' | 'evidenceClasses' | 'ensemble' | 'licences' | 'policy'>,
): Sha256 {
  const { predictedList, ruleKeys } = MODES[of.mode];
  // This is a canonical form: keys are always in this order, and lists are sorted.
  const facts = {
    mode: of.mode,
    classesSha256: { among: of.evidenceClasses, classes: of.classes }[predictedList].sha256,
    ensemble: of.ensemble.toSorted(),
    licences: of.licences === 'any' ? 'any' : [...new Set(of.licences)].toSorted(),
    policy: Object.fromEntries(ruleKeys.map((key) => [key, of.policy[key]])),
  };
  return sha256Of(JSON.stringify(facts));
}

function settingsOf(file: YamlFile): { settings: Layer; problems: string[] } {
  try {
    const settings = layerFromYaml(file, ['settings']);
    return { settings, problems: [...settings].flatMap(([name, given]) => settingProblems(name, given)) };
  } catch (error) {
    return { settings: new Map(), problems: [messageOf(error)] };
  }
}

function settingProblems(...setting: Parameters<typeof checkSetting>): string[] {
  try {
    checkSetting(...setting);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

function modeProblems(draft: CollectionDraft, file: YamlFile): string[] {
  if (draft.ensemble.length <= MODES[draft.mode].mostMembers) return [];
  const where = file.where(['ensemble']);
  return [
    `Mode O takes one model, because its score is one model's confidence. Give one for 'ensemble' in ${where}, not ` +
      `${quote(draft.ensemble)}.`,
  ];
}

function idleKeyWarnings({ mode, ensemble, heads }: CollectionDraft, file: YamlFile): string[] {
  const idleHeads = [...heads.keys()]
    .filter((name) => !ensemble.includes(name))
    .map((name) => `'heads.${name}' in ${file.where(['heads', name])} has no effect, because no member has this name`);
  const { ruleKeys, idleKeys, idleWhy } = MODES[mode];
  const { policy } = file.value;
  const inPolicy = Object.values(MODES)
    .flatMap((one) => one.ruleKeys)
    .filter((key) => !ruleKeys.includes(key) && isMapping(policy) && Object.hasOwn(policy, key))
    .map((key) => `'policy.${key}' in ${file.where(['policy', key])} has no effect in mode ${mode}`);
  const inFile = idleKeys
    .filter((key) => Object.hasOwn(file.value, key))
    .map((key) => `'${key}' in ${file.where([key])} has no effect in mode ${mode}${idleWhy}`);
  return [...idleHeads, ...inPolicy, ...inFile];
}

function licenceWarnings({ licences }: CollectionDraft, file: YamlFile): string[] {
  return (licences === 'any' ? [] : licences).flatMap((licence, i) => {
    const meant = wrongLicenceText(licence);
    return meant === null
      ? []
      : [`No source reports the licence ${quote(licence)} in ${file.where(['licences', i])}.${meant}`];
  });
}

function isSource(source: z.output<typeof sourceEntrySchema>): boolean {
  return SOURCE_NAMES.some((name) => name === source) || moduleOf(source, null) !== null;
}

function isUnique(items: readonly unknown[]): boolean {
  return new Set(items).size === items.length;
}
