import { UNKNOWN_LICENCE, isLicenceAllowed, normaliseLicence } from '../../source/licence.ts';
import type { PhotoRow } from '../photo-row.ts';
import type { Protocol } from '../protocol.ts';
import type { Check } from './findings.ts';
import { unsafePath } from './layout.ts';

/** A check that a row does not pass, and why. */
export interface RowProblem {
  readonly check: Check;
  readonly detail: string;
}

/** What rows are compared with. */
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

/** Checks one row by itself. */
export function rowProblems(row: PhotoRow, rules: RowRules): RowProblem[] {
  return [
    ...fileProblems(row, rules.protocol),
    ...classProblems(row, rules),
    ...licenceProblems(row, rules.protocol),
    ...(rules.protocol.rule.mode === 'A' ? modeAProblems(row, rules) : modeOProblems(row, rules)),
  ];
}

function fileProblems(row: PhotoRow, { options }: Protocol): RowProblem[] {
  const { file_name, id, wnid, sha256, original_sha256, tags } = row;
  const [folder, base = '', ...deeper] = file_name.split('/');
  const isPlaced = unsafePath(file_name) === null && folder === wnid && deeper.length === 0;
  const hasName =
    options.names === 'id'
      ? /^(?:jpg|png)$/.test(base.slice(id.length + 1)) && base.startsWith(`${id}.`)
      : /.\.(?:jpg|JPEG|png)$/.test(base);
  const ownId = `p${original_sha256.slice(0, 16)}`;
  const isOriginal = sha256 === original_sha256;
  return problems('metadata', [
    (!isPlaced || !hasName) &&
      `Expected the file name ${wnid}/${options.names === 'id' ? id : 'NAME'}.jpg or .png but received '${file_name}'`,
    options.names === 'id' && id !== ownId && `Expected the id ${ownId}, from original_sha256, but received '${id}'`,
    !isOriginal &&
      !base.endsWith('.png') &&
      `Expected the bytes of the source, ${original_sha256}, or a PNG but received the JPEG ${sha256}`,
    tags.some((tag, i) => i > 0 && (tags[i - 1] ?? '') >= tag) &&
      `Expected sorted tags, each once, but received ${tags.join(', ')}`,
  ]);
}

function classProblems({ wnid, label, class_name }: PhotoRow, { classes }: RowRules): RowProblem[] {
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
    options.licences !== null &&
      !isLicenceAllowed(license, options.licences) &&
      `Expected one of the licences ${options.licences.join(', ')} but received '${license}'`,
  ]);
}

function modeAProblems(row: PhotoRow, { protocol, among, searched }: RowRules): RowProblem[] {
  const { rule } = protocol;
  const { wnid, max_true_prob, predicted_wnid, predicted_prob, searched_wnid } = row;
  const most = max_true_prob ?? Number.NaN;
  // If all members must agree to drop a photo, one of them may be confident.
  const isBelow = rule.mode !== 'A' || rule.members === 'all' || most <= rule.threshold;
  return [
    ...problems('metadata', [
      !isShare(most) && `Expected a max_true_prob from 0 to 1 but received ${max_true_prob}`,
      !isShare(predicted_prob) && `Expected a predicted_prob from 0 to 1 but received ${predicted_prob}`,
      searched_wnid !== undefined && `Expected no searched_wnid in mode A but received '${searched_wnid}'`,
      !searched.has(wnid) && `Expected a searched class but received '${wnid}'`,
      (!among.has(predicted_wnid) || predicted_wnid === wnid) &&
        `Expected another class of the mask as predicted_wnid but received '${predicted_wnid}'`,
    ]),
    ...problems('rule', [
      isShare(most) &&
        !isBelow &&
        rule.mode === 'A' &&
        `Expected a max_true_prob of at most the threshold ${rule.threshold} but received ${most}`,
    ]),
  ];
}

function modeOProblems(row: PhotoRow, { protocol, searched }: RowRules): RowProblem[] {
  const { rule, folders } = protocol;
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
      rule.mode === 'O' &&
        predicted_prob < rule.minConfidence &&
        `Expected a predicted_prob of at least ${rule.minConfidence} but received ${predicted_prob}`,
      !searched.has(predicted_wnid) &&
        `Expected one of the predictable classes as predicted_wnid but received '${predicted_wnid}'`,
    ]),
  ];
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function problems(check: Check, details: readonly (string | false)[]): RowProblem[] {
  return details.filter((detail) => detail !== false).map((detail) => ({ check, detail }));
}
