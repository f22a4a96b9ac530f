/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface DetailsProps {
  readonly summary: ComponentChildren;
  readonly kind?: string;
  readonly children: () => ComponentChildren;
}

/** Renders its content only while it is open: hundreds of rows would make the page slow to answer. */
export function Details({ summary, kind, children }: DetailsProps) {
  const [isOpen, open] = useState(false);
  return (
    <details class={kind} onToggle={(event) => open(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen ? children() : null}
    </details>
  );
}
