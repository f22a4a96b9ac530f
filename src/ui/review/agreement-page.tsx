import type { Agreement } from '../../review/agreement.ts';
import { countOf, countText, fewPhotosText } from '../shared/texts.ts';
import { ask } from './api.ts';
import { PageFrame, useAnswer } from './class-page-frame.tsx';
import { useSession, type PageProps } from './use-session.ts';
import { IntervalPlot, scaleStartOf } from './agreement-plot.tsx';
import { hrefOf } from './view-url.ts';
import { WideTable } from './wide-table.tsx';

/** What `GET agreement` answers: as `winnow agreement --json`. */
export interface AgreementAnswer {
  readonly overall: Agreement;
  readonly classes: readonly (Agreement & { readonly wnid: string })[];
}

interface Coefficient {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

const kappaOf = (of: Agreement): Coefficient => ({
  value: of.cohenKappa,
  low: of.cohenKappaLow,
  high: of.cohenKappaHigh,
});
const alphaOf = (of: Agreement): Coefficient => ({
  value: of.krippendorffAlpha,
  low: of.krippendorffAlphaLow,
  high: of.krippendorffAlphaHigh,
});

/** How far people agree who do not see each other's verdicts. */
export function AgreementPage({ session }: PageProps) {
  useSession(session);
  const { collection, shelf } = session;
  const { answer, trouble } = useAnswer(
    () => ask<AgreementAnswer>(`/c/${encodeURIComponent(collection)}/api/review/agreement`),
    collection,
  );
  return (
    <PageFrame session={session} place="agreement" isReady={answer !== null}>
      <h1>Agreement</h1>
      {answer === null ? <p class="quiet">{trouble ?? 'Comparing the verdicts …'}</p> : null}
      {answer === null ? null : (
        <AgreementTables
          collection={collection}
          agreement={answer}
          nameOf={(wnid) => shelf.progress(wnid)?.name ?? wnid}
        />
      )}
    </PageFrame>
  );
}

interface AgreementTableProps {
  readonly collection: string;
  readonly agreement: AgreementAnswer;
  readonly nameOf: (wnid: string) => string;
}

/** How far two blind passes agree, in all and for each class. */
function AgreementTables({ collection, agreement: { overall, classes }, nameOf }: AgreementTableProps) {
  const coefficients = [overall, ...classes].flatMap((one) => [kappaOf(one), alphaOf(one)]);
  const from = scaleStartOf(coefficients.flatMap(({ value, low }) => [value, low]));
  const sorted = classes.toSorted((a, b) => b.photos - a.photos || nameOf(a.wnid).localeCompare(nameOf(b.wnid), 'en'));
  return (
    <>
      <Overall overall={overall} from={from} />
      <section>
        <WideTable
          label="Agreement by class"
          kind="agreement"
          caption="By class"
          heads={['class', 'photos', 'same verdict', 'Cohen’s kappa', 'Krippendorff’s alpha']}
        >
          {sorted.map((one) => (
            <tr key={one.wnid}>
              <th scope="row">
                <a href={hrefOf(collection, `class/${encodeURIComponent(one.wnid)}`)}>{nameOf(one.wnid)}</a>
              </th>
              <td>{countText(one.photos)}</td>
              <td>{percentText(one.percent)}</td>
              <CoefficientCell of={kappaOf(one)} from={from} />
              <CoefficientCell of={alphaOf(one)} from={from} />
            </tr>
          ))}
        </WideTable>
      </section>
    </>
  );
}

function CoefficientCell({ of, from }: { readonly of: Coefficient; readonly from: number }) {
  return (
    <td>
      {of.value === null ? (
        <small>not defined</small>
      ) : (
        <span class="coefficient">
          <span>{of.value.toFixed(2)}</span> <small>{intervalText(of)}</small>
          <IntervalPlot {...of} from={from} />
        </span>
      )}
    </td>
  );
}

function Overall({ overall, from }: { readonly overall: Agreement; readonly from: number }) {
  const figures = [
    {
      name: 'Same verdict',
      text: percentText(overall.percent),
      of: null,
      means:
        'The share of photos on which both people said the same: accept, reject or unsure. Some of it is chance, more if one verdict is common.',
    },
    {
      name: 'Cohen’s kappa',
      text: overall.cohenKappa?.toFixed(2) ?? '–',
      of: kappaOf(overall),
      means:
        'The agreement beyond chance, given how often each pass used each verdict. 1: they always agree. 0: no more than chance.',
    },
    {
      name: 'Krippendorff’s alpha',
      text: overall.krippendorffAlpha?.toFixed(2) ?? '–',
      of: alphaOf(overall),
      means:
        'One minus the observed disagreement divided by that expected by chance. It treats all reviewers alike, takes third verdicts too, and corrects for few photos.',
    },
  ];
  return (
    <section aria-label="All classes">
      <p class="quiet">
        {countOf(overall.photos, 'photo')} judged by two people, the second without seeing the first verdict. Lines show
        95 % intervals. Fewer than 10 photos have none. {fewPhotosText(overall)}
      </p>
      <dl class="figures">
        {figures.map(({ name, text, of, means }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="big">{text}</dd>
            <dd class="quiet">{means}</dd>
            {of === null ? null : (
              <dd>
                <small>
                  {of.value === null ? 'Not defined: too few photos, or only one verdict' : intervalText(of)}
                </small>
                <IntervalPlot {...of} from={from} />
              </dd>
            )}
          </div>
        ))}
      </dl>
    </section>
  );
}

function percentText(percent: number | null): string {
  return percent === null ? '–' : `${percent.toFixed(1)} %`;
}

function intervalText({ low, high }: Coefficient): string {
  return low === null || high === null ? '' : `${low.toFixed(2)} to ${high.toFixed(2)}`;
}
