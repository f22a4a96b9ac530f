/** @jsxRuntime automatic @jsxImportSource preact */
import { countOf, countText } from '../../kernel/texts.ts';
import type { FairAccuracy, Fairness, Report } from '../report.ts';
import type { SectionOf } from './context.ts';
import { Nothing, Section, Table, type TableRow } from './parts.tsx';
import { decimalText, estimateText } from './texts.ts';

export function FairnessSection({ context, title }: SectionOf) {
  const { report, csv } = context;
  const { fairness } = report;
  if (fairness === undefined)
    return (
      <Section name="fairness" title={title} context={context}>
        <Nothing>This report is of an earlier version of winnow. Make it again.</Nothing>
      </Section>
    );
  const { leftOut, models, byCreator } = fairness;
  return (
    <Section name="fairness" title={title} context={context}>
      {leftOut.length === 0 ? (
        <Nothing>One member: nothing to leave out.</Nothing>
      ) : (
        <p>
          The rule decides what a member gets wrong on the set. So each row leaves out one member and lets the others
          filter alone, before cap, near-duplicates and reviews.
        </p>
      )}
      <Table
        caption="The set without each member"
        columns={['without', 'photos of the set that stay', 'that go', 'photos that come', 'undecided']}
        csv={csv('left-out')}
        rows={leftOut.map(({ member, kept, removed, gained, undecided }) => ({
          key: member,
          head: member,
          cells: [kept, removed, gained, undecided].map(countText),
        }))}
      />
      <Table
        caption="Accuracy on photos that the model did not help to choose, with 95 % intervals"
        columns={['model', 'photos', 'accuracy']}
        csv={csv('fairness')}
        rows={leftOut.length === 0 ? [] : models.map((row) => accuracyRow(row, report))}
      />
      {leftOut.length === 0 ? null : (
        <p class="note">
          For a member these are all photos that the others keep. Most have no verdict of a reviewer, and wrong labels
          count as its mistakes. For another model they are the photos of the set.
        </p>
      )}
      <Rankings fairness={fairness} csv={csv('rankings')} />
      {report.mode === 'A' ? <Creators byCreator={byCreator} context={context} /> : null}
    </Section>
  );
}

function accuracyRow({ model, isMember, photos, ...of }: FairAccuracy, { models }: Report): TableRow {
  const family = models.find((one) => one.model === model)?.family;
  return {
    key: model,
    head: (
      <>
        {model} <small>{[isMember ? 'member' : null, family].filter((word) => word != null).join(', ')}</small>
      </>
    ),
    cells: [countText(photos), estimateText(of.accuracy, of.accuracyLow, of.accuracyHigh)],
  };
}

function Rankings({ fairness, csv }: { readonly fairness: Fairness; readonly csv: string }) {
  const { ranked, clean, resamples } = fairness;
  const rankings = [
    { name: 'the set, and the photos above', ranked, of: fairness },
    ...(clean === null ? [] : [{ name: 'the set, and clean photos', ranked: clean.ranked, of: clean }]),
  ].filter((one) => one.ranked.length > 1);
  return (
    <>
      <Table
        caption="How alike two rankings of the models by accuracy are"
        columns={['on', 'models', 'Kendall’s tau-b']}
        csv={csv}
        rows={rankings.map(({ name, ranked: those, of: { kendallTau, kendallTauLow, kendallTauHigh } }) => ({
          key: name,
          head: name,
          cells: [
            countText(those.length),
            kendallTau === null
              ? 'none: all are tied'
              : `${decimalText(kendallTau)} (${decimalText(kendallTauLow)} to ${decimalText(kendallTauHigh)})`,
          ],
        }))}
      />
      {rankings.length === 0 ? null : (
        <p class="note">
          Tau is 1 if the rankings are equal and −1 if one is the other reversed. Its 95 % intervals are of{' '}
          {countText(resamples)} bootstrap resamples of the photos.
        </p>
      )}
    </>
  );
}

function Creators({ byCreator, context }: Pick<Fairness, 'byCreator'> & Pick<SectionOf, 'context'>) {
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
      caption={`Accuracy on the set, with 95 % intervals by creator (${countOf(creators, 'creator')}${rest})`}
      columns={['model', 'photos', 'accuracy']}
      csv={context.csv('by-creator')}
      rows={models.filter(({ isMember }) => !isMember).map((row) => accuracyRow(row, context.report))}
    />
  );
}
