import type { Judgement } from '../../review/events/event.ts';
import { judgementOf, type Command } from './keys.ts';
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
  const toGrid = (hash: string): void => location.assign(hrefOf(desk.session.collection, 'grid', desk.gridView) + hash);
  const acts: Partial<Record<Command, () => void>> = {
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
    const judgement = judgementOf(command, desk.session.setup.reasons);
    if (judgement === null) acts[command]?.();
    else decide(desk, judgement, onDialog);
  };
  useKeys('single', { run, onRelease: (key) => zoom.release(key) });
  return run;
}

function decide(desk: SingleDesk, judgement: Judgement, onDialog: CommandOptions['onDialog']): void {
  const { photo } = desk;
  if (photo === null) return;
  desk.decide(judgement);
  if (judgement.reason === 'in-distribution')
    onDialog({ kind: 'seen', subject: { sha256: photo.sha256, wnid: photo.wnid } });
}
