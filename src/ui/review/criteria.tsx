import { useState } from 'preact/hooks';
import { messageOf } from './store/api.ts';
import type { ReviewSession } from './store/session.ts';

interface CriteriaProps {
  readonly session: ReviewSession;
  /** The question about each photo; `null` if the criteria contain it. */
  readonly question: string | null;
}

export function Criteria({ session, question }: CriteriaProps) {
  const [isOpen, setIsOpen] = useState(false);
  const { criteria, mayReview } = session.setup;
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
      {isOpen ? (
        <CriteriaForm session={session} onClose={() => setIsOpen(false)} />
      ) : (
        <p class="quiet text">{criteria}</p>
      )}
    </section>
  );
}

function CriteriaForm({ session, onClose }: { readonly session: ReviewSession; readonly onClose: () => void }) {
  const [problem, setProblem] = useState('');
  const save = async (form: HTMLFormElement): Promise<void> => {
    try {
      const criteria = (form.querySelector('textarea')?.value ?? '').trim();
      await session.api.setCriteria(criteria);
      session.setup = { ...session.setup, criteria };
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
    >
      <textarea
        rows={6}
        aria-label="What counts"
        defaultValue={session.setup.criteria}
        autofocus
        onKeyDown={({ key }) => (key === 'Escape' ? onClose() : undefined)}
      />
      <p class="choices">
        <button class="chosen">Save</button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </p>
      <p role="alert" class="trouble">
        {problem}
      </p>
    </form>
  );
}
