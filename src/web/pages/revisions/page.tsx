/** @jsxRuntime automatic @jsxImportSource preact */
import { Command } from '../../../core/page/command.tsx';
import { pathOf } from '../../../core/page/frame.tsx';
import { countOf } from '../../../core/kernel/texts.ts';
import { RevisionCard } from './card.tsx';
import type { RevisionView } from '../../../core/export/revisions/revision.ts';

export interface RevisionsProps {
  readonly collection: string;
  readonly revisions: readonly RevisionView[];
  /** Number of revisions, including those not shown. */
  readonly all: number;
  readonly canVerify: boolean;
}

export function Revisions({ collection, revisions, all, canVerify }: RevisionsProps) {
  if (revisions.length === 0) return <Empty collection={collection} />;
  return (
    <main class="revisions">
      <header class="head">
        <h1>Revisions</h1>
        <p>
          {countOf(all, 'frozen revision')} of {collection}, newest first
        </p>
      </header>
      {revisions.map((revision) => (
        <RevisionCard key={revision.id} collection={collection} revision={revision} canVerify={canVerify} />
      ))}
      {all === revisions.length ? null : (
        <p class="quiet">
          The {countOf(all - revisions.length, 'older revision')} are listed by{' '}
          <Command text={`winnow export list --collection ${collection}`} />
        </p>
      )}
    </main>
  );
}

function Empty({ collection }: { readonly collection: string }) {
  return (
    <main class="revisions">
      <header class="head">
        <h1>Revisions</h1>
        <p>Nothing has been exported yet</p>
      </header>
      <section class="empty">
        <p>
          A revision is a dataset that never changes: the photos that reviewers accepted, with their rights, the
          verdicts, the rules and checksums.
        </p>
        <ol>
          <li>
            <a href={`${pathOf(collection)}review`}>Review the shortlist</a> until the photos that you need are
            accepted.
          </li>
          <li>
            Freeze them into a folder:
            <pre>
              <Command text={`winnow export --collection ${collection} --out exports/v1`} />
            </pre>
          </li>
          <li>The revision is then here: its licences, what changed, and a download.</li>
        </ol>
      </section>
    </main>
  );
}
