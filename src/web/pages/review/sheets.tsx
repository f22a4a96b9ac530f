import type { Desk } from './desk.ts';
import { Dialog } from './dialog.tsx';
import { COMMAND_NAMES, REJECTS, isIn, type KeyCommand } from './keys.ts';
import { REASON_TEXTS } from './words.ts';

/** Commands without a place in the bar of a small screen. */
const MORE: Readonly<Partial<Record<KeyCommand, string>>> = {
  redo: 'Redo',
  flag: 'Flag',
  also: 'Other classes',
  tags: 'Tags',
  note: 'Note',
  fit: 'Fit the photo',
  crops: 'Crops',
  heatmap: 'Heatmap',
  filter: 'Filter',
  view: 'Grid or single',
  keys: 'Keys',
};

interface SheetProps {
  readonly desk: Desk;
  readonly title: string;
  readonly texts: Readonly<Partial<Record<KeyCommand, string>>>;
}

/** Commands as large buttons, at the lower edge of the window. */
function Sheet({ desk, title, texts }: SheetProps) {
  const view = desk.page === 'grid' ? 'grid' : 'single';
  const run = (command: KeyCommand): void => {
    desk.closeDialog();
    desk.run(command);
  };
  return (
    <Dialog title={title} kind="sheet" onClose={desk.closeDialog}>
      <div class="commands">
        {COMMAND_NAMES.filter((command) => command in texts && isIn(command, view) && desk.isOffered(command)).map(
          (command) => (
            <button key={command} type="button" onClick={() => run(command)}>
              {texts[command]}
            </button>
          ),
        )}
      </div>
    </Dialog>
  );
}

export function ReasonSheet({ desk }: { readonly desk: Desk }) {
  const reasons = desk.store.setup.reasons.map((reason, i) => [REJECTS[i], REASON_TEXTS[reason]] as const);
  return (
    <Sheet desk={desk} title="Reject, because" texts={{ reject: 'without a reason', ...Object.fromEntries(reasons) }} />
  );
}

export function MoreSheet({ desk }: { readonly desk: Desk }) {
  return <Sheet desk={desk} title="More" texts={MORE} />;
}
