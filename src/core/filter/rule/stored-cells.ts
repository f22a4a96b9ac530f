import { CROPS_PER_MEMBER, noCrops, type CropEvidence } from '../../models/evidence/evidence.ts';
import type { MemberDigest } from './digest.ts';
import { CERTAINLY_FIRST } from './mean-probabilities.ts';

/** The summaries of one member's evaluated crops: bytes [start, end) of `view`, empty if the two are equal. */
export interface CellSpan {
  readonly view: DataView;
  readonly start: number;
  readonly end: number;
  /** The member is of the sigmoid kind. */
  readonly isSigmoid?: boolean;
}

/** Crop and whether there are logits, top1, p(top1), number of classes (`0001-initial/evidence.ts`). */
const HEAD_BYTES = 14;
/** A class and its p. */
const CLASS_BYTES = 10;
const WITH_LOGITS = 16;

export interface StoredDigest extends MemberDigest {
  /** The part of a digest that summaries alone leave open: nothing, the argmax of the mean, or everything. */
  readonly unclear: 'nothing' | 'mean' | 'all';
}

/** An upper bound of the rounding difference between two sums of ten terms. */
const ROUNDING = 1e-9;

/** Equal to `digestOf`, but from one member's stored summaries, without creating objects for half a million crops. */
export function digestOfCells(span: CellSpan, truth: number): StoredDigest {
  const { view, end } = span;
  let [read, withLogits, maxTrueProb, sumTrueProb] = [0, 0, 0, 0];
  let [isRight, isPartlyHidden] = [false, false];
  for (let at = span.start; at < end;) {
    const hasLogits = view.getInt16(at) >= WITH_LOGITS;
    const isFirst = view.getInt16(at + 2) === truth;
    const prob = probabilityAt(view, at, truth);
    if (hasLogits) withLogits += 1;
    if (isFirst) isRight = true;
    if (prob >= 0) {
      read += 1;
      sumTrueProb += prob;
      if (prob > maxTrueProb) maxTrueProb = prob;
    } else if (hasLogits) isPartlyHidden = true;
    at += HEAD_BYTES + CLASS_BYTES * view.getInt16(at + 12);
  }
  const meanTrueProb = sumTrueProb / CROPS_PER_MEMBER;
  const isSigmoid = span.isSigmoid === true;
  const isMeanDecided = (!isSigmoid && meanTrueProb > CERTAINLY_FIRST) || isBeaten(span, truth, sumTrueProb);
  const isMeanOpen = withLogits === CROPS_PER_MEMBER && !isMeanDecided;
  return {
    read,
    withLogits,
    isRight,
    maxTrueProb,
    meanTrueProb,
    isRightInMean: false,
    isSigmoid,
    unclear: isPartlyHidden ? 'all' : isMeanOpen ? 'mean' : 'nothing',
  };
}

function probabilityAt(view: DataView, at: number, truth: number): number {
  const classes = view.getInt16(at + 12);
  for (let i = 0; i < classes; i += 1) {
    const of = at + HEAD_BYTES + CLASS_BYTES * i;
    if (view.getInt16(of) === truth) return view.getFloat64(of + 2);
  }
  return view.getInt16(at + 2) === truth ? view.getFloat64(at + 4) : -1;
}

/** True if another class has a larger sum over the crops where it comes first than the true class has over all crops. */
function isBeaten({ view, start, end }: CellSpan, truth: number, sumTrueProb: number): boolean {
  const sums = new Map<number, number>();
  for (let at = start; at < end; at += HEAD_BYTES + CLASS_BYTES * view.getInt16(at + 12)) {
    const top1 = view.getInt16(at + 2);
    const sum = (sums.get(top1) ?? 0) + view.getFloat64(at + 4);
    if (top1 !== truth && sum > sumTrueProb + ROUNDING) return true;
    sums.set(top1, sum);
  }
  return false;
}

/**
 * Chooses among the cells of several execution providers: for each crop the one that answers most, the first of equals
 * (`counted_evidence`).
 */
export function countedCells(spans: readonly CellSpan[]): CellSpan {
  const [first = NO_CELLS, ...others] = spans.filter(({ start, end }) => end > start);
  if (others.length === 0) return first;
  const best = new Map<number, CellSpan>();
  const rankOf = ({ view, start }: CellSpan): number =>
    (view.getInt16(start) >= WITH_LOGITS ? 2 ** 16 : 0) + view.getInt16(start + 12);
  for (const { view, start, end } of [first, ...others])
    for (let at = start; at < end;) {
      const cell = { view, start: at, end: at + HEAD_BYTES + CLASS_BYTES * view.getInt16(at + 12) };
      const crop = view.getInt16(at) % WITH_LOGITS;
      const known = best.get(crop);
      if (known === undefined || rankOf(cell) > rankOf(known)) best.set(crop, cell);
      at = cell.end;
    }
  const bytes = Buffer.concat(
    [...best].toSorted(([a], [b]) => a - b).map(([, { view, start, end }]) => bytesOf(view).subarray(start, end)),
  );
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { ...first, view, start: 0, end: bytes.byteLength };
}

const NO_CELLS: CellSpan = { view: new DataView(new ArrayBuffer(0)), start: 0, end: 0 };

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function countCrops({ view, start, end }: CellSpan): { readonly crops: number; readonly withLogits: number } {
  let [crops, withLogits] = [0, 0];
  for (let at = start; at < end; at += HEAD_BYTES + CLASS_BYTES * view.getInt16(at + 12)) {
    crops += 1;
    if (view.getInt16(at) >= WITH_LOGITS) withLogits += 1;
  }
  return { crops, withLogits };
}

export function cellsOf({ view, start, end, isSigmoid }: CellSpan): {
  crops: (CropEvidence | null)[];
  hasLogits: boolean;
} {
  const crops = noCrops();
  let hasLogits = false;
  for (let at = start; at < end;) {
    const mark = view.getInt16(at);
    const classes = view.getInt16(at + 12);
    const trueProbs = new Map<number, number>();
    for (let i = 0; i < classes; i += 1) {
      const of = at + HEAD_BYTES + CLASS_BYTES * i;
      trueProbs.set(view.getInt16(of), view.getFloat64(of + 2));
    }
    crops[mark % WITH_LOGITS] = {
      top1: view.getInt16(at + 2),
      top1Prob: view.getFloat64(at + 4),
      trueProbs,
      logits: null,
      ...(isSigmoid === true ? { isSigmoid } : {}),
    };
    if (mark >= WITH_LOGITS) hasLogits = true;
    at += HEAD_BYTES + CLASS_BYTES * classes;
  }
  return { crops, hasLogits };
}
