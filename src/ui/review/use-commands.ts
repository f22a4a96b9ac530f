import { reasonIndexOf } from './action-bar.tsx';
import type { Command } from './keys.ts';
import type { DialogShown } from './single-dialog.tsx';
import type { SingleDesk } from './single-desk.ts';
import { useKeys } from './use-session.ts';
import type { ZoomControl } from './use-zoom.ts';
import { hrefOf } from './view-url.ts';

interface CommandOptions {
  readonly desk: SingleDesk;
  readonly zoom: ZoomControl;
  readonly onDialog: (dialog: DialogShown) => void;
  readonly onCrops: () => void;
  readonly onHeat: () => void;
}

/** Does what keys and buttons ask for in the single view. */
export function useCommands(options: CommandOptions): (command: Command) => void {
  const { desk, zoom, onDialog, onCrops, onHeat } = options;
  const toGrid = (hash: string): void =>
    location.assign(hrefOf(desk.session.collection, 'grid', { ...desk.view, photo: undefined }) + hash);
  const acts: Partial<Record<Command, () => void>> = {
    accept: () => desk.decide({ verdict: 'accept', reason: null }),
    reject: () => desk.decide({ verdict: 'reject', reason: null }),
    unsure: () => desk.decide({ verdict: 'unsure', reason: null }),
    undo: () => desk.undo(),
    redo: () => desk.redo(),
    next: () => desk.move(1),
    previous: () => desk.move(-1),
    flag: () => desk.flag(),
    tags: () => onDialog({ kind: 'tags' }),
    note: () => onDialog({ kind: 'note' }),
    keys: () => onDialog({ kind: 'keys' }),
    references: () => onDialog({ kind: 'references', of: 'searched' }),
    'predicted-references': () => onDialog({ kind: 'references', of: 'predicted' }),
    view: () => toGrid(''),
    filter: () => toGrid('#filter'),
    heatmap: onHeat,
    crops: onCrops,
    zoom: () => zoom.hold(),
    fit: () => zoom.fit(),
  };
  const run = (command: Command): void => {
    const index = reasonIndexOf(command);
    if (index === null) acts[command]?.();
    else rejectFor(desk, index, onDialog);
  };
  useKeys('single', { run, onRelease: (key) => zoom.release(key) });
  return run;
}

function rejectFor(desk: SingleDesk, index: number, onDialog: CommandOptions['onDialog']): void {
  const reason = desk.session.setup.reasons[index];
  const { photo } = desk;
  if (reason === undefined || photo === null) return;
  desk.decide({ verdict: 'reject', reason });
  if (reason === 'in-distribution') {
    onDialog({ kind: 'seen', subject: { sha256: photo.sha256, wnid: photo.wnid } });
  }
}
