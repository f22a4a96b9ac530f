import * as z from 'zod';
import { EXPORT_FORMAT, EXPORT_REASONS, protocolSchema, type Protocol } from '../protocol.ts';
import { idOf } from '../revisions/revision-id.ts';
import { jsonExcess, jsonOf } from '../../kernel/json.ts';
import { mostDiffering } from '../../kernel/evidence-import.ts';
import { wilsonInterval } from '../../kernel/wilson.ts';
import { MODES } from '../../collection/modes.ts';

/** Limits of protocol.json and croissant.json. They are three times as large as a set of ImageNet-21k's classes asks for. */
export const JSON_LIMITS = { depth: 20, items: 2_000_000 };
export const MAX_JSON_BYTES = 32 * 1024 * 1024;

export function protocolOf(text: string): Protocol | string {
  const excess = jsonExcess(text, JSON_LIMITS);
  if (excess !== null) return excess;
  const value = jsonOf(text);
  if (value === undefined) return 'Expected JSON but the file has other text';
  const { format } = z.looseObject({ format: z.number() }).catch({ format: 0 }).parse(value);
  if (format > EXPORT_FORMAT)
    return `Expected a format from 1 to ${EXPORT_FORMAT} but received ${format}. A newer winnow wrote the export: use that version`;
  const result = protocolSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return `Expected the keys and types of a protocol but '${issue?.path.join('.')}' is wrong: ${issue?.message}`;
}

export function idProblem(protocol: Protocol): string | false {
  const own = idOf(protocol);
  return (
    protocol.id !== own &&
    `Expected the id ${own}, which follows from the other content, but received ${protocol.id}; the file was changed`
  );
}

/** Labels are positions of sorted wnids. */
export function classProblems({ classes }: Pick<Protocol, 'classes'>): (string | false)[] {
  const names = new Map<string, string>();
  return classes.flatMap(({ label, wnid, name }, i) => {
    const earlier = classes[i - 1]?.wnid;
    const namesake = names.get(name);
    names.set(name, wnid);
    return [
      label !== i && `Expected the label ${i} for '${wnid}' but received ${label}`,
      earlier !== undefined &&
        earlier >= wnid &&
        `Expected classes in the order of their wnids, each once, but '${wnid}' follows '${earlier}'`,
      namesake !== undefined &&
        `Expected another name for each class but '${namesake}' and '${wnid}' are both '${name}'`,
    ];
  });
}

export function listProblems(protocol: Protocol): (string | false)[] {
  const { among, searched, rule, models, leftOut } = protocol;
  const known = new Set(among);
  const unknown = searched.find((wnid) => !known.has(wnid));
  const reasons = leftOut.map(({ reason }) => EXPORT_REASONS.indexOf(reason));
  return [
    !isSorted(among) && "Expected sorted wnids, each once, in 'among'",
    !isSorted(searched) && "Expected sorted wnids, each once, in 'searched'",
    unknown !== undefined && `Expected the searched classes in 'among' but '${unknown}' is not there`,
    models.length > MODES[rule.mode].mostMembers && `Expected one model in mode O but received ${models.length}`,
    !isSorted(reasons) && "Expected each reason once in 'leftOut', in the order in which they are looked for",
  ];
}

/** The accuracy of each person in the quiz follows from two counts. The pooled one needs the answers, which no export has. */
export function humanProblems({ review: { human } }: Protocol): (string | false)[] {
  return (human?.people ?? []).map(({ reviewer, photos, right, accuracy, low, high }) => {
    const interval = wilsonInterval(right, photos) ?? { low: null, high: null };
    const computed = [photos === 0 ? null : right / photos, interval.low, interval.high];
    const isSame = [accuracy, low, high].every((one, i) => Math.abs((one ?? -1) - (computed[i] ?? -1)) < 1e-9);
    return (
      !isSame &&
      `Expected the accuracy and interval ${computed.join(', ')} of ${reviewer}, as ${right} right of ${photos} give them, but received ${[accuracy, low, high].join(', ')}`
    );
  });
}

/** The share that the sample of an import bounds follows from its size. */
export function importProblems({ imported }: Protocol): (string | false)[] {
  return (imported?.imports ?? []).map(({ plan, photos, compared, mostDiffering: stated }) => {
    if (photos === null || compared === null)
      return stated !== null && `Expected no share of differing photos without a sample but received ${stated}`;
    const computed = mostDiffering(photos, compared);
    return (
      !(compared <= photos && Math.abs(computed - (stated ?? -1)) < 1e-9) &&
      `Expected that at most ${computed} of the photos of the import ${plan} differ, as ${compared} of ${photos} compared give it, but received ${stated}`
    );
  });
}

export function isSorted(list: readonly (string | number)[]): boolean {
  return list.every((each, i) => i === 0 || (list[i - 1] ?? 0) < each);
}
