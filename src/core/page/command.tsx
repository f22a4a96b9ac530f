/** @jsxRuntime automatic @jsxImportSource preact */
import { asTyped, writeCommandsAs, type Typing } from '../kernel/command-text.ts';

interface CommandProps {
  /** Names the program `winnow`. */
  readonly text: string;
}

/** A command as the person who started the server can type it. */
export function Command({ text }: CommandProps) {
  return <code>{asTyped(text)}</code>;
}

/** In a browser: takes over how to write commands from the attribute in which the server has put it. */
export function readTyping(json = ''): void {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  if (json !== '') writeCommandsAs(JSON.parse(json) as Typing);
}
