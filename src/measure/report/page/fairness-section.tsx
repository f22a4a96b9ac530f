/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText } from '../../../core/kernel/texts.ts';
import { estimateOf } from '../../charts/estimate.ts';
import type { FairAccuracy, Fairness } from '../report.ts';
import type { OfPage } from './context.ts';
import { ModelName, Nothing, Section, Table, type Column } from './parts.tsx';
import { decimalText, estimateText } from './texts.ts';

/** Below this many photos of a model there is no tau. */
const LEAST_RANKED = 100;

export function FairnessSection({ context }: OfPage) {
  const { report } = context;
  const { fairness } = report;
  // Reports of an older winnow.
  if (fairness === undefined) return <></>;
  const { leftOut, models, byCreator } = fairness;
  return (
    <Section context={context} name="fairness">
      {leftOut.length === 0 ? (
        <Nothing>One member: nothing to leave out.</Nothing>
      ) : (
        <p>
          The rule decides what a member gets wrong on the set. So each row repeats the filter without one member; cap,
          duplicate removal and review are skipped.
        </p>
      )}
      <Table
        caption="The set without each member"
        csv={context.csv('left-out')}
        rows={leftOut}
        columns={[
          ['without', ({ member }) => member],
          ['photos of the set that stay', ({ kept }) => countText(kept)],
          ['removed', ({ removed }) => countText(removed)],
          ['added', ({ gained, undecided }) => (undecided > 0 ? 'at least ' : '') + countText(gained)],
          ['undecided', ({ undecided }) => countText(undecided)],
        ]}
      />
      <Undecided fairness={fairness} collection={report.collection} />
      <Table
        caption="Accuracy on photos that the model did not help to choose, with 95 % intervals"
        rows={leftOut.length === 0 ? [] : models}
        columns={ACCURACY}
      />
      {leftOut.length === 0 ? null : (
        <p class="note">
          For a member these are all photos that the others keep, also those without a reviewer’s verdict: wrong labels
          count as its mistakes. For another model they are the photos of the set. Models that share a member’s backbone
          are not shown.
        </p>
      )}
      <Ranking fairness={fairness} photos={report.set.photos} />
      {report.mode === 'A' ? <Creators context={context} byCreator={byCreator} /> : null}
    </Section>
  );
}

const ACCURACY: readonly Column<FairAccuracy>[] = [
  ['model', (row) => <ModelName {...row} />],
  ['photos', ({ photos }) => countText(photos)],
  ['accuracy', (row) => (row.accuracy === null ? 'not known' : estimateText(estimateOf(row, 'accuracy')))],
];

/** Models stop at a photo that one member drops, so the evidence of others may be missing. */
function Undecided({ fairness, collection }: { readonly fairness: Fairness; readonly collection: string }) {
  const unread = fairness.models.filter((one) => (one.unread ?? 0) > 0);
  if (unread.length === 0) return null;
  const counts = unread.map((one) => `${countOf(one.unread ?? 0, 'photo')} for ${one.model}`).join(', ');
  return (
    <p class="note">
      {fairness.isFilled === true ? (
        `Some photos lack the evidence of a member, and their bytes are no longer stored: ${counts}. The accuracies leave them out. They may be too low, because a member that drops a photo often recognises it.`
      ) : (
        <>
          Once one member drops a photo, the others are not run on it. So evidence of a member is missing: {counts}, and
          its accuracy is not known. To run these crops:{' '}
          <code>winnow report --collection {collection} --fill --out DIR</code>
        </>
      )}
    </p>
  );
}

function Ranking({ fairness, photos }: { readonly fairness: Fairness; readonly photos: number }) {
  const { ranked, kendallTau, kendallTauLow, kendallTauHigh } = fairness;
  if (ranked.length < 2) return null;
  const measured = fairness.models.filter(({ model }) => ranked.includes(model)).map((one) => one.photos);
  const rankings = `two rankings of ${countText(ranked.length)} models, by accuracy on the set and on the photos above`;
  return (
    <p class="note">
      {kendallTau === null
        ? `Kendall’s tau-b of ${rankings}, ${Math.min(photos, ...measured) < LEAST_RANKED ? `needs ${LEAST_RANKED} photos of each: on fewer, chance orders the models` : 'is not defined, because all models of one ranking are equal'}.`
        : `Kendall’s tau-b of ${rankings}, is ${decimalText(kendallTau)} (${decimalText(kendallTauLow)} to ${decimalText(kendallTauHigh)}). It is 1 if the rankings are equal and −1 if one is the other reversed. The 95 % interval draws the set and the photos of each member apart, although a member’s photos include those of the set.`}
    </p>
  );
}

function Creators({ byCreator, context }: OfPage & Pick<Fairness, 'byCreator'>) {
  if (byCreator === null)
    return (
      <p class="note">
        There are no intervals by creator: the photos name none, or all name one. Other intervals take photos as
        independent, and photos of one person may not be.
      </p>
    );
  const { creators, unnamed, models } = byCreator;
  const rest = unnamed === 0 ? '' : `; ${countOf(unnamed, 'photo')} that name none count as one creator each`;
  return (
    <Table
      caption={`Accuracy on the set, with 95 % intervals that take the photos of a creator together (${countOf(creators, 'creator')}${rest})`}
      csv={context.csv('by-creator')}
      rows={models.filter(({ isMember }) => !isMember)}
      columns={ACCURACY}
    />
  );
}
