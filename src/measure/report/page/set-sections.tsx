/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { Sha256 } from '../../../core/kernel/ids.ts';
import { countText, hoursText, shareText } from '../../../core/kernel/texts.ts';
import { acceptanceStateText, BOTH_WRONG, ERROR_NAMES, labelErrorText } from '../../../core/kernel/acceptance.ts';
import { AGREEMENT_COLUMNS, agreementCells, agreementText } from './agreement.ts';
import type { Report } from '../report.ts';
import type { OfPage } from './context.ts';
import { ClassName, Confusion, Count, ModelName, Nothing, Plots, Section, Table, To, type Column } from './parts.tsx';
import { decimalText, NOTHING, percentText } from './texts.ts';

export function SetSection({ context }: OfPage) {
  const { report, figures } = context;
  const { crops, tags, sources, licences } = report;
  const ofCrops = figures.filter(({ name }) => name.startsWith('crops-')).slice(0, MOST_CROPS);
  return (
    <Section context={context} name="set">
      <MatrixNumbers context={context} />
      <div class="beside">
        <Plots context={context} names={['confusion']} />
        <TopConfusions context={context} />
      </div>
      <h3>Where in the photo</h3>
      <p>
        If only a crop beside the centre gets a photo right, its framing may be what misleads the model. The mirrored
        centre counts as the centre, because it frames the photo in the same way. If all places were alike, each of the
        ten crops would come closest on a tenth of the photos.
        {report.mode === 'A' ? ' The accuracies above are of the centre crop alone.' : null}
      </p>
      {ofCrops.length === 0 ? <Nothing>No model has seen all ten crops of a photo.</Nothing> : null}
      <Plots context={context} names={ofCrops.map(({ name }) => name)} />
      <Table
        caption="Photos that a crop gets right"
        csv={context.csv('crop-sums')}
        rows={crops.models}
        columns={[
          ['model', (row) => <ModelName {...row} />],
          ['photos', ({ photos }) => countText(photos)],
          ['centre crop or its mirror', ({ centreCorrect, photos }) => shareText(centreCorrect, photos)],
          ['any crop', ({ anyCorrect, photos }) => shareText(anyCorrect, photos)],
          ['only crops beside them', ({ onlyOffCentre, photos }) => shareText(onlyOffCentre, photos)],
        ]}
      />
      <h3>What it is like, and where it is from</h3>
      {tags.length === 0 ? <Nothing>No reviewer has tagged a failure mode.</Nothing> : null}
      <Plots context={context} names={['tags', 'sources', 'licences']} />
      <Leads context={context} kind="tag" rows={tags.map(({ tag, photos }) => [tag, photos])} />
      <Leads context={context} kind="source" rows={sources.map(({ source, photos }) => [source, photos])} />
      <Leads context={context} kind="licence" rows={licences.map(({ licence, photos }) => [licence, photos])} />
    </Section>
  );
}

const MOST_CROPS = 4;
const MOST_LEADS = 12;

interface LeadsProps extends OfPage {
  readonly kind: 'tag' | 'source' | 'licence';
  readonly rows: readonly (readonly [name: string, photos: number])[];
}

function Leads({ context: { linkOf }, kind, rows }: LeadsProps) {
  const linked = rows.slice(0, MOST_LEADS).flatMap(([name, photos]) => {
    const href = linkOf(kind, name);
    return href === null ? [] : [{ name, photos, href }];
  });
  if (linked.length === 0) return null;
  return (
    <ul class="leads">
      <li>Photos by {kind}:</li>
      {linked.map(({ name, photos, href }) => (
        <li key={name}>
          <a href={href}>
            <bdi>{name}</bdi> {countText(photos)}
          </a>
        </li>
      ))}
    </ul>
  );
}

function MatrixNumbers({ context }: OfPage) {
  const { confusion, mode } = context.report;
  if (confusion.cells === 0) return <Nothing>No photo of the set has a predicted class.</Nothing>;
  return (
    <dl class="facts">
      <Fact name="Density">
        {percentText(confusion.density)}: photos in {countText(confusion.cells)} of {countText(confusion.possible)}{' '}
        cells
      </Fact>
      <Fact name="Coverage">
        {percentText(confusion.coverage)} of the {mode === 'A' ? 'collection’s classes' : 'concepts searched'} have a
        photo
      </Fact>
      <Fact name="Entropy">
        {decimalText(confusion.entropy)} bits, as if{' '}
        {confusion.entropy === null ? NOTHING : countText(2 ** confusion.entropy)} cells had equally many photos
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function TopConfusions({ context }: OfPage) {
  const { report, nameOf } = context;
  const { top } = report.confusion;
  if (top.length === 0) return null;
  return (
    <ul class="top-confusions" aria-label="The confusions with most photos">
      {top.map(({ wnid, predictedWnid, photos, examples }) => (
        <li key={`${wnid}|${predictedWnid}`}>
          <p>
            <span>
              <Confusion context={context} wnid={wnid} predictedWnid={predictedWnid} />
            </span>{' '}
            <Count context={context} count={photos} of={['confusion', wnid, { predictedWnid }]} table="confusion" />
          </p>
          <Examples context={context} photos={examples} text={`${nameOf(wnid)}, taken for ${nameOf(predictedWnid)}`} />
        </li>
      ))}
    </ul>
  );
}

const MOST_EXAMPLES = 4;

interface ExamplesProps extends OfPage {
  readonly photos: readonly Sha256[];
  readonly text: string;
}

function Examples({ context: { pictures, linkOf }, photos, text }: ExamplesProps) {
  const shown = photos.slice(0, MOST_EXAMPLES).flatMap((photo) => {
    const src = pictures(photo);
    return src === null ? [] : [{ photo, src }];
  });
  if (shown.length === 0) return null;
  return (
    <div class="examples">
      {shown.map(({ photo, src }) => (
        <To key={photo} href={linkOf('photo', photo)}>
          <img src={src} alt={text} />
        </To>
      ))}
    </div>
  );
}

export function ReviewSection({ context }: OfPage) {
  const { report } = context;
  const { overall, classes } = report.agreement;
  return (
    <Section context={context} name="review">
      {report.state.actions === 0 ? <Nothing>Nobody has reviewed a photo yet.</Nothing> : null}
      <dl class="facts">
        <Fact name={ERROR_NAMES[report.mode]}>{errorText(report)}</Fact>
        <Fact name="Agreement">{agreementText(overall)}</Fact>
      </dl>
      <Plots context={context} names={['acceptance-score', 'acceptance-source', 'acceptance-class']} />
      <div class="tables">
        <Table
          caption="Agreement by class"
          csv={context.csv('agreement')}
          rows={classes.filter(({ photos }) => photos > 0 && overall.photos > 0)}
          columns={AGREEMENT_COLUMNS.map((heading, i): Column<(typeof classes)[number]> => [
            heading,
            (row) =>
              i === 0 ? <ClassName context={context} wnid={row.wnid} kind="searched" /> : agreementCells(row)[i - 1],
          ])}
        />
        <Table
          caption="Reviewers"
          csv={context.csv('reviewers')}
          rows={report.reviewers ?? []}
          columns={[
            ['reviewer', ({ reviewer }) => reviewer],
            ['photos', ({ photos }) => countText(photos)],
            ['hours', ({ hours }) => hoursText(hours)],
            ['accepted', ({ acceptanceRate }) => percentText(acceptanceRate)],
            [
              'agree when judged twice',
              ({ agreement, secondPassPhotos }) =>
                agreement === null ? NOTHING : `${percentText(agreement)} of ${countText(secondPassPhotos)}`,
            ],
          ]}
        />
      </div>
      {report.crawl === undefined ? null : (
        <p class="note">Reviewers: controls and photos drawn for the accuracy on the crawl are not counted.</p>
      )}
    </Section>
  );
}

function errorText({ labelError }: Report): string {
  const question = `The question of the second look: ${labelError.question}`;
  const estimate = labelErrorText(labelError);
  if (estimate === null)
    return `unknown: no accepted photo that was drawn for a blind second look has its verdict. ${question}`;
  const state = acceptanceStateText(labelError);
  return `${estimate}. ${BOTH_WRONG} ${state === null ? '' : `Inspection ${state}. `}${question}`;
}
