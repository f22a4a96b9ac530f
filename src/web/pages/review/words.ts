import type {
  ClassProgress,
  HeldPhoto,
  ReviewChange,
  ReviewOrder,
  ReviewPhoto,
  ReviewSetup,
  ShownState,
} from '../../../core/review/desk/desk.ts';
import type { Judgement } from '../../../core/review/events/event.ts';
import type { RejectReason } from '../../../core/kernel/reasons.ts';
import { countOf, countText, tagText } from '../../../core/kernel/texts.ts';
import type { Mode } from '../../../core/kernel/mode.ts';

export const ORDER_TEXTS: Readonly<Record<ReviewOrder, string>> = {
  confusions: 'open confusions first',
  lowest: 'lowest p first',
  source: 'by source',
  newest: 'newest first',
};

/** True in a blind review before the reviewer's verdict. */
export const isHidden = ({ confusionWnid }: ReviewPhoto): boolean => confusionWnid === null;

export function orderText(order: ReviewOrder, { isBlind }: Pick<ReviewSetup, 'isBlind'>): string {
  return isBlind && order === 'confusions' ? 'mixed' : ORDER_TEXTS[order];
}

export const STATES = ['open', 'accepted', 'rejected', 'unsure', 'disputed'] as const;

export const REASON_TEXTS: Readonly<Record<RejectReason, string>> = {
  'in-distribution': 'class is visible',
  'wrong-class': 'wrong class',
  'several-classes': 'several classes',
  'not-a-photo': 'not a photo',
  'low-quality': 'low quality',
  unrecognisable: 'unrecognisable',
  'near-duplicate': 'near-duplicate',
  'private-or-offensive': 'private, offensive',
  'text-or-watermark': 'text, watermark',
  other: 'other reason',
};

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });

/** `26 Nov 2026 UTC`, the day by which the gallery filters. */
export function dayText(iso: string): string {
  return `${DAY.format(new Date(iso))} UTC`;
}

/** A name in a text without elements. What stands beside it keeps its place, also if the name is written from right to left. */
export const isolated = (name: string): string => `\u2068${name}\u2069`;

const MOMENT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** `26 Nov 2026, 14:05`, in the time zone of the browser. */
export function momentText(iso: string): string {
  return MOMENT.format(new Date(iso));
}

/** `accepted`, `unsure`, `rejected`, or the reason: `wrong class`. */
export function judgementText({ verdict, reason }: Judgement): string {
  if (reason !== null) return REASON_TEXTS[reason];
  return { accept: 'accepted', reject: 'rejected', unsure: 'unsure' }[verdict];
}

export function doneText(
  done: string,
  { stored, skipped }: { readonly stored: number; readonly skipped: number },
): string {
  const left =
    skipped === 0 ? '' : `, ${countText(skipped)} left as they are: others have them, or they are disputed or settled`;
  return `${countText(stored)} ${done}${left}`;
}

/** @param held null if it is not known who has the photo. @param you the reviewer of this page */
export function withOtherText(held: HeldPhoto | null, you: string | null): string {
  if (held === null) return 'another reviewer has this photo now; your verdict counts, too';
  const { reviewer, until } = held;
  return `${holderText(reviewer, you)} has this photo until ${clockText(until)}; your verdict takes it`;
}

/** @param holder null if it is not told who has a photo */
export function holderText(holder: string | null, you: string | null): string {
  return holder !== null && holder === you ? 'another page of yours' : (holder ?? 'another page');
}

const CLOCK = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });

/** `14:05`, in the time zone of the browser. */
export function clockText(iso: string): string {
  return CLOCK.format(new Date(iso));
}

/** Names an action that stores further classes. */
export const ALSO_TEXT = 'other classes';

export function actionText(change: ReviewChange): string {
  if ('of' in change) return change.kind;
  const many = change.subjects.length === 1 ? '' : ` (${countText(change.subjects.length)} photos)`;
  return `${valueText(change)}${many}`;
}

function valueText(change: Exclude<ReviewChange, { readonly of: unknown }>): string {
  if (change.kind === 'tag')
    return change.value.tags.length === 0 ? 'no tags' : `tags: ${change.value.tags.map(tagText).join(', ')}`;
  if (change.kind === 'also') return ALSO_TEXT;
  if (change.kind === 'note') return change.value.note === '' ? 'no note' : `note: “${change.value.note}”`;
  if (change.kind === 'flag') return change.value.flagged ? 'flagged' : 'flag taken off';
  return judgementText(change.value);
}

export type StateCounts = Pick<ClassProgress, 'listed' | ShownState>;

export const DECIDED = ['accepted', 'disputed', 'unsure', 'rejected'] as const;

export function sumOfStates(classes: readonly ClassProgress[]): StateCounts {
  const totals = { listed: 0, open: 0, accepted: 0, rejected: 0, unsure: 0, disputed: 0 };
  for (const one of classes) for (const part of ['listed', ...STATES] as const) totals[part] += one[part];
  return totals;
}

/** `12 of 40 accepted`, or `12 accepted` if there is no target. */
export function acceptedText(accepted: number, target: number | null): string {
  return target === null
    ? `${countText(accepted)} accepted`
    : `${countText(accepted)} of ${countText(target)} accepted`;
}

export const MODE_WORDS = {
  A: {
    /** The question about each photo; `null` if the criteria contain it. */
    question: null,
    namesClasses: true,
    first: 'searched',
    second: 'predicted',
    decisiveP: 'p of the class searched',
    /** The meaning of the two bars. @param crops evaluated crops of all models */
    bars: (crops: number): string =>
      `Largest p of the searched class${crops > 0 ? ` over ${countOf(crops, 'crop')}` : ''}; mean p of the predicted.`,
  },
  O: {
    question: 'Is any of the 1,000 classes visible?',
    namesClasses: false,
    first: 'predicted',
    second: 'searched',
    decisiveP: 'p of the class predicted',
    bars: (): string => 'Mean p of the predicted class.',
  },
} as const satisfies Record<Mode, object>;
