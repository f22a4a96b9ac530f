import { renewWhile } from '../renew.ts';

/** Renews the banner at the top; once the report is computed, the whole page. */
renewWhile('.stale[data-running]', (page) => {
  const fresh = page.querySelector('.stale');
  if (fresh?.hasAttribute('data-running') === true) document.querySelector('.stale')?.replaceWith(fresh);
  else location.reload();
});
