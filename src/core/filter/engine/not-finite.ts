import type { CropRef } from '../../models/evidence/evidence.ts';
import { groupBy } from '../../kernel/group-by.ts';

export interface NotFiniteCrop extends CropRef {
  /** `NaN at class 1 of 4` */
  readonly said: string;
}

/** The photo's other crops may decide it all the same. */
export interface NotFinite {
  readonly kind: 'not-finite';
  readonly detail: string;
  /** Positions in the ensemble of these models, ascending. */
  readonly members: readonly number[];
}

/** The beginning of the detail of such photos, by which `winnow doctor --deep` recognises them. */
export const NOT_FINITE_DETAIL = 'a model gave no finite numbers for it: ';

export function notFiniteProblem(
  crops: readonly NotFiniteCrop[],
  nameOf: (member: number) => string,
): NotFinite | null {
  if (crops.length === 0) return null;
  const sorted = crops.toSorted((a, b) => a.member - b.member || a.crop - b.crop);
  const byMember = [...groupBy(sorted, ({ member }) => member).values()];
  return {
    kind: 'not-finite',
    detail: `${NOT_FINITE_DETAIL}${byMember.map((of) => memberText(of, nameOf)).join('; ')}`,
    members: byMember.flatMap(([first]) => first?.member ?? []),
  };
}

/** `'lite0' on crop 4 (NaN at class 1 of 4) and on crops 5, 6` */
function memberText([first, ...others]: readonly NotFiniteCrop[], nameOf: (member: number) => string): string {
  if (first === undefined) return '';
  const noun = others.length === 1 ? 'crop' : 'crops';
  const rest = others.length === 0 ? '' : ` and on ${noun} ${others.map(({ crop }) => crop).join(', ')}`;
  return `'${nameOf(first.member)}' on crop ${first.crop} (${first.said})${rest}`;
}
