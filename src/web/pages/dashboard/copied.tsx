/** @jsxRuntime automatic @jsxImportSource preact */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { asTyped } from '../../../core/kernel/command-text.ts';
import { Command } from '../../../core/page/command.tsx';

/** A command as people can type it, and a button that copies it. */
export function CopiedCommand({ text }: { readonly text: string }) {
  return (
    <WithCopy text={asTyped(text)}>
      <Command text={text} />
    </WithCopy>
  );
}

/** Children, and a button that copies their text. */
export function WithCopy({ text, children }: { readonly text: string; readonly children: ComponentChildren }) {
  const [said, say] = useState('Copy');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      say('Copied');
    } catch {
      // Browsers refuse on pages without HTTPS.
      say('Select and copy it');
    }
  };
  return (
    <div class="to-copy">
      {children}{' '}
      <button type="button" onClick={() => void copy()}>
        {said}
      </button>
    </div>
  );
}
