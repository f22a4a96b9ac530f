import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { errorText } from './store/api.ts';
import type { ReviewStore } from './store/review-store.ts';

interface CriteriaProps {
  readonly store: ReviewStore;
  /** The question about each photo; `null` if the criteria contain it. */
  readonly question: string | null;
}

export function Criteria({ store, question }: CriteriaProps) {
  const { draft, criteria } = store;
  const isOpen = draft.value !== null;
  return (
    <section class="criteria">
      <h2>
        What counts
        {store.setup.mayReview && !isOpen ? (
          <button
            type="button"
            class="plain"
            aria-label="edit what counts"
            onClick={() => (draft.value = criteria.value)}
          >
            edit
          </button>
        ) : null}
      </h2>
      {question === null ? null : <p class="question">{question}</p>}
      {isOpen ? (
        <CriteriaForm store={store} onClose={() => (draft.value = null)} />
      ) : (
        <p class="quiet text">{criteria.value}</p>
      )}
    </section>
  );
}

function CriteriaForm({ store, onClose }: { readonly store: ReviewStore; readonly onClose: () => void }) {
  const [problem, setProblem] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  const save = async (): Promise<void> => {
    try {
      const criteria = (store.draft.value ?? '').trim();
      await store.api.setCriteria(criteria);
      store.criteria.value = criteria;
      onClose();
    } catch (error) {
      setProblem(errorText(error));
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={({ key, ctrlKey, metaKey, repeat, isComposing, currentTarget }) => {
        if (isComposing || repeat) return;
        if (key === 'Escape') onClose();
        else if (key === 'Enter' && (ctrlKey || metaKey)) currentTarget.requestSubmit();
      }}
    >
      <textarea
        ref={field}
        rows={6}
        aria-label="What counts"
        defaultValue={store.draft.peek() ?? ''}
        onInput={({ currentTarget }) => (store.draft.value = currentTarget.value)}
      />
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
