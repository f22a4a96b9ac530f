import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from './store/api.ts';
import type { ReviewStore } from './store/review-store.ts';

interface CriteriaProps {
  readonly store: ReviewStore;
  /** The question about each photo; `null` if the criteria contain it. */
  readonly question: string | null;
}

export function Criteria({ store, question }: CriteriaProps) {
  const [isOpen, setIsOpen] = useState(false);
  const { criteria, mayReview } = store.setup;
  return (
    <section class="criteria">
      <h2>
        What counts
        {mayReview && !isOpen ? (
          <button type="button" class="plain" aria-label="edit what counts" onClick={() => setIsOpen(true)}>
            edit
          </button>
        ) : null}
      </h2>
      {question === null ? null : <p class="question">{question}</p>}
      {isOpen ? <CriteriaForm store={store} onClose={() => setIsOpen(false)} /> : <p class="quiet text">{criteria}</p>}
    </section>
  );
}

function CriteriaForm({ store, onClose }: { readonly store: ReviewStore; readonly onClose: () => void }) {
  const [problem, setProblem] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const save = async (form: HTMLFormElement): Promise<void> => {
    try {
      const criteria = (form.querySelector('textarea')?.value ?? '').trim();
      await store.api.setCriteria(criteria);
      store.setup = { ...store.setup, criteria };
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save(event.currentTarget);
      }}
      onKeyDown={({ key, ctrlKey, repeat, isComposing, currentTarget }) => {
        if (isComposing || repeat) return;
        if (key === 'Escape') onClose();
        else if (key === 'Enter' && ctrlKey) currentTarget.requestSubmit();
      }}
    >
      <textarea ref={field} rows={6} aria-label="What counts" defaultValue={store.setup.criteria} />
      <p class="choices">
        <button class="chosen">Save</button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <small>Ctrl Enter saves, Escape discards</small>
      </p>
      <p role="alert" class="trouble">
        {problem}
      </p>
    </form>
  );
}
