import type { Desk } from './desk.ts';
import { Dialog } from './dialog.tsx';
import { KEY_COMMANDS, REJECTS, isIn, type KeyCommand } from './keys.ts';
import { REASON_TEXTS } from './words.ts';

type Commands = readonly (readonly [command: KeyCommand, text: string])[];

interface SheetProps {
  readonly desk: Desk;
  readonly title: string;
  readonly commands: Commands;
}

/** Commands as large buttons, at the lower edge of the window. */
function Sheet({ desk, title, commands }: SheetProps) {
  const view = desk.page === 'grid' ? 'grid' : 'single';
  const run = (command: KeyCommand): void => {
    desk.closeDialog();
    desk.run(command);
  };
  return (
    <Dialog title={title} kind="sheet" onClose={desk.closeDialog}>
      <div class="commands">
        {commands.map(([command, text]) =>
          isIn(command, view) && desk.isOffered(command) ? (
            <button key={command} type="button" onClick={() => run(command)}>
              {text}
            </button>
          ) : null,
        )}
      </div>
    </Dialog>
  );
}

export function ReasonSheet({ desk }: { readonly desk: Desk }) {
  const reasons = desk.store.setup.reasons.map((reason, i) => [REJECTS[i] ?? 'reject', REASON_TEXTS[reason]] as const);
  return <Sheet desk={desk} title="Reject, because" commands={[['reject', 'without a reason'], ...reasons]} />;
}

/** Commands without a place in the bar of a small screen. */
const MORE: Commands = (
  ['redo', 'flag', 'also', 'tags', 'note', 'view', 'heatmap', 'crops', 'fit', 'filter', 'keys'] as const
).map((command) => [command, KEY_COMMANDS[command].text]);

export function MoreSheet({ desk }: { readonly desk: Desk }) {
  return <Sheet desk={desk} title="More" commands={MORE} />;
}
