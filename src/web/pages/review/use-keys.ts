import { useLayoutEffect, useRef } from 'preact/hooks';
import { commandOf, isForPage, keyName, repeats, type KeyCommand } from './keys.ts';

/** A page with commands. */
interface Commanded {
  isOffered(command: KeyCommand): boolean;
  run(command: KeyCommand): void;
}

interface KeyHandlers {
  /** Gets each key before it is a command. Returns whether it has used the key. */
  readonly onPress?: (event: KeyboardEvent) => boolean;
  /** A key went up; null: the window lost the focus. */
  readonly onRelease?: (key: string | null) => void;
}

export function useKeys(view: 'single' | 'grid', page: Commanded, handlers: KeyHandlers): void {
  const newest = useRef(handlers);
  newest.current = handlers;
  // An effect would begin after the first frame, and on a busy machine a key is pressed before.
  useLayoutEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    const press = (event: KeyboardEvent): void => {
      if (!isForPage(event)) return;
      const isUsed = newest.current.onPress?.(event) === true;
      const command = isUsed ? null : commandOf(event, view);
      const isCommand = command !== null && page.isOffered(command);
      if (isUsed || isCommand) event.preventDefault();
      if (isCommand && (!event.repeat || repeats(command))) page.run(command);
    };
    document.addEventListener('keydown', press, { signal });
    document.addEventListener('keyup', (event) => newest.current.onRelease?.(keyName(event)), { signal });
    window.addEventListener('blur', () => newest.current.onRelease?.(null), { signal });
    return () => gone.abort();
  }, [view, page]);
}
