/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { Collection } from '../../collection/collection.ts';
import { FunnelBars, type FunnelStage } from '../../page/funnel.tsx';
import { Name } from './card.tsx';
import { SHEET_TEXTS } from './modes.ts';

export interface SheetHeader extends Pick<Collection, 'mode' | 'ensemble' | 'policy'> {
  readonly collection: string;
  /** Number of classes that a model can predict. */
  readonly classCount: number;
  /** Last change of the shortlist. It is read from the catalogue, so the same catalogue gives the same bytes. */
  readonly builtAt: Date;
  readonly funnel: readonly FunnelStage[];
}

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
  const { mode, ensemble, policy, builtAt, classCount } = sheet;
  const { about, ruleName, ruleText, capped } = SHEET_TEXTS[mode];
  const iso = builtAt.toISOString();
  const members = ensemble.map((member) => (
    <span key={member} class="member">
      {member}
    </span>
  ));
  const built = <time dateTime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`}</time>;
  return (
    <dl class="facts">
      <Fact name="Mode">{about}</Fact>
      <Fact name="Ensemble">{members}</Fact>
      <Fact name={ruleName}>{ruleText(policy, classCount)}</Fact>
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

export function Legend({ mode }: Pick<SheetHeader, 'mode'>) {
  const { searched, predicted, order } = SHEET_TEXTS[mode].legend;
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
