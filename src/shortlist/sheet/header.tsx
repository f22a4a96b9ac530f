/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { Collection } from '../../collection/collection.ts';
import { FunnelBars, type FunnelStage } from '../../page/funnel.tsx';
import { countText } from '../../kernel/texts.ts';
import { Name } from './card.tsx';

/** Facts about the whole collection, for the top of its contact sheet. */
export interface SheetHeader extends Pick<Collection, 'mode' | 'ensemble' | 'policy'> {
  readonly collection: string;
  /** Number of classes that a model can predict. */
  readonly classCount: number;
  /** Last change of the shortlist. It is read from the catalogue, so the same catalogue gives the same bytes. */
  readonly builtAt: Date;
  /** The stages in pipeline order; the first has the most photos. */
  readonly funnel: readonly FunnelStage[];
}

const MODES = { A: 'A, mislabelled by the models', O: 'O, out of distribution' } as const;

/** The top of the sheet: the collection's facts and its funnel. */
export function Top({ sheet }: { readonly sheet: SheetHeader }) {
  return (
    <header class="top">
      <p class="eyebrow">Contact sheet</p>
      <h1>
        <Name text={sheet.collection} />
      </h1>
      <div class="overview">
        <Facts sheet={sheet} />
        <FunnelBars stages={sheet.funnel} />
      </div>
      <Legend mode={sheet.mode} />
    </header>
  );
}

function Facts({ sheet }: { readonly sheet: SheetHeader }) {
  const { mode, ensemble, policy, builtAt } = sheet;
  const capped =
    mode === 'A' ? 'for each confusion of a class' : 'for each class a concept is taken for (our addition)';
  const iso = builtAt.toISOString();
  const members = ensemble.map((member) => (
    <span key={member} class="member">
      {member}
    </span>
  ));
  const built = <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`}</time>;
  return (
    <dl class="facts">
      <Fact name="Mode">{MODES[mode]}</Fact>
      <Fact name="Ensemble">{members}</Fact>
      <Fact name={mode === 'O' ? 'Kept' : 'Dropped'}>{ruleText(sheet)}</Fact>
      <Fact name="Cap">{`${policy.cap} ${capped}`}</Fact>
      <Fact name="Near-duplicate">{twinText(policy)}</Fact>
      <Fact name="Built">{built}</Fact>
    </dl>
  );
}

export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function twinText({ nearDuplicateDistance, nearDuplicateCosine }: SheetHeader['policy']): string {
  const byFeatures = nearDuplicateCosine === null ? '' : `, or features at least ${nearDuplicateCosine} like one's`;
  return `within ${nearDuplicateDistance} of 64 bits of a listed photo, confirmed by the finer hash${byFeatures}`;
}

/** The filter's rule in words, for the collection's mode. */
function ruleText({ mode, policy, classCount }: SheetHeader): string {
  if (mode === 'O') {
    return `if the mean p over ten crops is at least ${policy.minConfidence} for one of ${countText(classCount)} classes`;
  }
  const over = policy.aggregation === 'max' ? 'any crop' : 'the mean of the crops';
  const members = policy.members === 'any' ? 'any member' : 'all members';
  return `if correct or p of the class searched as > ${policy.threshold}, on ${over} of ${members}`;
}

const LEGENDS = {
  A: {
    searched: 'the largest p over members and crops; the mark is the threshold',
    predicted: 'the mean p over members and crops',
    order: 'lowest p of the class searched as first, so the photos most foreign to the models lead each class',
  },
  O: {
    searched: "a concept, none of the model's classes",
    predicted: 'the mean p over ten crops; the mark is the least kept',
    order: 'highest p first, so the photos that the model is surest of lead each concept',
  },
} as const;

/** Explains the bars and the order. */
export function Legend({ mode }: Pick<SheetHeader, 'mode'>) {
  const { searched, predicted, order } = LEGENDS[mode];
  return (
    <ul class="legend">
      <li>
        <span class="key searched">Searched as:</span> {searched}
      </li>
      <li>
        <span class="key predicted">Predicted class:</span> {predicted}
      </li>
      <li>Order: {order}</li>
    </ul>
  );
}
