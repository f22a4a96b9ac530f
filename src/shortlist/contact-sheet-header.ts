import { bar, countText, shareText } from './contact-sheet-parts.ts';
import { html, type Html } from './html.ts';

/** What the top of a contact sheet says of the collection as a whole. */
export interface SheetHeader {
  /** The collection's name. */
  readonly collection: string;
  readonly mode: 'A' | 'O';
  /** The filter members' names. */
  readonly ensemble: readonly string[];
  readonly policy: SheetPolicy;
  /** Classes that a photo can be taken for. */
  readonly classCount: number;
  /** When the shortlist became what it is: from the catalogue, so that the same catalogue gives the same bytes. */
  readonly builtAt: Date;
  /** The stages in the order of the data; the first is the widest. */
  readonly funnel: readonly FunnelStage[];
}

export interface SheetPolicy {
  /** 0..1. A photo was dropped as `confident` if p of the class searched as was above. */
  readonly threshold: number;
  readonly aggregation: 'max' | 'mean';
  readonly members: 'any' | 'all';
  /** Mode O: what a photo's score must be at least, 0..1. */
  readonly minConfidence: number;
  readonly cap: number;
  /** Bits of 64. */
  readonly nearDuplicateDistance: number;
  /** Null: features are not compared. */
  readonly nearDuplicateCosine: number | null;
}

export interface FunnelStage {
  /** `found`, `fetched`, `kept`, `listed`, ... */
  readonly name: string;
  /** Photos that came through this stage. */
  readonly count: number;
  /** What the stage lost, by reason. */
  readonly lost?: readonly { readonly reason: string; readonly count: number }[];
}

const MODES = { A: 'A, mislabelled by the models', O: 'O, out of distribution' } as const;

export function sheetHeader(header: SheetHeader): Html {
  return html`<header class="top">
    <p class="eyebrow">Contact sheet</p>
    <h1><bdi>${header.collection}</bdi></h1>
    <div class="overview">${facts(header)} ${funnel(header.funnel)}</div>
    ${legend(header.mode)}
  </header> `;
}

/** What the filter did with a photo, by mode. */
function rule({ mode, policy, classCount }: SheetHeader): Html {
  if (mode === 'O') {
    return html`<div>
      <dt>Kept</dt>
      <dd>
        if the mean p over ten crops is at least ${policy.minConfidence} for one of ${countText(classCount)} classes
      </dd>
    </div>`;
  }
  const over = policy.aggregation === 'max' ? 'any crop' : 'the mean of the crops';
  const members = policy.members === 'any' ? 'any member' : 'all members';
  return html`<div>
    <dt>Dropped</dt>
    <dd>if correct or p of the class searched as &gt; ${policy.threshold}, on ${over} of ${members}</dd>
  </div>`;
}

function facts(header: SheetHeader): Html {
  const { mode, ensemble, policy, builtAt } = header;
  const capped =
    mode === 'A' ? 'for each confusion of a class' : 'for each class a concept is taken for (our addition)';
  const iso = builtAt.toISOString();
  return html`<dl class="facts">
    <div>
      <dt>Mode</dt>
      <dd>${MODES[mode]}</dd>
    </div>
    <div>
      <dt>Ensemble</dt>
      <dd>${ensemble.map((member) => html`<span class="member">${member}</span>`)}</dd>
    </div>
    ${rule(header)}
    <div>
      <dt>Cap</dt>
      <dd>${policy.cap} ${capped}</dd>
    </div>
    <div>
      <dt>Near-duplicate</dt>
      <dd>
        within ${policy.nearDuplicateDistance} of 64 bits of a listed photo, confirmed by the finer
        hash${byFeatures(policy)}
      </dd>
    </div>
    <div>
      <dt>Built</dt>
      <dd><time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC</time></dd>
    </div>
  </dl>`;
}

/** Bars are linear, on the scale of the widest stage. */
function funnel(stages: readonly FunnelStage[]): Html {
  const widest = Math.max(1, ...stages.map((stage) => stage.count));
  const items = stages.map((stage, i) => {
    const before = stages[i - 1];
    const share = before === undefined ? null : `${shareText(stage.count, before.count)} of ${before.name}`;
    return html`<li>
      <span class="stage">${stage.name}</span>
      <span class="count">${countText(stage.count)}</span>
      <span class="share">${share}</span>
      ${bar('funnel', stage.count / widest)}${lost(stage)}
    </li> `;
  });
  return html`<ol class="funnel" aria-label="Photos left after each stage">
    ${items}
  </ol>`;
}

function lost({ lost: reasons = [] }: FunnelStage): Html | null {
  const told = reasons.filter(({ count }) => count > 0).map(({ reason, count }) => `${countText(count)} ${reason}`);
  return told.length === 0 ? null : html`<span class="lost">${told.join(', ')}</span>`;
}

function byFeatures({ nearDuplicateCosine }: SheetPolicy): string {
  return nearDuplicateCosine === null ? '' : `, or features at least ${nearDuplicateCosine} like one's`;
}

/** What the bars and the order mean. */
export function legend(mode: SheetHeader['mode']): Html {
  if (mode === 'O') {
    return html`<ul class="legend">
      <li><span class="key searched">Searched as:</span> a concept, none of the model's classes</li>
      <li><span class="key predicted">Predicted class:</span> the mean p over ten crops; the mark is the least kept</li>
      <li>Order: highest p first, so the photos that the model is surest of lead each concept</li>
    </ul>`;
  }
  return html`<ul class="legend">
    <li>
      <span class="key searched">Searched as:</span> the largest p over members and crops; the mark is the threshold
    </li>
    <li><span class="key predicted">Predicted class:</span> the mean p over members and crops</li>
    <li>Order: lowest p of the class searched as first, so the photos most foreign to the models lead each class</li>
  </ul>`;
}
