import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { RejectReason } from '../../kernel/reasons.ts';

export interface Subject {
  readonly sha256: Sha256;
  readonly wnid: Wnid;
}

/**
 * A photo with the id of the last event of another person about its verdict that the page had shown; 0 if it had shown none. Null if
 * the page had not shown the photo. Pages of before version 0.10 do not say.
 */
export interface SeenSubject extends Subject {
  readonly seen?: number | null | undefined;
}

export const subjectKey = ({ sha256, wnid }: Subject): string => `${sha256} ${wnid}`;

export function subjectsOf(rows: readonly Subject[]): Subject[] {
  return [...new Map(rows.map(({ sha256, wnid }) => [subjectKey({ sha256, wnid }), { sha256, wnid }])).values()];
}

/** `accept`: the photo belongs in the set. `reject`: it does not. `unsure`: a second reviewer should look at it. */
export const REVIEW_VERDICTS = ['accept', 'reject', 'unsure'] as const;
export type ReviewVerdict = (typeof REVIEW_VERDICTS)[number];

/**
 * The order in which a photo came to its reviewer, which is part of the protocol. Only old events have `noise`: photos
 * on which all models agree came first.
 */
export const SHOWN_BY = ['confusions', 'lowest', 'noise', 'source', 'newest', 'grid'] as const;
export type ShownBy = (typeof SHOWN_BY)[number];

export interface Judgement {
  readonly verdict: ReviewVerdict;
  /** Why the photo is rejected. Null for other verdicts, and if the reviewer gave no reason. */
  readonly reason: RejectReason | null;
}

export interface FurtherClasses {
  readonly alsoWnids: readonly Wnid[];
}

interface Seen {
  /** The last event of another person that the author had seen. Without it: none, or it was not said. */
  readonly seen?: number;
}

interface KindOf<Kind extends string, Value> {
  readonly kind: Kind;
  readonly value: Value;
  /** The id of the event that an undo takes back, or of the undo that a redo takes back. */
  readonly undoes: Kind extends 'undo' | 'redo' ? number : null;
}

export type ReviewAction =
  /** `isBlind`: the reviewer could not see others' verdicts on the photo. */
  | KindOf<'verdict', Judgement & Seen & { readonly shownBy: ShownBy; readonly isBlind?: boolean }>
  /** All further classes that the reviewer clearly sees on the photo, sorted: they replace the earlier ones. */
  | KindOf<'also', FurtherClasses>
  /** All tags that the reviewer gives the photo: they replace the earlier ones. */
  | KindOf<'tag', { readonly tags: readonly string[] }>
  | KindOf<'note', { readonly note: string }>
  | KindOf<'flag', { readonly flagged: boolean }>
  | KindOf<'adjudicate', Judgement & Seen>
  | KindOf<'import', Judgement & { readonly note: string }>
  | KindOf<'undo', Seen | null>
  /** `isBlind: false`: it brings a verdict back after the reviewer could see others' verdicts. */
  | KindOf<'redo', (Seen & { readonly isBlind?: false }) | null>;

export type NewReviewEvent = ReviewAction &
  Subject & {
    /** ISO 8601; defaults to now. */
    readonly at?: string;
    readonly reviewer: string;
    /** The browser tab or command that sent it. With `sequence`, which counts from 1, it makes sending twice harmless. */
    readonly client: string;
    readonly sequence: number;
  };

export type ReviewEvent = NewReviewEvent & {
  readonly id: number;
  readonly at: string;
};
