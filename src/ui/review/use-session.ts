import { useEffect, useReducer, useRef } from 'preact/hooks';
import { commandOf, isForPage, keyName, repeats, type Command } from './keys.ts';
import type { ReviewSession } from './session.ts';

export interface PageProps {
  readonly session: ReviewSession;
  /** The match of the page's path, with its parts. */
  readonly match: readonly string[];
}

/** Renders the component again after each change of the session. */
export function useSession(session: ReviewSession): void {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => session.subscribe(() => again(undefined)), [session]);
}

interface KeyHandlers {
  readonly run: (command: Command) => void;
  /** Gets each key before it is a command. Returns whether it has used the key. */
  readonly onPress?: (event: KeyboardEvent) => boolean;
  /** A key went up; null: the window lost the focus. */
  readonly onRelease?: (key: string | null) => void;
}

/** Calls `run` for each command that a key asks for while the view is open. */
export function useKeys(view: 'single' | 'grid', handlers: KeyHandlers): void {
  const newest = useRef(handlers);
  newest.current = handlers;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!isForPage(event)) return;
      const isUsed = newest.current.onPress?.(event) === true;
      const command = isUsed ? null : commandOf(event, view);
      if (isUsed || command !== null) event.preventDefault();
      if (command === null) return;
      if (!event.repeat || repeats(command)) newest.current.run(command);
    };
    const release = (event: KeyboardEvent): void => newest.current.onRelease?.(keyName(event));
    const leave = (): void => newest.current.onRelease?.(null);
    document.addEventListener('keydown', press);
    document.addEventListener('keyup', release);
    window.addEventListener('blur', leave);
    return () => {
      document.removeEventListener('keydown', press);
      document.removeEventListener('keyup', release);
      window.removeEventListener('blur', leave);
    };
  }, [view]);
}
