import { ActionBar } from './action-bar.tsx';
import { HeaderBar } from './frame.tsx';
import type { PageProps } from './page-props.ts';
import { useSession } from './use-session.ts';

export function Single({ session }: PageProps) {
  useSession(session);
  return (
    <main>
      <HeaderBar session={session} place="" accepted={0} target={null} detail="">
        {null}
      </HeaderBar>
      <ActionBar session={session} own={null} isReady={false} onCommand={() => {}} />
    </main>
  );
}
