import { probabilities } from '../../models/evidence/softmax.ts';
import type { DecisionRow, StoredCropRow } from './decision-list.repository.ts';

export interface DecisionLine {
  readonly sha256: string;
  readonly wnid: string;
  readonly source: string;
  readonly sourceId: string;
  readonly candidates: readonly { readonly source: string; readonly sourceId: string }[];
  readonly state: string;
  readonly reason: string | null;
  /** The largest p(true) of the crops that ran, 0..1; null if none ran. */
  readonly maxTrueProb: number | null;
  readonly maxTrueProbIsLowerBound: boolean;
  /** The crop that dropped it; `crop` is null if a member's mean did. */
  readonly decidedBy: { readonly model: string; readonly crop: number | null } | null;
  readonly confusion: { readonly wnid: string; readonly name: string; readonly prob: number } | null;
  /** Evaluated crops only; crop 0..9 in TenCrop order. */
  readonly crops: readonly {
    readonly model: string;
    readonly crop: number;
    readonly top1: string;
    readonly pTop1: number;
    readonly pTrue: number | null;
  }[];
  /** Why it failed, the twin in a reference set, or the most likely class of a mode-O photo; otherwise null. */
  readonly detail: string | null;
}

export interface LineNames {
  readonly wnids: readonly string[];
  readonly memberIds: readonly number[];
  readonly memberNames: readonly string[];
  /** Ids of the members whose p are sigmoids. */
  readonly sigmoidIds: readonly number[];
  nameOf(wnid: string): string;
}

export function toDecisionLine(row: DecisionRow, names: LineNames): DecisionLine {
  const modelOf = (memberId: number): string =>
    names.memberNames[names.memberIds.indexOf(memberId)] ?? `member ${memberId}`;
  const truth = names.wnids.indexOf(row.wnid);
  const crops = row.crops.map((crop) => ({
    model: modelOf(crop.memberId),
    crop: crop.crop,
    top1: names.wnids[crop.top1] ?? String(crop.top1),
    pTop1: crop.pTop1,
    pTrue: trueProbOf(crop, truth, names.sigmoidIds.includes(crop.memberId)),
  }));
  const seen = crops.flatMap((crop) => (crop.pTrue === null ? [] : [crop.pTrue]));
  const undecided = row.state === 'undecided';
  return {
    sha256: row.sha256,
    wnid: row.wnid,
    source: row.candidates[0]?.source ?? '',
    sourceId: row.candidates[0]?.sourceId ?? '',
    candidates: row.candidates,
    state: row.state,
    reason: row.reason,
    maxTrueProb: undecided ? largest(seen) : row.maxTrueProb,
    maxTrueProbIsLowerBound: undecided ? true : (row.isLowerBound ?? true),
    decidedBy: row.memberId === null ? null : { model: modelOf(row.memberId), crop: row.crop },
    confusion:
      row.confusionWnid === null
        ? null
        : { wnid: row.confusionWnid, name: names.nameOf(row.confusionWnid), prob: row.confusionProb ?? 0 },
    crops,
    detail: row.detail,
  };
}

function largest(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

function trueProbOf(crop: StoredCropRow, truth: number, isSigmoid: boolean): number | null {
  if (crop.pTrue !== null || crop.logits === null) return crop.pTrue;
  const bytes = Buffer.from(crop.logits, 'hex');
  const logits = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
  return probabilities(logits, isSigmoid)[truth] ?? null;
}
