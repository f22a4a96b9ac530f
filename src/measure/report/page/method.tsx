/** @jsxRuntime automatic @jsxImportSource preact */
import { trainedText } from '../../../core/kernel/training-text.ts';
import { countOf } from '../../../core/kernel/texts.ts';
import type { OfPage } from './context.ts';
import { Nothing, Section } from './parts.tsx';

export function MethodSection({ context }: OfPage) {
  const { rule, choices, leftOut, state, models } = context.report;
  // Reports of an older winnow do not say it.
  const trained = models.flatMap(({ model: name, trainingData, uploadedLater }) =>
    trainingData === undefined ? [] : [trainedText({ name, trainingData, uploadedLater })],
  );
  return (
    <Section context={context} name="method">
      <div class="method">
        <div>
          <h3>The rule</h3>
          <Sentences of={rule} />
          <h3>What the paper leaves open</h3>
          {choices.length === 0 ? <Nothing>Nothing was decided beyond the paper.</Nothing> : <Sentences of={choices} />}
          {trained.length === 0 ? null : <h3>What the models were trained on</h3>}
          <Sentences of={trained} />
          <h3>Models left out</h3>
          {leftOut.length === 0 ? <Nothing>None.</Nothing> : null}
          <dl class="left-out">
            {leftOut.map(({ model, reason }) => (
              <div key={model}>
                <dt>{model}</dt>
                <dd>{reason}</dd>
              </div>
            ))}
          </dl>
        </div>
        <div>
          <h3>How the numbers are computed</h3>
          <ul class="sentences">
            {HOW.map((sentence) => (
              <li key={sentence}>{sentence}</li>
            ))}
            <li>
              The report depends on {countOf(state.decisions, 'decision')}, {countOf(state.listed, 'listed photo')} and{' '}
              {countOf(state.actions, 'action')} of reviewers. Two reports with the hash <code>{state.sha256}</code>,
              the same models and the same folders are equal.
            </li>
          </ul>
        </div>
      </div>
    </Section>
  );
}

function Sentences({ of }: { readonly of: readonly string[] }) {
  return (
    <ul class="sentences">
      {of.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

const HOW = [
  'A model sees the centre crop of each photo, as its card says. Its prediction is the most probable class of those it may choose among. Top-5: the right class is among the five most probable.',
  'Accuracies and shares have Wilson 95 % intervals. They say how far chance in the choice of photos could move a number; they say nothing of wrong labels.',
  'Intervals by creator are Wilson’s, too, with a jackknife’s variance: they are wider where photos of a creator resemble each other, and where creators are few.',
  'Differences between models have 95 % intervals of a jackknife: by creator on the set if photos name theirs, otherwise by photo. p is from McNemar’s exact test; by creator, the larger of the McNemar and jackknife p.',
  'AUROC, AUPR and FPR95 have intervals of a bootstrap. Seeds are fixed: the same photos give the same intervals.',
  'An interval of a difference that includes 0 does not show that two models are equal.',
];
