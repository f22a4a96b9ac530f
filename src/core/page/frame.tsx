/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { typingOfCommands } from '../kernel/command-text.ts';

interface NavigationProps {
  readonly collection: string | null;
  readonly current:
    | 'collections'
    | 'collection'
    | 'photos'
    | 'review'
    | 'revisions'
    | 'report'
    | 'queues'
    | 'activity'
    | null;
  readonly isOperator?: boolean;
  readonly children?: ComponentChildren;
}

export function Navigation({ collection, current, isOperator = false, children }: NavigationProps) {
  const links = [
    { name: 'collections', text: 'Collections', href: '/' },
    ...(collection === null
      ? []
      : [
          { name: 'collection', text: collection, href: pathOf(collection) },
          { name: 'photos', text: 'Photos', href: `${pathOf(collection)}photos` },
          { name: 'review', text: 'Review', href: `${pathOf(collection)}review` },
          { name: 'revisions', text: 'Revisions', href: `${pathOf(collection)}revisions` },
          { name: 'report', text: 'Report', href: `${pathOf(collection)}report` },
        ]),
    { name: 'queues', text: 'Queues', href: '/queues' },
    ...(isOperator ? [{ name: 'activity', text: 'Activity', href: '/activity' }] : []),
  ];
  return (
    <nav class="site" aria-label="Pages">
      <b>winnow</b>
      {links.map(({ name, text, href }) => (
        <a key={name} href={href} aria-current={name === current ? 'page' : undefined}>
          {text}
        </a>
      ))}
      <span class="end">{children}</span>
    </nav>
  );
}

export function pathOf(collection: string): string {
  return `/c/${encodeURIComponent(collection)}/`;
}

interface DocumentProps {
  readonly title: string;
  /** File name of the page's script without `.js`; `null` if there is none. */
  readonly script: string | null;
  readonly children: ComponentChildren;
}

/** A page of the server. The content security policy forbids inline scripts and styles. */
export function Document({ title, script, children }: DocumentProps) {
  return (
    <html lang="en" data-typing={JSON.stringify(typingOfCommands())}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta
          name="description"
          content={`${title}: image test sets that are hard for classifiers, made with winnow`}
        />
        <title>{`${title} - winnow`}</title>
        <link rel="stylesheet" href="/assets/style.css" />
        {script === null ? null : <script type="module" src={`/assets/${script}.js`} />}
      </head>
      <body>{children}</body>
    </html>
  );
}
