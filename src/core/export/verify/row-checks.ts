import { UNKNOWN_LICENCE, normaliseLicence } from '../../collection/licence.ts';
import { changeOf } from '../card/attribution.ts';
import { photoId } from '../revisions/revision-id.ts';
import { mayExport } from '../select/rights.ts';
import { ORIGINAL_COLUMNS, type PhotoRow } from '../select/photo-row.ts';
import { keepsMetadata, type Protocol } from '../protocol.ts';
import type { Check } from './findings.ts';
import { unsafePath } from '../layout.ts';
import { isSorted } from './protocol-checks.ts';
import type { Mode } from '../../kernel/mode.ts';

export interface RowProblem {
  readonly check: Check;
  readonly detail: string;
}

export interface RowRules {
  readonly protocol: Protocol;
  readonly classes: ReadonlyMap<string, Protocol['classes'][number]>;
  readonly among: ReadonlySet<string>;
  readonly searched: ReadonlySet<string>;
}

export function rowRules(protocol: Protocol): RowRules {
  return {
    protocol,
    classes: new Map(protocol.classes.map((each) => [each.wnid, each])),
    among: new Set(protocol.among),
    searched: new Set(protocol.searched),
  };
}

export function rowProblems(row: PhotoRow, rules: RowRules): RowProblem[] {
  return [
    ...fileProblems(row, rules),
    ...originalProblems(row, rules.protocol),
    ...furtherProblems(row, rules),
    ...splitProblems(row, rules.protocol),
    ...classProblems(row, rules),
    ...licenceProblems(row, rules.protocol),
    ...ruleProblems(row, rules),
  ];
}

/** Checks a row of control/metadata.jsonl: a photo that the filter dropped because a model predicted its class. */
export function controlProblems(row: PhotoRow, rules: RowRules): RowProblem[] {
  const { protocol } = rules;
  const { wnid, split, max_true_prob, predicted_wnid } = row;
  const all = [...(protocol.control?.classes ?? []), ...protocol.classes];
  const classes = new Map(all.map((each) => [each.wnid, each]));
  return [
    ...fileProblems(row, { protocol: { ...protocol, options: { ...protocol.options, names: 'id' } } }),
    ...originalProblems(row, rules.protocol),
    ...furtherProblems(row, rules),
    ...classProblems(row, { classes }),
    ...licenceProblems(row, protocol),
    ...problems('metadata', [
      split !== 'control' && `Expected the split 'control' but received '${split}'`,
      !protocol.searched.includes(wnid) && `Expected a searched class but received '${wnid}'`,
      !isShare(max_true_prob) && `Expected a max_true_prob from 0 to 1 but received ${max_true_prob}`,
    ]),
    ...problems('rule', [
      (protocol.rule.mode === 'O' || predicted_wnid !== wnid) &&
        `Expected a control, which the filter dropped as correct, but the prediction is '${predicted_wnid}' and not '${wnid}'`,
    ]),
  ];
}

function splitProblems({ split }: PhotoRow, { control }: Protocol): RowProblem[] {
  const expected = control === undefined ? undefined : 'test';
  return problems('metadata', [
    split !== expected &&
      `Expected ${expected === undefined ? 'no split' : `the split '${expected}'`} but received '${split}'`,
  ]);
}

function fileProblems(row: PhotoRow, { protocol }: Pick<RowRules, 'protocol'>): RowProblem[] {
  const { options } = protocol;
  const { file_name, id, wnid, sha256, original_sha256, tags } = row;
  const ownId = photoId(original_sha256);
  const hasIds = options.names === 'id';
  return problems('metadata', [
    !isOwnName(row, hasIds) &&
      `Expected the file name ${wnid}/${hasIds ? id : 'NAME'}.jpg or .png but received '${file_name}'`,
    id !== ownId && `Expected the id ${ownId}, from original_sha256, but received '${id}'`,
    keepsMetadata(protocol) &&
      changeOf(row) === 'stripped' &&
      `Expected the bytes of the source, ${original_sha256}, or a converted PNG but received ${sha256}`,
    !isSorted(tags) && `Expected sorted tags, each once, but received ${tags.join(', ')}`,
  ]);
}

/** Checks the columns that exports of earlier versions lack. */
function originalProblems(row: PhotoRow, { restrictions }: Protocol): RowProblem[] {
  const lists = [row.restrictions ?? [], row.usage_signals ?? []];
  return problems('metadata', [
    ORIGINAL_COLUMNS.some((column) => (row[column] === undefined) !== (restrictions === undefined)) &&
      `Expected ${ORIGINAL_COLUMNS.join(', ')} in a row exactly if protocol.json counts restrictions`,
    ...lists.map(
      (list) => !isSorted(list) && `Expected a sorted list, each item once, but received ${list.join(', ')}`,
    ),
  ]);
}

/** Checks the further classes. In mode O there are none. */
function furtherProblems({ wnid, also_wnids: also }: PhotoRow, { protocol, among }: RowRules): RowProblem[] {
  const isNameable = (one: string): boolean => protocol.rule.mode === 'A' && one !== wnid && among.has(one);
  return problems('metadata', [
    (also === undefined) !== (protocol.review.alsoPhotos === undefined) &&
      `Expected also_wnids in a row exactly if protocol.json counts review.alsoPhotos`,
    also !== undefined &&
      !(isSorted(also) && also.every(isNameable)) &&
      `Expected also_wnids to be other classes of 'among' than ${wnid}, sorted, each once, but received ${also.join(', ')}`,
  ]);
}

/** Released names are as the release has them, and mode O's end with `.JPEG` there. */
function isOwnName({ file_name, id, wnid }: PhotoRow, hasIds: boolean): boolean {
  if (hasIds) return [`${wnid}/${id}.jpg`, `${wnid}/${id}.png`].includes(file_name);
  const [folder, base = '', ...deeper] = file_name.split('/');
  const isPlaced = unsafePath(file_name) === null && folder === wnid && deeper.length === 0;
  return isPlaced && /.\.(?:jpg|JPEG|png)$/.test(base);
}

function classProblems({ wnid, label, class_name }: PhotoRow, { classes }: Pick<RowRules, 'classes'>): RowProblem[] {
  const own = classes.get(wnid);
  if (own === undefined) return problems('class-order', [`Expected a class of protocol.json but received '${wnid}'`]);
  return problems('class-order', [
    label !== own.label && `Expected the label ${own.label} of ${wnid} but received ${label}`,
    class_name !== own.name && `Expected the name '${own.name}' of ${wnid} but received '${class_name}'`,
  ]);
}

function licenceProblems({ license, creator }: PhotoRow, { options }: Protocol): RowProblem[] {
  const id = normaliseLicence(license).id;
  return problems('licence', [
    license.trim() === ''
      ? `Expected a licence, or '${UNKNOWN_LICENCE}', but there is none`
      : license !== id && `Expected the licence '${id}' but it is written '${license}'`,
    creator.trim() === '' && `Expected a creator, or 'unknown', but there is none`,
    !mayExport(license, options) &&
      `Expected ${options.licences === null ? 'a licence that allows redistribution' : `one of the licences ${options.licences.join(', ')}`} but received '${license}'`,
  ]);
}

type Rule<M extends Mode> = Extract<Protocol['rule'], { readonly mode: M }>;

function ruleProblems(row: PhotoRow, rules: RowRules): RowProblem[] {
  const { rule } = rules.protocol;
  return rule.mode === 'A' ? modeAProblems(row, rules, rule) : modeOProblems(row, rules, rule);
}

function modeAProblems(row: PhotoRow, { among, searched }: RowRules, rule: Rule<'A'>): RowProblem[] {
  const { wnid, max_true_prob, predicted_wnid, predicted_prob, searched_wnid } = row;
  const isOther = among.has(predicted_wnid) && predicted_wnid !== wnid;
  return [
    ...problems('metadata', [
      !isShare(max_true_prob) && `Expected a max_true_prob from 0 to 1 but received ${max_true_prob}`,
      !isShare(predicted_prob) && `Expected a predicted_prob from 0 to 1 but received ${predicted_prob}`,
      searched_wnid !== undefined && `Expected no searched_wnid in mode A but received '${searched_wnid}'`,
      !searched.has(wnid) && `Expected a searched class but received '${wnid}'`,
      !isOther && `Expected another class of the mask as predicted_wnid but received '${predicted_wnid}'`,
    ]),
    ...thresholdProblems(row, rule),
  ];
}

/** If all members must agree to drop a photo, one of them may be confident. Then only the models can tell. */
function thresholdProblems({ max_true_prob }: PhotoRow, rule: Rule<'A'>): RowProblem[] {
  if (rule.members === 'all') return [];
  return problems('rule', [
    (max_true_prob ?? 0) > rule.threshold &&
      `Expected a max_true_prob of at most the threshold ${rule.threshold} but received ${max_true_prob}`,
  ]);
}

function modeOProblems(row: PhotoRow, { protocol, searched }: RowRules, rule: Rule<'O'>): RowProblem[] {
  const { folders } = protocol;
  const { wnid, max_true_prob, predicted_wnid, predicted_prob, searched_wnid } = row;
  const ownFolder = folders === 'concept' ? searched_wnid : predicted_wnid;
  return [
    ...problems('metadata', [
      max_true_prob !== null && `Expected null for max_true_prob in mode O but received ${max_true_prob}`,
      searched_wnid === undefined && 'Expected a searched_wnid in mode O but there is none',
      wnid !== ownFolder && `Expected the folder ${ownFolder} but received '${wnid}'`,
      !isShare(predicted_prob) && `Expected a predicted_prob from 0 to 1 but received ${predicted_prob}`,
    ]),
    ...problems('rule', [
      predicted_prob < rule.minConfidence &&
        `Expected a predicted_prob of at least ${rule.minConfidence} but received ${predicted_prob}`,
      !searched.has(predicted_wnid) &&
        `Expected one of the predictable classes as predicted_wnid but received '${predicted_wnid}'`,
    ]),
  ];
}

function isShare(value: number | null): boolean {
  return value !== null && value >= 0 && value <= 1;
}

function problems(check: Check, details: readonly (string | false)[]): RowProblem[] {
  return details.filter((detail) => detail !== false).map((detail) => ({ check, detail }));
}
