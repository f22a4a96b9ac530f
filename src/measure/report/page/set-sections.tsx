/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import type { Sha256 } from '../../../core/kernel/ids.ts';
import { countText, hoursText, shareText } from '../../../core/kernel/texts.ts';
import { acceptanceStateText, BOTH_WRONG, ERROR_NAMES, labelErrorText } from '../../../core/kernel/acceptance.ts';
import { AGREEMENT_COLUMNS, agreementCells, agreementText } from './agreement.ts';
import type { ReportContext, SectionOf } from './context.ts';
import type { ReviewerLine } from '../../../core/review/people/people.ts';
import { ClassName, Count, Nothing, Plots, Section, Table, To } from './parts.tsx';
import { decimalText, NOTHING, percentText } from './texts.ts';
import { SUBJECTS } from '../../../core/kernel/mode.ts';

export function SetSection({ context, title }: SectionOf) {
  const { report, csv, figures } = context;
  const crops = figures.filter(({ name }) => name.startsWith('crops-')).slice(0, MOST_CROPS);
  return (
    <Section name="set" title={title} context={context}>
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
      </p>
      {crops.length === 0 ? <Nothing>No model has seen all ten crops of a photo.</Nothing> : null}
      <Plots context={context} names={crops.map(({ name }) => name)} />
      <Table
        caption="Photos that a crop gets right"
        columns={['model', 'photos', 'centre crop or its mirror', 'any crop', 'any but the centre and its mirror']}
        csv={csv('crop-sums')}
        rows={report.crops.models.map(({ model, isMember, photos, centreCorrect, anyCorrect, onlyOffCentre }) => ({
          key: model,
          head: (
            <>
              {model} {isMember ? <small>member</small> : null}
            </>
          ),
          cells: [
            countText(photos),
            shareText(centreCorrect, photos),
            shareText(anyCorrect, photos),
            shareText(onlyOffCentre, photos),
          ],
        }))}
      />
      <h3>What it is like, and where it is from</h3>
      {report.tags.length === 0 ? <Nothing>No reviewer has tagged a failure mode.</Nothing> : null}
      <Plots context={context} names={['tags', 'sources', 'licences']} />
      <Leads context={context} kind="tag" rows={report.tags.map(({ tag, photos }) => [tag, photos])} />
      <Leads context={context} kind="source" rows={report.sources.map(({ source, photos }) => [source, photos])} />
      <Leads context={context} kind="licence" rows={report.licences.map(({ licence, photos }) => [licence, photos])} />
    </Section>
  );
}

const MOST_CROPS = 4;
const MOST_LEADS = 12;

interface LeadsProps extends Pick<SectionOf, 'context'> {
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

function MatrixNumbers({ context }: Pick<SectionOf, 'context'>) {
  const { confusion, mode } = context.report;
  if (confusion.cells === 0) return <Nothing>No photo of the set has a predicted class.</Nothing>;
  return (
    <dl class="facts">
      <Fact name="Density">
        {percentText(confusion.density)}: photos in {countText(confusion.cells)} of {countText(confusion.possible)}{' '}
        cells
      </Fact>
      <Fact name="Coverage">
        {percentText(confusion.coverage)} of the {SUBJECTS[mode].many} searched have a photo
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

function TopConfusions({ context }: Pick<SectionOf, 'context'>) {
  const { top } = context.report.confusion;
  if (top.length === 0) return null;
  return (
    <ul class="top-confusions" aria-label="The confusions with most photos">
      {top.map(({ wnid, predictedWnid, photos, examples }) => (
        <li key={`${wnid}|${predictedWnid}`}>
          <p>
            <span>
              <ClassName context={context} wnid={wnid} kind="searched" /> →{' '}
              <ClassName context={context} wnid={predictedWnid} kind="predicted" />
            </span>{' '}
            <Count context={context} count={photos} of={['confusion', wnid, { predictedWnid }]} table="confusion" />
          </p>
          <Examples
            context={context}
            photos={examples}
            text={`${context.nameOf(wnid)}, taken for ${context.nameOf(predictedWnid)}`}
          />
        </li>
      ))}
    </ul>
  );
}

const MOST_EXAMPLES = 4;

interface ExamplesProps extends Pick<SectionOf, 'context'> {
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

export function ReviewSection({ context, title }: SectionOf) {
  const { report, csv } = context;
  const { overall, classes } = report.agreement;
  return (
    <Section name="review" title={title} context={context}>
      {report.state.actions === 0 ? <Nothing>Nobody has reviewed a photo yet.</Nothing> : null}
      <dl class="facts">
        <Fact name={ERROR_NAMES[report.mode]}>{errorText(context)}</Fact>
        <Fact name="Agreement">{agreementText(overall)}</Fact>
      </dl>
      <Plots context={context} names={['acceptance-score', 'acceptance-source', 'acceptance-class']} />
      <div class="tables">
        <Table
          caption="Agreement by class"
          columns={AGREEMENT_COLUMNS}
          csv={csv('agreement')}
          rows={classes
            .filter(({ photos }) => photos > 0 && overall.photos > 0)
            .map((row) => ({
              key: row.wnid,
              head: <ClassName context={context} wnid={row.wnid} kind="searched" />,
              cells: agreementCells(row),
            }))}
        />
        <Table
          caption="Reviewers"
          columns={['reviewer', 'photos', 'hours', 'accepted', 'agree when judged twice']}
          csv={csv('reviewers')}
          rows={(report.reviewers ?? []).map((one) => ({
            key: one.reviewer,
            head: one.reviewer,
            cells: reviewerCells(one),
          }))}
        />
      </div>
    </Section>
  );
}

function reviewerCells({ photos, hours, acceptanceRate, secondPassPhotos, agreement }: ReviewerLine): string[] {
  return [
    countText(photos),
    hoursText(hours),
    percentText(acceptanceRate),
    agreement === null ? NOTHING : `${percentText(agreement)} of ${countText(secondPassPhotos)}`,
  ];
}

function errorText({ report: { labelError } }: ReportContext): string {
  const question = `The question of the second look: ${labelError.question}`;
  const estimate = labelErrorText(labelError);
  if (estimate === null)
    return `unknown: no accepted photo that was drawn for a blind second look has its verdict. ${question}`;
  const state = acceptanceStateText(labelError);
  return `${estimate}. ${BOTH_WRONG} ${state === null ? '' : `Inspection ${state}. `}${question}`;
}
