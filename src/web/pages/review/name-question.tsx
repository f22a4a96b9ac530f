import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { countOf } from '../../../core/kernel/texts.ts';
import { Dialog } from './dialog.tsx';
import { GuideLink } from './guide-link.tsx';
import { errorText, type ReviewApi } from './store/api.ts';
import type { ReviewStore } from './store/review-store.ts';

interface NameQuestionProps {
  readonly title: string;
  readonly api: ReviewApi;
  readonly onNamed: () => void;
  readonly children: ComponentChildren;
}

export function NameQuestion({ title, api, onNamed, children }: NameQuestionProps) {
  return (
    <main class="ask">
      <h1>{title}</h1>
      <p class="quiet">{children}</p>
      <NameForm button="Start" onName={async (name) => api.setReviewer(name).then(onNamed)} />
      <GuideLink />
    </main>
  );
}

interface NameFormProps {
  readonly button: string;
  readonly onName: (name: string) => Promise<void>;
}

function NameForm({ button, onName }: NameFormProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const send = async (name: string): Promise<void> => {
    try {
      await onName(name);
    } catch (error) {
      setProblem(errorText(error));
    }
  };
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const name = new FormData(event.currentTarget).get('name');
          if (typeof name === 'string') void send(name.trim());
        }}
      >
        <label>
          Name <input name="name" required maxLength={100} autoComplete="nickname" autofocus />
        </label>
        <button class="chosen">{button}</button>
      </form>
      <p role="alert" class="trouble">
        {problem}
      </p>
    </>
  );
}

/** The reviewer's name in the head of a page. On a server without tokens it is a button that changes the name. */
export function ReviewerName({ store }: { readonly store: ReviewStore }) {
  const [isOpen, setIsOpen] = useState(false);
  const { reviewer, mayRename } = store.setup;
  const unsent = store.outbox?.waiting.value.length ?? 0;
  if (reviewer === null || !mayRename) return <span class="quiet reviewer">{reviewer}</span>;
  return (
    <>
      <button type="button" class="plain reviewer" title="Change the name" onClick={() => setIsOpen(true)}>
        {reviewer}
      </button>
      {isOpen ? (
        <Dialog title="Who reviews?" kind="ask" onClose={() => setIsOpen(false)}>
          <p class="quiet">
            Verdicts from now on are stored under the new name, those before under {reviewer}.{' '}
            {unsent === 0
              ? null
              : `${countOf(unsent, 'action')} not sent yet: this browser sends them when you are ${reviewer} again.`}
          </p>
          <NameForm button="Change" onName={async (name) => store.rename(name)} />
        </Dialog>
      ) : null}
    </>
  );
}
