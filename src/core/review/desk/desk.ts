import type { Verdict } from '../events/verdict.ts';
import type { SourceRights } from '../../crawl/sources/source.ts';
import type { Sha256, Wnid } from '../../kernel/ids.ts';
import type { PhotoVerdict, VerdictFilter } from '../../kernel/photo-filter.ts';
import type { RejectReason } from '../../kernel/reasons.ts';
import type { FurtherClasses, Judgement, ReviewVerdict, SeenSubject, ShownBy, Subject } from '../events/event.ts';
import type { Met } from '../../kernel/met.ts';
import type { StaleSubject } from '../events/stale.ts';
import type { Mode } from '../../kernel/mode.ts';

/** The JSON protocol between the server and the review page. All paths are below `/c/NAME/api/review/`. */

export const REVIEW_ORDERS = ['confusions', 'lowest', 'source', 'newest'] as const satisfies readonly ShownBy[];
export type ReviewOrder = (typeof REVIEW_ORDERS)[number];
/** The orders of a blind review. `confusions` is then by SHA-256, because no photo to judge has a known confusion. */
export const BLIND_ORDERS = ['confusions', 'source', 'newest'] as const satisfies readonly ReviewOrder[];

/** `open`: the photo waits for a verdict of this reviewer. The other values: the state as this reviewer may see it. */
export const SHOWN_STATES = ['open', 'accepted', 'rejected', 'unsure', 'disputed'] as const;
export type ShownState = (typeof SHOWN_STATES)[number];

/** `by`, `judged` and `verdict` are of standing verdicts of people; `state` and `reason` are the photo's. */
export interface ReviewFilter extends VerdictFilter {
  readonly wnid?: Wnid | undefined;
  readonly confusion?: Wnid | undefined;
  readonly source?: string | undefined;
  readonly state?: ShownState | undefined;
  readonly reason?: RejectReason | undefined;
  readonly tag?: string | undefined;
  readonly flagged?: boolean | undefined;
  readonly verdict?: PhotoVerdict | undefined;
  /** Bounds of the largest p of the class searched as (mode O: of the mean p of the predicted class), 0..1. */
  readonly pMin?: number | undefined;
  readonly pMax?: number | undefined;
}

export interface OwnReview extends FurtherClasses, Pick<Verdict, 'reason' | 'tags' | 'note' | 'flagged'> {
  readonly verdict: ReviewVerdict | null;
}

/** A photo on the shortlist, as one reviewer may see it: a photo that waits for a second, blind verdict looks open. */
export interface ReviewPhoto extends Subject, SourceRights {
  readonly name: string;
  readonly rank: number;
  /** Null, as all that the models say, before this reviewer's verdict in a blind review. */
  readonly confusionWnid: Wnid | null;
  readonly confusionName: string | null;
  /** Null in mode O. */
  readonly maxTrueProb: number | null;
  readonly confusionProb: number | null;
  readonly acceptedOfConfusion: number;
  readonly isNoise: boolean;
  readonly width: number;
  readonly height: number;
  readonly source: string;
  /** ISO 8601, as all times of this protocol. */
  readonly foundAt: string;
  readonly state: ShownState;
  readonly reason: RejectReason | null;
  /** True if an adjudication has settled it. Then only another one changes its state. */
  readonly isSettled: boolean;
  readonly mine: OwnReview;
  /** The other reviewers' reviews. Empty while this reviewer's verdict has to be blind. */
  readonly others: readonly (OwnReview & { readonly reviewer: string })[];
  /** The last event of another person about the verdict that this reviewer may know of; 0 if there is none. */
  readonly seen: number;
}

/** `GET setup`: what a page needs to begin. */
export interface ReviewSetup {
  readonly mode: Mode;
  /** Null if the page must ask for a name (`POST reviewer {name}`, which answers with a cookie). */
  readonly reviewer: string | null;
  readonly mayReview: boolean;
  /** True on a server without tokens: the page may change the name (`POST reviewer`). */
  readonly mayRename: boolean;
  /** Reasons in the order of the keys 1 to 9. */
  readonly reasons: readonly RejectReason[];
  readonly tags: readonly string[];
  readonly orders: readonly ReviewOrder[];
  /** True if nothing from the models is shown about a photo before the reviewer's verdict on it. */
  readonly isBlind: boolean;
  readonly sources: readonly string[];
  readonly threshold: number;
  readonly cap: number;
  /** Accepted photos that a class should have; null: no target. */
  readonly target: number | null;
  readonly criteria: string;
  readonly leaseMs: number;
  /** Says how many listed photos have no licence, and what to do. Empty if all have one. */
  readonly withoutLicence: string;
}

export interface ClassProgress {
  readonly wnid: Wnid;
  readonly name: string;
  readonly listed: number;
  /** Waiting for a verdict of this reviewer. */
  readonly open: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly unsure: number;
  readonly disputed: number;
}

/** `GET classes`: every class with listed photos, in the order in which they are reviewed. */
export interface ClassList {
  readonly classes: readonly ClassProgress[];
}

/** `GET class/:wnid`, also of a class that models predict. */
export interface ClassPage {
  readonly wnid: Wnid;
  readonly name: string;
  readonly synonyms: readonly string[];
  readonly gloss: string | null;
  readonly link: string;
  /** Null if the class has no listed photos. */
  readonly progress: ClassProgress | null;
  /** Fullest quota last. */
  readonly confusions: readonly Omit<ClassProgress, 'rejected' | 'unsure' | 'disputed'>[];
  readonly references: readonly { readonly path: string; readonly name: string }[];
}

/** `POST lease`: leases the next photos to one tab. */
export interface LeaseRequest {
  /** Defaults to the person who is logged in. If the page names another person, the server refuses the request. */
  readonly reviewer?: string | undefined;
  readonly client: string;
  readonly order: ReviewOrder;
  readonly filter: ReviewFilter;
  /** The class that is shown now: its photos come first, then those of the classes after it. */
  readonly from?: Wnid | undefined;
  /** Photos of all classes at once, balanced over confusions; not class by class. */
  readonly isBalanced?: boolean | undefined;
  /** How many photos the tab wants to hold in all, 0..100. 0: it gives back all that it holds, and `open` is 0. */
  readonly count: number;
  /** Photos that the tab holds already. Leases on others are given back. */
  readonly held: readonly Subject[];
  /** Tabs of this reviewer that closed without giving their photos back. Their leases end, in every collection. */
  readonly gone?: readonly string[] | undefined;
  /** Ends the leases of this reviewer's other tabs, or of silent tabs of others, on photos of the filter's class. */
  readonly take?: 'own' | 'silent' | undefined;
}

/** Photos that wait for a verdict of this reviewer while another tab has them. */
export interface HeldPhotos {
  /** Null if the photos may get a blind second verdict: then names of others are not told. */
  readonly reviewer: string | null;
  readonly photos: number;
  /** The last of their leases ends then, unless its tab renews it. */
  readonly until: string;
  /** The time since a page of another person renewed its leases, once it has not for half of `review.leaseMs`; otherwise null. Any page may then take its photos. */
  readonly silentMs: number | null;
}

export interface LeaseAnswer {
  readonly photos: readonly ReviewPhoto[];
  /** By reviewer. Empty if a photo was free, or if none was asked for. */
  readonly heldByOthers: readonly HeldPhotos[];
  /** Held photos that another reviewer has taken. */
  readonly lost: readonly Subject[];
}

/** `GET index?FILTER&order=…`: every photo that matches, in order; its classes by position in `wnids`. */
export interface PhotoIndex {
  readonly wnids: readonly Wnid[];
  readonly photos: readonly (readonly [sha256: Sha256, wnid: number])[];
  /** Photos by state under the filter without its state. */
  readonly counts: Readonly<Record<ShownState, number>>;
}

/** A photo that another tab has. */
export interface HeldPhoto extends Subject, Pick<HeldPhotos, 'reviewer' | 'until'> {}

/** `POST rows {subjects, client?}`, at most 200 subjects: the photos that are still listed, in the order of `subjects`. */
export interface PhotoRows {
  readonly photos: readonly ReviewPhoto[];
  /** Those that other tabs have, if the request names its own tab (`client`). */
  readonly held: readonly HeldPhoto[];
}

/** One thing that a reviewer did in a tab: the unit of undo. */
export interface ActionRef {
  readonly client: string;
  /** 1, 2, … within the client. */
  readonly sequence: number;
}

export const MOST_ACTIONS_AT_ONCE = 100;
/** Most photos in all actions of a request. A page splits a decision on more photos into several requests. */
export const MOST_PHOTOS_AT_ONCE = 20_000;

interface ActionOn {
  readonly sequence: number;
  /** 1, 2, … for a decision on more photos than a request may hold; each request has the photos of one part. */
  readonly part?: number | undefined;
  readonly at: string;
}

/** `subjects`: more than one for a bulk decision. */
export type ReviewChange =
  | {
      readonly kind: 'verdict';
      readonly subjects: readonly SeenSubject[];
      readonly value: Judgement & { readonly shownBy: ShownBy };
    }
  | { readonly kind: 'adjudicate'; readonly subjects: readonly SeenSubject[]; readonly value: Judgement }
  | {
      readonly kind: 'tag';
      readonly subjects: readonly Subject[];
      readonly value: { readonly tags: readonly string[] };
    }
  | { readonly kind: 'also'; readonly subjects: readonly Subject[]; readonly value: FurtherClasses }
  | { readonly kind: 'note'; readonly subjects: readonly Subject[]; readonly value: { readonly note: string } }
  | { readonly kind: 'flag'; readonly subjects: readonly Subject[]; readonly value: { readonly flagged: boolean } }
  /**
   * `of`: the action that is taken back, or the undo that a redo takes back; of this reviewer, in any tab. `seen`: its photos of
   * which the page had shown an event of another person; earlier pages send none.
   */
  | { readonly kind: 'undo' | 'redo'; readonly of: ActionRef; readonly seen?: readonly SeenSubject[] | undefined };

export type ReviewActionSent = ActionOn & ReviewChange;

/** `POST actions`: in order; sending them again changes nothing. */
export interface ActionsRequest {
  /** Defaults to the person who is logged in. If the page names another person, the server refuses the request. */
  readonly reviewer?: string | undefined;
  readonly client: string;
  readonly actions: readonly ReviewActionSent[];
}

export interface ActionResult {
  readonly sequence: number;
  readonly stored: number;
  /** Photos that this reviewer may not decide: another reviewer decided, holds or settled them, or they are not listed. */
  readonly skipped: number;
  /** Photos of a bulk action on which it was refused. A single action is answered by 409 with the same field. */
  readonly stale?: readonly StaleSubject[];
  /** Others' verdicts that first verdicts met, which their author had not seen. */
  readonly met?: Met;
}

export interface ActionsAnswer {
  readonly results: readonly ActionResult[];
  /** The photos that changed, at most 200, and the classes that changed. */
  readonly photos: readonly ReviewPhoto[];
  readonly classes: readonly ClassProgress[];
}

export type ReviewActionStored = ActionRef &
  ReviewChangeStored & {
    readonly at: string;
    readonly photos: number;
    readonly subject: Subject;
  };

type ReviewChangeStored =
  | { readonly kind: 'verdict' | 'adjudicate'; readonly value: Judgement }
  | { readonly kind: 'also' | 'tag' | 'note' | 'flag' }
  | { readonly kind: 'undo' | 'redo'; readonly of: ActionRef };

/** `GET recent`: the last 200 actions of this reviewer in all tabs, the oldest first. */
export interface RecentActions {
  readonly actions: readonly ReviewActionStored[];
}

/** `GET evidence/:wnid/:sha256`. Empty before the verdict in a blind review. `outside`: models that are not in the ensemble. */
export interface PhotoEvidenceShown {
  readonly members: readonly ModelEvidence[];
  readonly outside: readonly ModelEvidence[];
  /** Classes besides the searched and the predicted one that a crop puts first, or that several crops find likely. */
  readonly alsoSeen: readonly { readonly wnid: Wnid; readonly name: string; readonly prob: number }[];
  /** Photos of the class that are the same picture, listed ones first. */
  readonly nearDuplicates: readonly { readonly sha256: Sha256; readonly state: 'listed' | 'left-out' }[];
  /** Other classes of the collection that were found to have the same bytes. `outcome`: as in the gallery. */
  readonly elsewhere: readonly {
    readonly wnid: Wnid;
    readonly name: string;
    readonly outcome: 'kept' | 'dropped' | 'failed' | 'undecided';
    readonly reason: string | null;
  }[];
  /** Lines like those of `winnow show`, the newest last; without other people's verdicts while the review has to be blind. */
  readonly history: readonly { readonly at: string | null; readonly text: string }[];
}

export interface ModelEvidence {
  readonly model: string;
  readonly heatmap: 'class-activation' | 'occlusion';
  readonly crops: readonly {
    /** 0..9, in TenCrop order. */
    readonly crop: number;
    /** Place on the photo, as shares of its width and height; `isMirrored`: read from right to left. */
    readonly box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
    readonly isMirrored: boolean;
    /** p of the searched class; null if it is not stored, and in mode O. */
    readonly trueProb: number | null;
    /** The five most likely classes; only the first if logits are not stored. */
    readonly top: readonly { readonly wnid: Wnid; readonly name: string; readonly prob: number }[];
  }[];
}

/** `GET heatmap/:model/:wnid/:sha256`: of the centre crop. */
export interface Heatmap {
  readonly kind: 'class-activation' | 'occlusion';
  readonly rows: number;
  readonly columns: number;
  /** Row by row; class activation: contributions to the logit whose mean plus `bias` is the logit. */
  readonly values: readonly number[];
  readonly bias: number;
  readonly logit: number;
  readonly box: ModelEvidence['crops'][number]['box'];
}
