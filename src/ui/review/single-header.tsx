import { totalsOf } from './classes-bar.tsx';
import { HeaderBar } from './frame.tsx';
import { keyHint, type Command } from './keys.ts';
import type { SingleDesk } from './single-desk.ts';
import { hrefOf, type ReviewView } from './view-url.ts';
import { ORDER_TEXTS } from './words.ts';

interface HeaderProps {
  readonly desk: SingleDesk;
  readonly onView: (view: ReviewView) => void;
  readonly onCommand: (command: Command) => void;
}

/** Where the reviewer is, how far the class is, and in which order photos come. */
export function SingleHeader({ desk, onView, onCommand }: HeaderProps) {
  const { session, photo, view } = desk;
  const { shelf, setup, collection } = session;
  const { classes } = shelf;
  const position = classes.findIndex(({ wnid }) => wnid === photo?.wnid);
  const counted = photo === null ? classes : classes.slice(position, position + 1);
  const open = `${totalsOf(counted).open} open`;
  return (
    <HeaderBar
      session={session}
      place={
        <a href={hrefOf(collection, 'classes')}>
          {position === -1 ? `${classes.length} classes` : `class ${position + 1} of ${classes.length}`}
        </a>
      }
      classes={counted}
      detail={photo === null ? open : `${open} · this confusion ${shelf.acceptedOf(photo)} of ${setup.cap}`}
    >
      <OrderChip desk={desk} onView={onView} />
      <a class="chip" href={hrefOf(collection, 'grid', view)}>
        Grid <kbd aria-hidden="true">{keyHint('view')}</kbd>
      </a>
      <button
        type="button"
        class="chip wide"
        onMouseDown={(event) => event.preventDefault()}
        onClick={() => onCommand('keys')}
      >
        Keys <kbd aria-hidden="true">{keyHint('keys')}</kbd>
      </button>
    </HeaderBar>
  );
}

function OrderChip({ desk: { session, order, view }, onView }: Omit<HeaderProps, 'onCommand'>) {
  const { orders } = session.setup;
  return (
    <label class="chip wide">
      Order:{' '}
      <select
        value={order}
        onChange={({ currentTarget }) => {
          const chosen = orders.find((one) => one === currentTarget.value);
          if (chosen !== undefined) onView({ ...view, order: chosen, photo: undefined });
          // Keys are for the page again.
          currentTarget.blur();
        }}
      >
        {orders.map((one) => (
          <option key={one} value={one}>
            {ORDER_TEXTS[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
