import { useEffect, useRef } from 'preact/hooks';
import type { Desk } from './desk.ts';
import { commandOf, isForPage, keyName, repeats } from './keys.ts';
import type { ReviewStore } from './store/review-store.ts';

export interface PageProps {
  readonly store: ReviewStore;
  readonly match: readonly string[];
}

interface KeyHandlers {
  /** Gets each key before it is a command. Returns whether it has used the key. */
  readonly onPress?: (event: KeyboardEvent) => boolean;
  /** A key went up; null: the window lost the focus. */
  readonly onRelease?: (key: string | null) => void;
}

export function useKeys(view: 'single' | 'grid', desk: Desk, handlers: KeyHandlers): void {
  const newest = useRef(handlers);
  newest.current = handlers;
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const press = (event: KeyboardEvent): void => {
      if (!isForPage(event)) return;
      const isUsed = newest.current.onPress?.(event) === true;
      const command = isUsed ? null : commandOf(event, view);
      if (isUsed || command !== null) event.preventDefault();
      if (command !== null && (!event.repeat || repeats(command))) desk.run(command);
    };
    document.addEventListener('keydown', press, { signal });
    document.addEventListener('keyup', (event) => newest.current.onRelease?.(keyName(event)), { signal });
    window.addEventListener('blur', () => newest.current.onRelease?.(null), { signal });
    return () => gone.abort();
  }, [view, desk]);
}
