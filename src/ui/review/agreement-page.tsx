import type { AgreementReport } from '../../review/agreement/agreement.ts';
import { AGREEMENT_COLUMNS, agreementCells, agreementText } from '../../report/page/agreement.ts';
import { PageFrame, useAnswer } from './class-page-frame.tsx';
import { useSession, type PageProps } from './use-session.ts';
import { hrefOf } from './view-url.ts';
import { WideTable } from './wide-table.tsx';

/** How far people agree who do not see each other's verdicts. */
export function AgreementPage({ session }: PageProps) {
  useSession(session);
  const { answer, trouble } = useAnswer(() => session.api.agreement(), session.collection);
  return (
    <PageFrame session={session} place="agreement" isReady={answer !== null}>
      <h1>Agreement</h1>
      {answer === null ? (
        <p class="quiet">{trouble ?? 'Comparing the verdicts …'}</p>
      ) : (
        <AgreementTables session={session} agreement={answer} />
      )}
    </PageFrame>
  );
}

interface AgreementTablesProps extends Pick<PageProps, 'session'> {
  readonly agreement: AgreementReport;
}

function AgreementTables({ session: { collection, shelf }, agreement }: AgreementTablesProps) {
  const nameOf = (wnid: string): string => shelf.progress(wnid)?.name ?? wnid;
  const sorted = agreement.classes.toSorted(
    (a, b) => b.photos - a.photos || nameOf(a.wnid).localeCompare(nameOf(b.wnid), 'en'),
  );
  return (
    <>
      <p class="in-all">Two people, the second without seeing the first verdict: {agreementText(agreement.overall)}</p>
      <p class="quiet">
        Some of the same verdicts are chance. κ is the agreement beyond chance, given how often each pass used each
        verdict. α treats all reviewers alike, takes third verdicts too, and corrects for few photos. Both are 1 if
        people always agree, and 0 if they agree no more than by chance. In brackets: 95 % intervals.
      </p>
      <section>
        <WideTable label="Agreement by class" caption="By class" heads={AGREEMENT_COLUMNS}>
          {sorted.map((one) => (
            <tr key={one.wnid}>
              <th scope="row">
                <a href={hrefOf(collection, `class/${encodeURIComponent(one.wnid)}`)}>{nameOf(one.wnid)}</a>
              </th>
              {agreementCells(one).map((text, i) => (
                <td key={AGREEMENT_COLUMNS[i + 1]}>{text}</td>
              ))}
            </tr>
          ))}
        </WideTable>
      </section>
    </>
  );
}
