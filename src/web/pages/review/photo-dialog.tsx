import type { Subject } from '../../../core/review/events/event.ts';
import type { PhotoFacets } from '../../../core/review/desk/facets.ts';
import { countOf, tagText } from '../../../core/kernel/texts.ts';
import { useAnswer } from '../answers.ts';
import { AlsoDialog } from './also-dialog.tsx';
import type { Desk } from './desk.ts';
import { Dialog, FormDialog } from './dialog.tsx';
import { GridFilterDialog } from './grid/grid-filter.tsx';
import { GuideLink } from './guide-link.tsx';
import { COMMAND_NAMES, KEY_COMMANDS, isIn, keysOf, keyText, reasonOf, type KeyCommand } from './keys.ts';
import { MoreSheet, ReasonSheet } from './sheets.tsx';
import { REASON_TEXTS } from './words.ts';

export function PhotoDialog({ desk, facets }: { readonly desk: Desk; readonly facets: PhotoFacets | null }) {
  const dialog = desk.dialog.value;
  if (dialog === null) return null;
  const { kind, subjects } = dialog;
  if (kind === 'keys') return <KeysDialog desk={desk} />;
  if (kind === 'filter') return <GridFilterDialog desk={desk} facets={facets} />;
  if (kind === 'also') return <AlsoDialog desk={desk} subjects={subjects} />;
  if (kind === 'note') return <NoteDialog desk={desk} subjects={subjects} />;
  if (kind === 'reasons') return <ReasonSheet desk={desk} />;
  if (kind === 'more') return <MoreSheet desk={desk} />;
  return kind === 'tags' ? <TagsDialog desk={desk} subjects={subjects} /> : null;
}

interface FieldsProps {
  readonly desk: Desk;
  readonly subjects: readonly Subject[];
}

/** For several photos, an empty field leaves their notes unchanged. */
function NoteDialog({ desk: { store, closeDialog }, subjects }: FieldsProps) {
  const photos = countOf(subjects.length, 'photo');
  const [first, ...others] = subjects;
  const before = first === undefined || others.length > 0 ? '' : (store.cache.photo(first)?.mine.note ?? '');
  const title = others.length === 0 ? 'Note' : `Note on ${photos}`;
  const save = (form: HTMLFormElement): void => {
    const note = (form.querySelector('textarea')?.value ?? before).trim();
    if (note === before) return;
    store.record({ kind: 'note', subjects, value: { note } });
    store.say(`Note on ${photos} saved`);
  };
  return (
    <FormDialog title={title} onSave={save} onClose={closeDialog}>
      <textarea rows={4} defaultValue={before} maxLength={2_000} aria-label={title} autofocus />
    </FormDialog>
  );
}

/** Tags as a list of check boxes. The keys 1 to 9 tick the first nine. A box of a tag that only some photos have is mixed. */
function TagsDialog({ desk: { store, closeDialog }, subjects }: FieldsProps) {
  const { value: isRead, problem } = useAnswer(async () => store.load(subjects).then(() => true));
  const photos = subjects.flatMap((subject) => store.cache.photo(subject) ?? []);
  if (photos.length < subjects.length && isRead === null) {
    return (
      <Dialog title="Tags" onClose={closeDialog}>
        <p role="status">{problem ?? 'Reading the photos …'}</p>
      </Dialog>
    );
  }
  const tagsOf = photos.map(({ mine }) => mine.tags);
  const save = (form: HTMLFormElement): void => {
    const boxes = [...form.querySelectorAll('input')].filter(({ indeterminate }) => !indeterminate);
    const changes = tagChanges(photos, new Map(boxes.map(({ name, checked }) => [name, checked])));
    for (const { subjects: changed, tags } of changes)
      store.record({ kind: 'tag', subjects: changed, value: { tags } });
    const count = changes.reduce((sum, change) => sum + change.subjects.length, 0);
    if (count > 0) store.say(`Tags of ${countOf(count, 'photo')} saved`);
  };
  return (
    <FormDialog title="Tags" onSave={save} onKey={tick} onClose={closeDialog}>
      <ul class="ticks">
        {[...new Set([...store.setup.tags, ...tagsOf.flat()])].map((tag, i) => (
          <TagBox key={tag} tag={tag} place={i} shares={tagsOf.map((tags) => tags.includes(tag))} />
        ))}
      </ul>
    </FormDialog>
  );
}

function tick(key: string, form: HTMLFormElement): void {
  if (/^[1-9]$/.test(key)) form.querySelectorAll('input')[Number(key) - 1]?.click();
}

interface TagBoxProps {
  readonly tag: string;
  readonly place: number;
  readonly shares: readonly boolean[];
}

function TagBox({ tag, place, shares }: TagBoxProps) {
  const isSome = shares.includes(true);
  const isMixed = isSome && shares.includes(false);
  return (
    <li>
      <label>
        <input
          type="checkbox"
          name={tag}
          defaultChecked={isSome && !isMixed}
          indeterminate={isMixed}
          autofocus={place === 0}
        />
        {tagText(tag)} {place < 9 ? <kbd aria-hidden="true">{place + 1}</kbd> : null}
      </label>
    </li>
  );
}

interface TagChange {
  readonly subjects: readonly Subject[];
  readonly tags: readonly string[];
}

/** @param ticked the tags that every photo has (true) or lacks (false) afterwards */
export function tagChanges(
  photos: readonly (Subject & { readonly mine: { readonly tags: readonly string[] } })[],
  ticked: ReadonlyMap<string, boolean>,
): TagChange[] {
  const added = [...ticked].filter(([, isOn]) => isOn).map(([tag]) => tag);
  const groups = new Map<string, { readonly subjects: Subject[]; readonly tags: readonly string[] }>();
  for (const { sha256, wnid, mine } of photos) {
    const tags = [...new Set([...mine.tags.filter((tag) => ticked.get(tag) !== false), ...added])];
    const key = keyOf(tags);
    if (key === keyOf(mine.tags)) continue;
    const group = groups.get(key) ?? { subjects: [], tags };
    group.subjects.push({ sha256, wnid });
    groups.set(key, group);
  }
  return [...groups.values()];
}

const keyOf = (tags: readonly string[]): string => JSON.stringify(tags.toSorted());

function KeysDialog({ desk }: { readonly desk: Desk }) {
  const { reasons } = desk.store.setup;
  const view = desk.page === 'grid' ? 'grid' : 'single';
  const isShown = (command: KeyCommand): boolean => isIn(command, view) && desk.isOffered(command);
  return (
    <Dialog title="Keys" kind="keys" onClose={desk.closeDialog}>
      <ul>
        {COMMAND_NAMES.filter(isShown).map((command) => {
          const reason = reasonOf(command, reasons);
          return (
            <li key={command}>
              <span>{reason === undefined ? KEY_COMMANDS[command].text : `Reject: ${REASON_TEXTS[reason]}`}</span>
              <span>
                {keysOf(command).map((key) => (
                  <kbd key={key}>{keyText(key)}</kbd>
                ))}
              </span>
            </li>
          );
        })}
      </ul>
      <GuideLink />
    </Dialog>
  );
}
