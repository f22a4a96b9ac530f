import { totalsOf } from './classes-bar.tsx';
import { CommandButton } from './action-bar.tsx';
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
  const { session, photo } = desk;
  const { shelf, setup, collection } = session;
  const { classes } = shelf;
  const counted = classes.filter(({ wnid }) => photo === null || wnid === photo.wnid);
  const open = `${totalsOf(counted).open} open`;
  return (
    <HeaderBar
      session={session}
      place={<a href={hrefOf(collection, 'classes')}>{placeText(desk)}</a>}
      classes={counted}
      detail={photo === null ? open : `${open} · this confusion ${shelf.acceptedOf(photo)} of ${setup.cap}`}
    >
      {desk.isForDisputes ? null : <OrderChip desk={desk} onView={onView} />}
      <a class="chip" href={hrefOf(collection, 'grid', desk.gridView)}>
        Grid <kbd aria-hidden="true">{keyHint('view')}</kbd>
      </a>
      <CommandButton command="keys" kind="chip wide" onCommand={onCommand}>
        Keys
      </CommandButton>
    </HeaderBar>
  );
}

function placeText({ session, photo, place, isForDisputes }: SingleDesk): string {
  const { classes } = session.shelf;
  if (isForDisputes) return place.of === 0 ? 'disputes' : `dispute ${place.at} of ${place.of}`;
  const position = classes.findIndex(({ wnid }) => wnid === photo?.wnid);
  return position === -1 ? `${classes.length} classes` : `class ${position + 1} of ${classes.length}`;
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
