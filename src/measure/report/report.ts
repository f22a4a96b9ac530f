import type { HumanAccuracy } from '../../core/kernel/human-accuracy.ts';
import type { StatedAcceptance } from '../../core/kernel/acceptance.ts';
import type { PairedDifference } from '../evaluate/metrics/by-creator.ts';
import type { ConfusionCount, ConfusionMatrix } from '../evaluate/metrics/confusion.ts';
import type { Interval } from '../../core/kernel/wilson.ts';
import type { StratumName } from '../../core/kernel/strata.ts';
import type { TrainingData } from '../../core/collection/training-data.ts';
import type { Funnel } from '../../core/kernel/funnel.ts';
import type { QueryYield, Yields } from '../../core/status/yields.ts';
import type { Sha256 } from '../../core/kernel/ids.ts';
import type { AgreementReport } from '../../core/review/agreement/agreement.ts';
import type { ReviewerLine } from '../../core/review/people/people.ts';
import type { Heatmap } from '../../core/review/desk/desk.ts';
import type { WithInterval } from '../charts/estimate.ts';
import type { ClassAccuracy, Evaluation, EvaluationCurves } from '../evaluate/evaluation.ts';
import type { FittedPhotos } from '../../core/kernel/texts.ts';
import type { RankAgreement } from '../evaluate/metrics/kendall.ts';
import type { NoPower, Power } from '../evaluate/metrics/power.ts';
import type { Mode } from '../../core/kernel/mode.ts';

/** Photos that a report can be of: those that reviewers accepted, the listed ones, or all that the filter kept. */
export const REPORTED_PHOTOS = ['accepted', 'listed', 'kept'] as const;
export type ReportedPhotos = (typeof REPORTED_PHOTOS)[number];

/** Version of the shape of a report. It rises with each release that changes it. */
export const REPORT_FORMAT = 4;

/** `report.json`. All shares are fractions, 0..1. */
export interface Report {
  readonly format: typeof REPORT_FORMAT;
  readonly collection: string;
  readonly mode: Mode;
  readonly winnow: string;
  /** Id of the export that has exactly these photos; null: there is none. */
  readonly revision: string | null;
  /** When the newest fact that the report describes entered the catalogue, as `2026-11-26T12:00:00.000Z`. */
  readonly at: string;
  readonly state: CatalogueState;
  readonly set: { readonly which: ReportedPhotos; readonly photos: number; readonly classes: number };
  readonly among: number;
  readonly classNames: Readonly<Record<string, string>>;
  readonly rule: readonly string[];
  readonly choices: readonly string[];
  readonly clean: { readonly folder: string; readonly photos: number; readonly classes: number } | null;
  readonly inDistribution: { readonly folder: string; readonly photos: number } | null;
  readonly leftOut: readonly { readonly model: string; readonly reason: string }[];
  readonly funnel: ReportFunnel;
  /** Models that were no members first, then the members. */
  readonly models: readonly ModelReport[];
  /** Accuracy of each model on the accepted controls of the set's classes. Left out, as the verdicts, if no control was accepted or rejected. */
  readonly control?: readonly ControlAccuracy[];
  readonly controlVerdicts?: { readonly accepted: number; readonly rejected: number };
  /** Accuracy on the crawl, of the models that did not filter; or why it is unknown. Absent in reports of an older winnow. */
  readonly crawl?: ReportedCrawl | { readonly reason: string };
  readonly comparisons: readonly Comparison[];
  /** `winnow power` of the photos of the set. Absent in reports of an older winnow. */
  readonly power?: ReportedPower;
  /** The two members whose clean accuracies differ most; null with fewer than two, or without clean photos. */
  readonly memberGap: MemberGap | null;
  readonly confusion: ConfusionReport;
  readonly crops: CropReport;
  /** Absent in reports stored by an older winnow. */
  readonly fairness?: Fairness;
  readonly agreement: AgreementReport;
  /** Mode A: `winnow quiz results`, with letters instead of names. Reports that were made before winnow measured it lack it. */
  readonly human?: HumanAccuracy;
  /** `winnow reviewers`, with the letters that exports give them. Reports of an older winnow lack it. */
  readonly reviewers?: readonly ReviewerLine[];
  readonly labelError: LabelError;
  readonly acceptance: readonly AcceptanceRow[];
  readonly licences: readonly { readonly licence: string; readonly url: string; readonly photos: number }[];
  readonly sources: readonly { readonly source: string; readonly photos: number }[];
  readonly tags: readonly { readonly tag: string; readonly photos: number }[];
  readonly gallery: readonly GalleryPhoto[];
}

/** The catalogue facts that a report depends on. Reports of one state with the same folders and models are equal. */
export interface CatalogueState {
  /** SHA-256 of the candidates, the decisions, the listed photos, the actions of reviewers, the quiz answers, the exports and the takedowns. */
  readonly sha256: string;
  readonly decisions: number;
  readonly listed: number;
  readonly actions: number;
}

/** `winnow status --json` without what changes by the minute, with yields and with the time that each stage took. */
export interface ReportFunnel extends Pick<Funnel, 'totals' | 'classes' | 'sources'> {
  readonly yields: Yields;
  readonly queries: readonly QueryYield[];
  readonly durations: readonly StageDuration[];
}

export interface StageDuration {
  readonly stage: 'discover' | 'fetch' | 'filter' | 'review';
  readonly results: number;
  readonly first: string | null;
  readonly last: string | null;
}

/** `clean`: accuracy on the clean photos, with its Wilson interval. `drop`: `clean - accuracy`. Both are null without `--clean`. */
export interface ModelReport extends Evaluation, WithInterval<'clean' | 'drop', number | null> {
  readonly isMember: boolean;
  /** True if it runs a member's file but is no member: a head over a member's backbone, or the backbone of a member. */
  readonly sharesBackbone: boolean;
  /** The family that its card names, such as ResNet; null if it names none. Absent in reports of an older winnow. */
  readonly family?: string | null;
  /** The photos that it was trained on, as its card says; null if it does not. Absent in reports of an older winnow. */
  readonly trainingData?: TrainingData | null;
  /** Photos of the set that were uploaded after the last of these, of those with a day of upload; null if either is unknown. */
  readonly uploadedLater?: { readonly photos: number; readonly dated: number } | null;
  /** The photos that a head was fitted on; null if the model is no head. */
  readonly fitted: FittedPhotos | null;
  readonly cleanPhotos: number;
  readonly perClass: readonly ReportedClass[];
  readonly perConfusion: readonly ReportedConfusion[];
  /** Only for members whose accuracy is 0 by the rule: it has no interval, because chance has no part in it. */
  readonly accuracyByRule?: true;
  /** Members only: what the rule implies for them, a sentence. */
  readonly implied: string | null;
  readonly curves: EvaluationCurves;
}

export interface ReportedClass extends ClassAccuracy {
  readonly clean: number | null;
  readonly drop: number | null;
}

export interface ReportedConfusion extends ClassAccuracy {
  readonly predictedWnid: string;
  /** Accuracy on the clean photos of the searched class, minus that on these photos; null without clean photos of it. */
  readonly drop: number | null;
}

/** Accuracy of `a` minus accuracy of `b` on the same photos, with an interval by creator on the set, if photos name theirs. */
export interface Comparison extends PairedDifference {
  readonly a: string;
  readonly b: string;
  readonly on: 'set' | 'clean';
  readonly photos: number;
  /** `p` with Holm's correction for all pairs on the same photos; 0..1. */
  readonly pHolm: number;
}

/**
 * The Wilson 95 % interval of the accuracy is `low` and `high`. `difference`: the accuracy on these photos, which a member got
 * right, minus that on the set, with Newcombe's 95 % interval.
 */
export interface ControlAccuracy extends WithInterval<'difference', number | null> {
  readonly model: string;
  readonly photos: number;
  readonly accuracy: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

/** Estimates for all photos of the classes of the set that the filter kept, or dropped as `correct` or `confident`. */
export interface ReportedCrawl {
  /** The share of valid photos, which people accept, with the ends of its 95 % interval. */
  readonly valid: (Interval & { readonly share: number }) | { readonly share: null; readonly reason: string };
  readonly strata: readonly CrawlStratum[];
  readonly models: readonly CrawlAccuracy[];
}

/** All listed photos are judged, of the others those that were `drawn`. */
export interface CrawlStratum {
  readonly name: StratumName;
  readonly photos: number;
  readonly drawn: number;
  /** Drawn photos that people accept. */
  readonly valid: number;
}

export type CrawlAccuracy = { readonly model: string } & (
  | (Interval & { readonly accuracy: number })
  | { readonly accuracy: null; readonly reason: string }
);

export type ReportedPower = Power | NoPower | { readonly reason: string };

export interface MemberGap {
  readonly higher: string;
  readonly lower: string;
  readonly difference: number;
  /** More than 2 points: the paper's members had similar accuracies. */
  readonly isLarge: boolean;
}

export interface ConfusionReport extends Omit<ConfusionMatrix, 'top'> {
  readonly top: readonly (ConfusionCount & { readonly examples: readonly Sha256[] })[];
}

export interface CropReport {
  readonly models: readonly {
    readonly model: string;
    readonly isMember: boolean;
    readonly photos: number;
    /** For each crop, 0..9 in TenCrop order: mean p of the searched class, and on how many photos this crop is the highest. */
    readonly crops: readonly { readonly trueProb: number; readonly closest: number }[];
    /**
     * Photos that the centre crop gets right, mirrored or not; that any crop gets right; and that only other crops get right. The
     * accuracy of a model is that of the centre crop that is not mirrored.
     */
    readonly centreCorrect: number;
    readonly anyCorrect: number;
    readonly onlyOffCentre: number;
  }[];
}

/** How far the set and the ranking of models depend on the choice of members. */
export interface Fairness extends RankAgreement {
  /** True if the missing crops were run first (`--fill`). Photos without bytes lack them all the same. */
  readonly isFilled?: boolean;
  /** In the order of the ensemble; empty with one member. */
  readonly leftOut: readonly LeftOutMember[];
  /** Accuracies on photos that the model did not help to choose; none in mode O. */
  readonly models: readonly FairAccuracy[];
  /** Tau compares the ranking by accuracy on the set with that by `models`; these are the models that both rank. */
  readonly ranked: readonly string[];
  /** Accuracies on the set, with intervals by creator; null if no photo names a creator, or all name one. */
  readonly byCreator: {
    readonly creators: number;
    /** Photos that name no creator. Each counts as one of its own. */
    readonly unnamed: number;
    readonly models: readonly FairAccuracy[];
  } | null;
}

export interface LeftOutMember {
  readonly member: string;
  /** Photos of the set that the filter would keep without the member, and those that it would drop. */
  readonly kept: number;
  readonly removed: number;
  /** Photos that the filter drops and would keep without the member. */
  readonly gained: number;
  /** Photos whose stored evidence does not decide this. */
  readonly undecided: number;
}

/** The accuracy is null without photos, or if `unread` photos can still be filled. */
export interface FairAccuracy extends WithInterval<'accuracy', number | null> {
  readonly model: string;
  readonly isMember: boolean;
  readonly photos: number;
  /** Members only: photos that the others keep or may keep, and whose evidence is missing. */
  readonly unread?: number;
}

/** The inspection by the second pass, and what it asked. */
export interface LabelError extends StatedAcceptance {
  readonly question: string;
}

export interface AcceptanceRow {
  readonly by: 'source' | 'class' | 'score';
  /** A source, a wnid, or a range as `0.050-0.075`. */
  readonly key: string;
  readonly accepted: number;
  readonly rejected: number;
  /** accepted / (accepted + rejected), with the ends of its Wilson 95 % interval. */
  readonly share: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface GalleryPhoto {
  readonly sha256: Sha256;
  readonly wnid: string;
  readonly predictedWnid: string;
  /** The largest p of the searched class (null in mode O), and the mean p of the predicted one. */
  readonly maxTrueProb: number | null;
  readonly predictedProb: number;
  readonly credit: string;
  readonly licence: string;
  readonly tags: readonly string[];
  /** The model that the heatmaps are of; null: none can be computed. */
  readonly model: string | null;
  readonly searched: Heatmap | null;
  readonly predicted: Heatmap | null;
}
