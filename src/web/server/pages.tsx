/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren, ComponentProps, VNode } from 'preact';
import { renderToStaticMarkup } from 'preact-render-to-string';
import type { LiveOverview } from '../status/rates.ts';
import { asSent } from '../pages/dashboard/overview.ts';
import { CollectionPage } from '../pages/dashboard/page.tsx';
import { ActivityPage, type ActivityPageProps } from '../pages/activity/page.tsx';
import { ServedReport, type ServedReportProps } from '../../measure/report/page/served.tsx';
import { Revisions, type RevisionsProps } from '../pages/revisions/page.tsx';
import { Document, Navigation } from '../../core/page/frame.tsx';
import { ShowAnywayForm, type ShowAnyway } from '../../core/page/show-anyway.tsx';
import type { QueueBoard } from '../../core/kernel/job.ts';
import type { Role } from '../../core/kernel/people.ts';

/** One page: its frame is made here, and its script fills it. */
export interface PageParts {
  readonly title: string;
  readonly script: string;
}

export const PAGES: readonly (PageParts & { readonly path: string })[] = [
  { path: '/', title: 'Collections', script: 'home' },
  ...['', '/grid', '/classes', '/class/:wnid', '/disputes', '/agreement'].map((page) => ({
    path: `/c/:collection/review${page}`,
    title: 'Review',
    script: 'review',
  })),
  { path: '/c/:collection/photos', title: 'Photos', script: 'photos' },
  { path: '/queues', title: 'Queues', script: 'queues' },
  { path: '/c/:collection/quiz', title: 'Quiz', script: 'quiz' },
];

export const COLLECTION_PAGE: PageParts & { readonly path: string } = {
  path: '/c/:collection/',
  title: 'Funnel',
  script: 'dashboard',
};
const BOARD_SCRIPT = 'board';

export const SCRIPTS: readonly string[] = [
  ...new Set([...PAGES.map(({ script }) => script), COLLECTION_PAGE.script, BOARD_SCRIPT]),
];

interface Reader {
  /** The page offers what its reader may do. Whether the reader may is checked again by each route. */
  readonly role: Role | null;
  readonly hasTokens: boolean;
}

interface FramedProps extends Reader {
  readonly title: string;
  readonly script: string | null;
  readonly collection: string | null;
  readonly current: ComponentProps<typeof Navigation>['current'];
  readonly children: ComponentChildren;
}

function Framed({ title, script, collection, current, role, hasTokens, children }: FramedProps) {
  const name = collection === null ? title : `${collection}: ${title.toLowerCase()}`;
  return (
    <Document title={name} script={script}>
      <Navigation collection={collection} current={current} isOperator={role === 'operator'}>
        {hasTokens ? (
          <form method="post" action="/logout">
            <button>Log out</button>
          </form>
        ) : null}
      </Navigation>
      {children}
    </Document>
  );
}

/** The link of the bar that marks the current page, by the page's script. */
const CURRENT: Readonly<Record<string, FramedProps['current']>> = {
  review: 'review',
  quiz: 'review',
  photos: 'photos',
  queues: 'queues',
};

export function framedPage(
  { title, script }: PageParts,
  { collection, ...reader }: Reader & { readonly collection: string | null },
): string {
  const current = CURRENT[script] ?? 'collections';
  return htmlOf(
    <Framed {...{ title, script, collection, current }} {...reader}>
      <div
        id="app"
        class={current === 'review' || current === 'photos' ? 'review' : undefined}
        data-role={reader.role}
        data-collection={collection}
      />
    </Framed>,
  );
}

interface CollectionProps extends Reader {
  readonly collection: string;
  /** Null if the catalogue could not be read in time. */
  readonly now: LiveOverview | null;
  /** `server.operations` */
  readonly hasOperations: boolean;
}

/** The page with its first numbers, so that a browser shows them before it has the script. */
export function collectionPage(
  { title, script }: PageParts,
  { collection, now, hasOperations, ...reader }: CollectionProps,
): string {
  const isOperator = reader.role === 'operator';
  return htmlOf(
    <Framed current="collection" {...{ title, script, collection }} {...reader}>
      <div id="app" data-role={reader.role} data-operations={isOperator && hasOperations ? '' : undefined}>
        {now === null ? (
          <main aria-busy="true">Reading the catalogue …</main>
        ) : (
          <CollectionPage now={asSent(now)} isOperator={isOperator} isLive={false} trouble={null} />
        )}
      </div>
    </Framed>,
  );
}

/** A page without a script. */
function still(title: string, { collection = null, current, ...reader }: StillProps, main: VNode): string {
  return htmlOf(
    <Framed {...{ title, collection, current }} script={null} {...reader}>
      {main}
    </Framed>,
  );
}

type StillProps = Reader & Pick<FramedProps, 'current'> & Partial<Pick<FramedProps, 'collection'>>;

export function revisionsPage(revisions: RevisionsProps, reader: Reader): string {
  const { collection } = revisions;
  return still('Revisions', { collection, current: 'revisions', ...reader }, <Revisions {...revisions} />);
}

export function reportPage(report: ServedReportProps, reader: Reader): string {
  const { collection } = report;
  return still('Report', { collection, current: 'report', ...reader }, <ServedReport {...report} />);
}

export function activityPage(activity: ActivityPageProps, reader: Reader): string {
  return still('Activity', { current: 'activity', ...reader }, <ActivityPage {...activity} />);
}

/** @param html the text of the guide, which is ours */
export function guidePage(title: string, html: string, reader: Reader): string {
  const main = <main class="guide" dangerouslySetInnerHTML={{ __html: html }} />;
  return still(title, { current: null, ...reader }, main);
}

/**
 * @param problem why the form is shown again
 * @param to the page to go to then
 */
export function logInPage(problem: string | null, to: string): string {
  return htmlOf(
    <Document title="Log in" script={null}>
      <Navigation collection={null} current={null} />
      <main class="ask">
        <h1>Log in</h1>
        <p class="quiet">
          Your token is from the person who runs this server. This browser then stays logged in for 12 hours, or until
          you log out.
        </p>
        {problem === null ? null : (
          <p role="alert" class="trouble">
            {problem}
          </p>
        )}
        <form method="post" action="/login">
          <input type="hidden" name="to" value={to} />
          <label>
            Token <input type="password" name="token" autocomplete="current-password" required autofocus />
          </label>
          <button class="chosen">Log in</button>
        </form>
      </main>
    </Document>,
  );
}

interface ProblemProps {
  /** Null if the problem is that there is no such collection. */
  readonly collection?: string | null;
  readonly role?: Role | null;
  readonly showAnyway?: ShowAnyway | null;
}

/** Commands in the text of the problem are in backticks. */
export function problemPage(
  problem: string,
  { collection = null, role = null, showAnyway = null }: ProblemProps = {},
): string {
  return htmlOf(
    <Document title="Problem" script={null}>
      <Navigation collection={collection} current={null} isOperator={role === 'operator'} />
      <main>
        <h1>This page cannot be shown</h1>
        <p>{problem.split('`').map((part, i) => (i % 2 === 0 ? part : <code key={part}>{part}</code>))}</p>
        {showAnyway === null ? null : <ShowAnywayForm {...showAnyway} />}
        <p>
          <a href="/">All collections</a>
        </p>
      </main>
    </Document>,
  );
}

function htmlOf(page: VNode): string {
  return `<!doctype html>\n${renderToStaticMarkup(page)}`;
}

export function navigationHtml(collection: string): string {
  return renderToStaticMarkup(<Navigation collection={collection} current={null} />);
}

/** Keeps the way back above bull-board's own bar, which is fixed at the top. */
export const BOARD_STYLE =
  'body>nav{position:fixed;z-index:100;inset:auto 1rem 1rem auto;padding:.6rem 1rem;border-radius:.5rem;background:#fff;box-shadow:0 1px 6px #0006}body>nav a{color:#1d4ed8}';

/** The page that bull-board's scripts fill, as its own would be, without fonts from elsewhere. */
export function queuesPage({ scripts, styles, icon, config }: QueueBoard['page'], base: string): string {
  // A block of data, which no browser runs; no `<` in it can end it.
  const data = JSON.stringify(config).replaceAll('<', String.raw`\u003c`);
  return htmlOf(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <base href={base} />
        <title>Single jobs - winnow</title>
        <link rel="icon" type="image/png" href={icon} id="fav-logo" />
        <style dangerouslySetInnerHTML={{ __html: BOARD_STYLE }} />
        {styles.map((href) => (
          <link key={href} rel="stylesheet" href={href} />
        ))}
      </head>
      <body>
        <nav aria-label="winnow">
          <a href="/queues">← Queues of winnow</a>
        </nav>
        <script id="__UI_CONFIG__" type="application/json" dangerouslySetInnerHTML={{ __html: data }} />
        <div id="root">Loading …</div>
        {scripts.map((src) => (
          <script key={src} defer src={src} />
        ))}
        <script type="module" src={`/assets/${BOARD_SCRIPT}.js`} />
      </body>
    </html>,
  );
}
